import { type Context, command } from '../command.ts';
import { PlatformError, type PlatformErrorCode } from '../errors.ts';
import {
  applicationParams,
  findApplication,
  needApplication,
  needRule,
  numbersOf,
  pageOf,
  several,
  visibleApplications,
  visibleRules,
  visibleScenarios,
} from '../objects.ts';
import { flag, forbidden, id, ids, line, list, otherwise, paging, required, text } from '../params.ts';
import type { PlatformScenario } from '../ports.ts';
import { isStorageError, takenAs } from '../storage-errors.ts';
import { ruleViews } from './rule-views.ts';

/** Scenarios that one rule runs, one after the other, in one context. */
export const MAX_RULE_SCENARIOS = 50;
/** A regular expression that is tried for every call. */
const MAX_PATTERN = 512;

const page = 'rules';
const noVideo = forbidden('calls have no video', ['false', '0']);
const noKey = forbidden('scenarios have no VoximplantAPI module');
const exclude = text({ code: 149, max: MAX_PATTERN, keepEmpty: true });
const missing = 'no video conferences; no key for the scenario; patterns have at most 512 characters';

export const rules = [
  command({
    name: 'AddRule',
    summary: 'Makes a rule, which comes after the others of its application.',
    scope: 'scenarios:write',
    page,
    missing,
    params: {
      ...applicationParams,
      rule_name: required(line({ code: 156, max: 99 })),
      rule_pattern: required(text({ code: 148, max: MAX_PATTERN })),
      rule_pattern_exclude: exclude,
      scenario_id: ids(132),
      scenario_name: list(168),
      video_conference: noVideo,
      bind_key_id: noKey,
    },
    run: async (context, args) => {
      const application = await needApplication(context, args);
      const scenarios =
        args.scenario_id === undefined && args.scenario_name === undefined
          ? []
          : await usableScenarios(context, application.id, args);
      if (scenarios.length > MAX_RULE_SCENARIOS) throw new PlatformError(419);
      const made = await patterns(args, () =>
        context.directory.addRule({
          applicationId: application.id,
          name: args.rule_name,
          pattern: args.rule_pattern,
          exclude: args.rule_pattern_exclude ?? '',
          scenarioIds: scenarios.map((one) => one.id),
        }),
      );
      const number = await numbersOf(context, 'rule', [made]);
      return { result: 1, rule_id: number(made) };
    },
  }),

  command({
    name: 'DelRule',
    summary: 'Removes rules.',
    scope: 'scenarios:write',
    page,
    params: {
      rule_id: ids(147),
      rule_name: list(156),
      application_id: ids(116),
      application_name: list(116),
    },
    run: async (context, args) => {
      const within =
        args.application_id === undefined && args.application_name === undefined
          ? undefined
          : await several(
              context,
              'application',
              await visibleApplications(context),
              { ids: args.application_id, names: args.application_name },
              116,
            );
      const all = (await visibleRules(context)).filter(
        (rule) => within === undefined || within.some((one) => one.id === rule.applicationId),
      );
      const found = await several(context, 'rule', all, { ids: args.rule_id, names: args.rule_name }, 147);
      await context.directory.removeRules(found.map((one) => one.id));
      return { result: 1 };
    },
  }),

  command({
    name: 'SetRuleInfo',
    summary: 'Changes the name or the patterns of a rule.',
    scope: 'scenarios:write',
    page,
    missing,
    params: {
      rule_id: required(id(147)),
      rule_name: line({ code: 156, max: 99 }),
      rule_pattern: text({ code: 148, max: MAX_PATTERN }),
      rule_pattern_exclude: exclude,
      video_conference: noVideo,
      bind_key_id: noKey,
    },
    run: async (context, args) => {
      const rule = await needRule(context, { rule_id: args.rule_id });
      const { rule_name: name, rule_pattern: pattern, rule_pattern_exclude: excluded } = args;
      await patterns(args, () =>
        context.directory.changeRule(rule.id, {
          ...(name === undefined ? {} : { name }),
          ...(pattern === undefined ? {} : { pattern }),
          ...(excluded === undefined ? {} : { exclude: excluded }),
        }),
      );
      return { result: 1 };
    },
  }),

  command({
    name: 'GetRules',
    summary: 'The rules of an application, in the order in which they are tried.',
    scope: 'scenarios:read',
    page,
    params: {
      ...applicationParams,
      rule_id: id(147),
      rule_name: line(),
      video_conference: forbidden('calls have no video', ['false', '0']),
      attached_key_id: noKey,
      template: line({ note: 'a part of the name' }),
      with_scenarios: otherwise(flag(), false),
      ...paging,
    },
    run: async (context, args) => {
      const application = await findApplication(context, args);
      const all = (await visibleRules(context)).filter(
        (one) => application === undefined || one.applicationId === application.id,
      );
      const wanted =
        args.rule_id === undefined ? undefined : await needRule(context, { rule_id: args.rule_id });
      const part = args.template?.toLowerCase();
      const matching = all.filter(
        (one) =>
          (wanted === undefined || one.id === wanted.id) &&
          (args.rule_name === undefined || one.name === args.rule_name) &&
          (part === undefined || one.name.toLowerCase().includes(part)),
      );
      const { items, ...counts } = pageOf(matching, args);
      return { result: await ruleViews(context, items, args.with_scenarios), ...counts };
    },
  }),

  command({
    name: 'ReorderRules',
    summary: 'Puts rules of one application into this order; those that are not named keep their places.',
    scope: 'scenarios:write',
    page,
    params: { rule_id: required(ids(147)) },
    run: async (context, args) => {
      const all = await visibleRules(context);
      const found = await several(context, 'rule', all, { ids: args.rule_id, names: undefined }, 147);
      if (new Set(found.map((one) => one.applicationId)).size > 1) throw new PlatformError(147);
      await context.directory.orderRules(found.map((one) => one.id));
      return { result: 1 };
    },
  }),
];

/** Scenarios that a rule of the application may run: its own, and shared ones. */
export async function usableScenarios(
  context: Context,
  applicationId: string,
  asked: {
    readonly scenario_id: 'all' | readonly number[] | undefined;
    readonly scenario_name: readonly string[] | undefined;
  },
): Promise<readonly PlatformScenario[]> {
  const usable = (await visibleScenarios(context)).filter(
    (one) => one.applicationId === undefined || one.applicationId === applicationId,
  );
  // Its own comes before a shared one of the same name.
  const named = usable.filter(
    (one) =>
      one.applicationId !== undefined ||
      !usable.some((other) => other.applicationId !== undefined && other.name === one.name),
  );
  const all = asked.scenario_id === undefined ? named : usable;
  return await several(
    context,
    'scenario',
    all,
    { ids: asked.scenario_id, names: asked.scenario_name },
    asked.scenario_id === undefined && asked.scenario_name !== undefined ? 168 : 132,
  );
}

/** Says which of the two patterns is not one that may be tried for every call. */
async function patterns<T>(
  args: { readonly rule_pattern_exclude: string | undefined },
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await takenAs(175, write);
  } catch (error) {
    if (!isStorageError(error, 'entry/invalid')) throw error;
    const excluded =
      args.rule_pattern_exclude !== undefined && error.detail?.startsWith('The excluded') === true;
    const code: PlatformErrorCode = excluded ? 149 : 148;
    throw new PlatformError(code, error.detail === undefined ? {} : { detail: error.detail }, {
      cause: error,
    });
  }
}
