import { type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import {
  byNumber,
  fullName,
  needApplication,
  numbersOf,
  pageOf,
  several,
  shortName,
  visibleApplications,
  visibleRules,
} from '../objects.ts';
import { flag, id, ids, ignored, line, list, otherwise, paging, required } from '../params.ts';
import type { PlatformApplication } from '../ports.ts';
import { takenAs } from '../storage-errors.ts';
import { writeTime } from '../time.ts';
import { ruleViews } from './rule-views.ts';

const MAX_APPLICATIONS = 1_000;
const secure = ignored('recordings are never given to anybody without a key');
const page = 'applications';

export const applications = [
  command({
    name: 'AddApplication',
    summary: 'Makes an application.',
    scope: 'applications:write',
    wholeAccount: true,
    page,
    params: { application_name: required(line({ code: 107 })), secure_record_storage: secure },
    run: async (context, args) => {
      const name = newName(context, args.application_name);
      const there = await context.directory.applications();
      if (there.length >= MAX_APPLICATIONS) throw new PlatformError(108);
      const made = await takenAs(129, () => context.directory.addApplication(name));
      const number = await numbersOf(context, 'application', [made]);
      return {
        result: 1,
        application_id: number(made),
        application_name: fullName(context, name),
        secure_record_storage: true,
      };
    },
  }),

  command({
    name: 'DelApplication',
    summary: 'Removes applications with their rules, scenarios, users and keys; their numbers stay, unbound.',
    scope: 'applications:write',
    wholeAccount: true,
    page,
    params: { application_id: ids(116), application_name: list(116) },
    run: async (context, args) => {
      const all = await visibleApplications(context);
      const names = args.application_name?.map((name) => shortName(context, name));
      const found = await several(context, 'application', all, { ids: args.application_id, names }, 116);
      await context.directory.removeApplications(found.map((one) => one.id));
      return { result: 1 };
    },
  }),

  command({
    name: 'SetApplicationInfo',
    summary: 'Renames an application.',
    scope: 'applications:write',
    page,
    params: {
      application_id: id(116),
      required_application_name: line({ code: 116 }),
      application_name: line({ code: 107 }),
      secure_record_storage: secure,
    },
    run: async (context, args) => {
      const application = await needApplication(context, {
        application_id: args.application_id,
        application_name: args.required_application_name,
      });
      const name =
        args.application_name === undefined ? application.name : newName(context, args.application_name);
      if (name !== application.name) {
        await takenAs(129, () => context.directory.renameApplication(application.id, name));
      }
      return { result: 1, application_name: fullName(context, name), secure_record_storage: true };
    },
  }),

  command({
    name: 'GetApplications',
    summary: 'The applications that the key sees.',
    scope: 'scenarios:read',
    page,
    params: {
      application_id: id(116),
      application_name: line({ note: 'a part of the name' }),
      with_rules: otherwise(flag(), false),
      with_scenarios: otherwise(flag(), false),
      ...paging,
    },
    run: async (context, args) => {
      const all = await visibleApplications(context);
      const part = args.application_name?.toLowerCase();
      const matching =
        args.application_id === undefined
          ? all.filter(
              (one) => part === undefined || fullName(context, one.name).toLowerCase().includes(part),
            )
          : [await byNumber(context, 'application', all, args.application_id)].filter(
              (one) => one !== undefined,
            );
      const { items, ...counts } = pageOf(matching, args);
      return { result: await views(context, items, args), ...counts };
    },
  }),
];

async function views(
  context: Context,
  shown: readonly PlatformApplication[],
  args: { readonly with_rules: boolean; readonly with_scenarios: boolean },
) {
  const number = await numbersOf(
    context,
    'application',
    shown.map((one) => one.id),
  );
  const rules = args.with_rules ? await visibleRules(context) : [];
  return await Promise.all(
    shown.map(async (one) => ({
      application_id: number(one.id),
      application_name: fullName(context, one.name),
      extended_application_name: fullName(context, one.name),
      modified: writeTime(one.modifiedAt),
      secure_record_storage: true,
      ...(args.with_rules
        ? {
            rules: await ruleViews(
              context,
              rules.filter((rule) => rule.applicationId === one.id),
              args.with_scenarios,
            ),
          }
        : {}),
    })),
  );
}

function newName(context: Context, given: string): string {
  const name = shortName(context, given);
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,64}$/.test(name)) throw new PlatformError(107);
  return name;
}
