import { type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import {
  applicationParams,
  byNumber,
  findApplication,
  needRule,
  numbersOf,
  pageOf,
  several,
  visibleScenarios,
} from '../objects.ts';
import { flag, id, ids, line, list, otherwise, paging, required, text } from '../params.ts';
import type { PlatformApplication, PlatformScenario } from '../ports.ts';
import { takenAs } from '../storage-errors.ts';
import { scenarioViews } from './rule-views.ts';
import { MAX_RULE_SCENARIOS, usableScenarios } from './rules.ts';

/** Characters of a script (voximplant.com/docs/guides/voxengine/limits). */
const MAX_SOURCE = 256 * 1024;
const MAX_SCENARIOS = 5_000;
/** Scripts in one answer; each may have a quarter of a megabyte. */
const MAX_SCRIPTS = 20;

const page = 'scenarios';
const script = () => text({ code: 130, max: MAX_SOURCE, keepEmpty: true });
const namedRule = { rule_id: id(147), rule_name: line({ code: 147 }) };

export const scenarios = [
  command({
    name: 'AddScenario',
    summary: 'Makes a scenario; without an application it is shared by all of them.',
    scope: 'scenarios:write',
    page,
    params: {
      scenario_name: required(line({ code: 168, max: 128 })),
      scenario_script: otherwise(script(), ''),
      ...namedRule,
      rewrite: otherwise(flag(), false),
      ...applicationParams,
    },
    run: async (context, args) => {
      const application = await applicationOfNew(context, args);
      const rule =
        args.rule_id === undefined && args.rule_name === undefined
          ? undefined
          : await needRule(context, args, application);
      if (rule !== undefined && application !== undefined && rule.applicationId !== application.id) {
        throw new PlatformError(147);
      }
      if ((await context.directory.scenarios()).length >= MAX_SCENARIOS) throw new PlatformError(418);
      if (rule !== undefined && rule.scenarioIds.length >= MAX_RULE_SCENARIOS) throw new PlatformError(419);
      const made = await takenAs(133, () =>
        context.directory.addScenario({
          applicationId: application?.id,
          name: args.scenario_name,
          source: args.scenario_script,
          rewrite: args.rewrite,
          ruleId: rule?.id,
        }),
      );
      const number = await numbersOf(context, 'scenario', [made]);
      return { result: 1, scenario_id: number(made) };
    },
  }),

  command({
    name: 'DelScenario',
    summary: 'Removes scenarios, from the rules that run them too.',
    scope: 'scenarios:write',
    page,
    params: { scenario_id: ids(132), scenario_name: list(168) },
    run: async (context, args) => {
      const all = await visibleScenarios(context);
      const asked = { ids: args.scenario_id, names: args.scenario_name };
      const found = await several(context, 'scenario', all, asked, 132);
      await context.directory.removeScenarios(found.map((one) => one.id));
      return { result: 1 };
    },
  }),

  command({
    name: 'BindScenario',
    summary: 'Adds scenarios to what a rule runs, or takes them away.',
    scope: 'scenarios:write',
    page,
    params: {
      scenario_id: ids(132),
      scenario_name: list(168),
      ...namedRule,
      ...applicationParams,
      bind: otherwise(flag(), true),
    },
    run: async (context, args) => {
      const rule = await needRule(context, args, await findApplication(context, args));
      const found = (await usableScenarios(context, rule.applicationId, args)).map((one) => one.id);
      const steps = args.bind
        ? [...new Set([...rule.scenarioIds, ...found])]
        : rule.scenarioIds.filter((step) => !found.includes(step));
      if (steps.length > MAX_RULE_SCENARIOS) throw new PlatformError(419);
      await context.directory.setRuleScenarios(rule.id, steps);
      return { result: 1 };
    },
  }),

  command({
    name: 'GetScenarios',
    summary: 'Scenarios, with their script when it is asked for by number or name.',
    scope: 'scenarios:read',
    page,
    params: {
      scenario_id: id(132),
      scenario_name: line(),
      with_script: otherwise(flag(), false),
      ...applicationParams,
      ...paging,
    },
    run: async (context, args) => {
      const application = await findApplication(context, args);
      const all = await visibleScenarios(context);
      const wanted =
        args.scenario_id === undefined
          ? undefined
          : await byNumber(context, 'scenario', all, args.scenario_id);
      if (args.scenario_id !== undefined && wanted === undefined) throw new PlatformError(132);
      const matching = all.filter(
        (one) =>
          (wanted === undefined || one === wanted) &&
          (application === undefined || one.applicationId === application.id) &&
          (args.scenario_name === undefined || one.name === args.scenario_name),
      );
      const { items, ...counts } = pageOf(matching, args);
      const withScript =
        args.with_script &&
        (wanted !== undefined || args.scenario_name !== undefined) &&
        items.length <= MAX_SCRIPTS;
      return { result: await views(context, items, withScript), ...counts };
    },
  }),

  command({
    name: 'SetScenarioInfo',
    summary:
      'Changes the name or the script of a scenario; running sessions go on with what they began with.',
    scope: 'scenarios:write',
    page,
    params: {
      scenario_id: id(132),
      required_scenario_name: line({ code: 132 }),
      scenario_name: line({ code: 168, max: 128 }),
      scenario_script: script(),
    },
    run: async (context, args) => {
      const { scenario_id, required_scenario_name } = args;
      const [scenario] = await several(
        context,
        'scenario',
        await visibleScenarios(context),
        {
          ids: scenario_id === undefined ? undefined : [scenario_id],
          names: required_scenario_name === undefined ? undefined : [required_scenario_name],
        },
        132,
      );
      if (scenario === undefined) throw new PlatformError(132);
      await takenAs(133, () =>
        context.directory.changeScenario(scenario.id, {
          ...(args.scenario_name === undefined ? {} : { name: args.scenario_name }),
          ...(args.scenario_script === undefined ? {} : { source: args.scenario_script }),
        }),
      );
      return { result: 1 };
    },
  }),

  command({
    name: 'ReorderScenarios',
    summary: 'Sets the order in which a rule runs its scenarios; those that are not named come last.',
    scope: 'scenarios:write',
    page,
    params: { ...namedRule, ...applicationParams, scenario_id: required(ids(132)) },
    run: async (context, args) => {
      const rule = await needRule(context, args, await findApplication(context, args));
      const bound = (await visibleScenarios(context)).filter((one) => rule.scenarioIds.includes(one.id));
      const asked = { ids: args.scenario_id, names: undefined };
      const first = (await several(context, 'scenario', bound, asked, 132)).map((one) => one.id);
      await context.directory.setRuleScenarios(rule.id, [...new Set([...first, ...rule.scenarioIds])]);
      return { result: 1 };
    },
  }),
];

/** A key that is bound to an application makes none that others would run. */
async function applicationOfNew(
  context: Context,
  args: { readonly application_id: number | undefined; readonly application_name: string | undefined },
): Promise<PlatformApplication | undefined> {
  const named = await findApplication(context, args);
  if (named === undefined && context.key.applicationId !== undefined) throw new PlatformError(116);
  return named;
}

async function views(context: Context, shown: readonly PlatformScenario[], withScript: boolean) {
  const known = await scenarioViews(context, shown);
  const sources = withScript ? await context.directory.sources(shown.map((one) => one.id)) : new Map();
  return shown.map((one) => ({
    ...known.get(one.id),
    ...(withScript ? { scenario_script: sources.get(one.id) ?? '' } : {}),
  }));
}
