import { type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import {
  applicationParams,
  byNumber,
  findApplication,
  fullName,
  needApplication,
  numbersOf,
  pageOf,
  several,
  visibleApplications,
  visibleUsers,
} from '../objects.ts';
import {
  flag,
  forbidden,
  id,
  ids,
  ignored,
  line,
  list,
  oneOf,
  otherwise,
  paging,
  required,
  text,
} from '../params.ts';
import type { PlatformUser, UserChange } from '../ports.ts';
import { takenAs } from '../storage-errors.ts';
import { writeTime } from '../time.ts';

/** The cloud begins with 1000. */
const MAX_USERS = 10_000;
const USER_NAME = /^[a-z0-9][a-z0-9_-]{1,49}$/;

const page = 'users';
const accounting = ignored('there are no balances');
const userName = () => text({ code: 122, max: 50, form: USER_NAME });
const displayName = () => line({ code: 157, max: 255, keepEmpty: true });
const password = () => text({ code: 112, max: 128, form: /^.{6,}$/s });
const customData = () => text({ code: 212, max: 8_191, keepEmpty: true });
const named = { user_id: id(117), user_name: line({ code: 117 }) };

export const users = [
  command({
    name: 'AddUser',
    summary: 'Makes a SIP account; its name is unique in the installation.',
    scope: 'users:write',
    page,
    missing: 'no balances',
    params: {
      user_name: required(userName()),
      user_display_name: otherwise(displayName(), ''),
      user_password: required(password()),
      ...applicationParams,
      parent_accounting: accounting,
      user_active: otherwise(flag(), true),
      user_custom_data: otherwise(customData(), ''),
    },
    run: async (context, args) => {
      const application = await needApplication(context, args);
      if ((await context.directory.users()).length >= MAX_USERS) throw new PlatformError(109);
      const made = await takenAs(118, () =>
        context.directory.addUser({
          applicationId: application.id,
          name: args.user_name,
          ha1: context.digest(args.user_name, args.user_password),
          displayName: args.user_display_name,
          customData: args.user_custom_data,
          active: args.user_active,
        }),
      );
      const number = await numbersOf(context, 'user', [made]);
      return { result: 1, user_id: number(made) };
    },
  }),

  command({
    name: 'DelUser',
    summary: 'Removes SIP accounts and the registrations of their phones.',
    scope: 'users:write',
    page,
    params: { user_id: ids(117), user_name: list(117), ...applicationParams },
    run: async (context, args) => {
      const all = await usersOf(context, args);
      const asked = { ids: args.user_id, names: args.user_name };
      const found = await several(context, 'user', all, asked, 117);
      await context.directory.removeUsers(found.map((one) => one.id));
      return { result: 1 };
    },
  }),

  command({
    name: 'SetUserInfo',
    summary:
      'Changes a SIP account. A new name needs the password, too: only digests of both together are kept.',
    scope: 'users:write',
    page,
    missing: 'no balances; a new name only with the password',
    params: {
      ...named,
      ...applicationParams,
      new_user_name: userName(),
      user_display_name: displayName(),
      user_password: password(),
      parent_accounting: accounting,
      user_active: flag(),
      user_custom_data: customData(),
    },
    run: async (context, args) => {
      const user = await needUser(context, args);
      const { new_user_name: name, user_password: secret } = args;
      if (name !== undefined && name !== user.name && secret === undefined) {
        throw new PlatformError(485, { parameter: 'user_password' });
      }
      const change: UserChange = {
        ...(name === undefined ? {} : { name }),
        ...(secret === undefined ? {} : { ha1: context.digest(name ?? user.name, secret) }),
        ...(args.user_display_name === undefined ? {} : { displayName: args.user_display_name }),
        ...(args.user_custom_data === undefined ? {} : { customData: args.user_custom_data }),
        ...(args.user_active === undefined ? {} : { active: args.user_active }),
      };
      await takenAs(118, () => context.directory.changeUser(user.id, change));
      return { result: 1 };
    },
  }),

  command({
    name: 'GetUsers',
    summary: 'SIP accounts.',
    scope: 'users:read',
    page,
    missing: 'no balances, skills and queues',
    params: {
      ...applicationParams,
      ...named,
      user_active: flag(),
      user_display_name: line({ note: 'a part of it' }),
      skill_id: forbidden('there is no contact centre'),
      excluded_skill_id: forbidden('there is no contact centre'),
      acd_queue_id: forbidden('there is no contact centre'),
      excluded_acd_queue_id: forbidden('there is no contact centre'),
      with_skills: ignored('there is no contact centre'),
      with_queues: ignored('there is no contact centre'),
      acd_status: forbidden('there is no contact centre'),
      order_by: otherwise(oneOf(['user_name', 'user_id', 'user_display_name']), 'user_name'),
      return_live_balance: accounting,
      ...paging,
    },
    run: async (context, args) => {
      const all = await usersOf(context, args);
      const wanted =
        args.user_id === undefined && args.user_name === undefined
          ? undefined
          : await findUser(context, all, args);
      const part = args.user_display_name?.toLowerCase();
      const matching = all.filter(
        (one) =>
          (wanted === undefined || one === wanted) &&
          (args.user_active === undefined || one.active === args.user_active) &&
          (part === undefined || one.displayName.toLowerCase().includes(part)),
      );
      const { items, ...counts } = pageOf(await ordered(context, matching, args.order_by), args);
      return { result: await views(context, items), ...counts };
    },
  }),
];

interface NamesUser {
  readonly user_id: number | undefined;
  readonly user_name: string | undefined;
}

async function usersOf(
  context: Context,
  args: { readonly application_id: number | undefined; readonly application_name: string | undefined },
): Promise<readonly PlatformUser[]> {
  const application = await findApplication(context, args);
  return (await visibleUsers(context)).filter(
    (one) => application === undefined || one.applicationId === application.id,
  );
}

async function findUser(
  context: Context,
  all: readonly PlatformUser[],
  { user_id, user_name }: NamesUser,
): Promise<PlatformUser> {
  const found =
    user_id === undefined
      ? all.find(({ name }) => name === user_name)
      : await byNumber(context, 'user', all, user_id);
  if (found === undefined) throw new PlatformError(117);
  return found;
}

async function needUser(
  context: Context,
  args: NamesUser & {
    readonly application_id: number | undefined;
    readonly application_name: string | undefined;
  },
): Promise<PlatformUser> {
  return await findUser(context, await usersOf(context, args), args);
}

async function ordered(
  context: Context,
  all: readonly PlatformUser[],
  by: 'user_name' | 'user_id' | 'user_display_name',
): Promise<readonly PlatformUser[]> {
  if (by === 'user_name') return all;
  if (by === 'user_display_name') return all.toSorted((a, b) => a.displayName.localeCompare(b.displayName));
  const number = await numbersOf(
    context,
    'user',
    all.map((one) => one.id),
  );
  return all.toSorted((a, b) => number(a.id) - number(b.id));
}

async function views(context: Context, shown: readonly PlatformUser[]) {
  const number = await numbersOf(
    context,
    'user',
    shown.map((one) => one.id),
  );
  const application = await numbersOf(
    context,
    'application',
    shown.map((one) => one.applicationId),
  );
  const applications = new Map((await visibleApplications(context)).map((one) => [one.id, one]));
  return shown.map((one) => {
    const owner = applications.get(one.applicationId);
    return {
      user_id: number(one.id),
      // A number may be the name of an account, and a text may quote one.
      user_name: context.views.text(one.name),
      user_display_name: context.views.text(one.displayName),
      user_active: one.active,
      ...(one.customData === '' ? {} : { user_custom_data: context.views.text(one.customData) }),
      created: writeTime(one.createdAt),
      modified: writeTime(one.modifiedAt),
      applications:
        owner === undefined
          ? []
          : [
              {
                application_id: application(owner.id),
                application_name: fullName(context, owner.name),
                modified: writeTime(owner.modifiedAt),
              },
            ],
    };
  });
}
