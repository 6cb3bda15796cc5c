import { type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import { applicationParams, needApplication } from '../objects.ts';
import { integer, otherwise, required, text } from '../params.ts';
import { isStorageError } from '../storage-errors.ts';

const MAX_TTL_SECONDS = 7_776_000;
/** Of one page (voximplant.com/docs/references/httpapi/keyvaluestorage). */
const MAX_PAGE = 50;

const page = 'keyvaluestorage';
const key = () => text({ max: 200, form: /^[a-zA-Z0-9а-яА-ЯёЁ_\-:;.#+]+$/ });
const pages = {
  count: otherwise(integer({ min: 0, max: MAX_PAGE }), 10),
  offset: otherwise(integer({ max: 1_000_000_000 }), 0),
};

export const keyValues = [
  command({
    name: 'SetKeyValueItem',
    summary: 'Writes a value of the key-value storage that the scenarios of an application share.',
    scope: 'storage:write',
    page,
    params: {
      ...applicationParams,
      key: required(key()),
      value: required(text({ max: 2_000, keepEmpty: true })),
      ttl: integer({ max: MAX_TTL_SECONDS }),
      expires_at: integer({ note: 'seconds since the epoch' }),
    },
    run: async (context, args) => {
      const application = await needApplication(context, args);
      const ttl = args.ttl ?? secondsUntil(context, args.expires_at);
      try {
        return { result: view(await context.keyValues.put(application.id, args.key, args.value, ttl)) };
      } catch (error) {
        if (!isStorageError(error, 'storage/full')) throw error;
        throw new PlatformError(101, { detail: 'the storage is full' }, { cause: error });
      }
    },
  }),

  command({
    name: 'DelKeyValueItem',
    summary: 'Removes a value.',
    scope: 'storage:write',
    page,
    params: { ...applicationParams, key: required(key()) },
    run: async (context, args) => {
      const application = await needApplication(context, args);
      const gone = await context.keyValues.remove(application.id, args.key);
      return { result: gone === undefined ? 0 : 1 };
    },
  }),

  command({
    name: 'GetKeyValueItem',
    summary: 'One value.',
    scope: 'storage:read',
    page,
    params: { ...applicationParams, key: required(key()) },
    run: async (context, args) => {
      const application = await needApplication(context, args);
      const found = await context.keyValues.get(application.id, args.key);
      if (found === undefined) throw new PlatformError(496, { parameter: 'key', detail: 'it is not there' });
      return { result: view(found) };
    },
  }),

  command({
    name: 'GetKeyValueItems',
    summary: 'The values of a namespace: the part of a key before its first colon.',
    scope: 'storage:read',
    page,
    params: { ...applicationParams, key: required(key()), ...pages },
    run: async (context, args) => {
      const { items, total } = await listOf(context, args);
      return { result: items.map(view), total_count: total, count: items.length };
    },
  }),

  command({
    name: 'GetKeyValueKeys',
    summary: 'The keys, of one namespace or all.',
    scope: 'storage:read',
    page,
    params: { ...applicationParams, key: key(), ...pages },
    run: async (context, args) => {
      const { items, total } = await listOf(context, args);
      const result = items.map((one) => ({ key: one.key, expires_at: view(one).expires_at }));
      return { result, total_count: total, count: items.length };
    },
  }),
];

async function listOf(
  context: Context,
  args: {
    readonly application_id: number | undefined;
    readonly application_name: string | undefined;
    readonly key: string | undefined;
    readonly count: number;
    readonly offset: number;
  },
) {
  const application = await needApplication(context, args);
  return await context.keyValues.list(application.id, {
    ...(args.key === undefined ? {} : { namespace: args.key.split(':', 1)[0] ?? '' }),
    limit: args.count,
    offset: args.offset,
  });
}

function secondsUntil({ clock }: Context, expiresAt: number | undefined): number | undefined {
  if (expiresAt === undefined) return undefined;
  const seconds = Math.ceil(expiresAt - clock.now() / 1_000);
  if (seconds < 0 || seconds > MAX_TTL_SECONDS) throw new PlatformError(496, { parameter: 'expires_at' });
  return seconds;
}

const view = (one: { readonly key: string; readonly value: string; readonly expiresAt: number }) => ({
  key: one.key,
  value: one.value,
  expires_at: Math.floor(one.expiresAt / 1_000),
});
