import { parseArgs } from 'node:util';
import type { ApiKey } from '../http/ports.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Storage } from '../storage/storage.ts';
import { createKey, createServiceAccount, listKeys, readScopes, revokeKey } from './keys.ts';
import { type Account, credentialsOf, makeKeyPair } from './keys-credentials.ts';
import { type KeyLine, KeysOverHttp } from './keys-over-http.ts';
import { openStored } from './open-stored.ts';
import { rotateData } from './rotate-data.ts';
import { WHERE_OPTIONS, whereUsage } from './where.ts';

const USAGE = `maskline keys create --name NAME --scopes SCOPE,… [--application NAME] [WHERE]
maskline keys create --service-account --name NAME --scopes SCOPE,… [--application NAME] [WHERE] > credentials.json
maskline keys list [WHERE]
maskline keys revoke ID [WHERE]
maskline keys rotate-data [--check] [WHERE]

  rotate-data  changes the key under which numbers and secrets are sealed; goes on where it was broken off. --check: only says how it stands
  SCOPE  calls:read, recordings:read, numbers:read, … (docs/reference/http.md), or all
  --service-account  a key pair that signs tokens, for tools made for Voximplant; prints the credentials that they read
${whereUsage('keys:write')}`;

const OPTIONS = {
  name: { type: 'string' },
  scopes: { type: 'string' },
  ...WHERE_OPTIONS,
  'service-account': { type: 'boolean' },
  check: { type: 'boolean' },
} as const;

/** What to do instead, while a node has the embedded database open. */
const IN_USE = (url: string): string =>
  [
    'A node runs on this data folder. Let it make the key, with a key that has the scope keys:write:',
    '',
    `  maskline keys create --name NAME --scopes SCOPE,… --url ${url} --key mk_…`,
    '',
    'If there is no such key yet, stop the node, make one (maskline keys create --name admin --scopes all), and start it again.',
  ].join('\n');

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** What can be done, wherever the keys are. */
interface Keys {
  create(key: Parameters<typeof createKey>[1]): Promise<{ readonly key: KeyLine; readonly secret: string }>;
  createServiceAccount(
    key: Parameters<typeof createKey>[1],
    publicKey: string,
  ): Promise<{ readonly key: KeyLine; readonly account: Account }>;
  list(): Promise<readonly KeyLine[]>;
  revoke(id: string): Promise<boolean>;
}

/** `maskline keys create|list|revoke`. Resolves with the exit status. */
export async function keysCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [verb, id, ...more] = positionals;
  const wellFormed =
    more.length === 0 &&
    ((verb === 'create' && id === undefined && values.name !== undefined && values.scopes !== undefined) ||
      (verb === 'list' && id === undefined) ||
      (verb === 'rotate-data' && id === undefined && values.url === undefined) ||
      (verb === 'revoke' && id !== undefined));
  if (!wellFormed) {
    console.error(USAGE);
    return 2;
  }
  if (verb === 'rotate-data') return await rotateData(values);
  // Before a database is opened for nothing.
  const scopes = readScopes(values.scopes ?? 'all');
  return await withKeys(values, async (keys) => {
    if (verb === 'list') return printList(await keys.list());
    if (verb === 'revoke') return printRevoked(id ?? '', await keys.revoke(id ?? ''));
    const { name = '', application } = values;
    const wish = { name, scopes, ...(application === undefined ? {} : { application }) };
    if (values['service-account'] !== true) return printMade(await keys.create(wish));
    const pair = await makeKeyPair();
    return printCredentials(await keys.createServiceAccount(wish, pair.publicKey), pair.privateKey);
  });
}

async function withKeys(values: Values, use: (keys: Keys) => Promise<number> | number): Promise<number> {
  if (values.url !== undefined) {
    const secret = values.key ?? process.env.MASKLINE_API_KEY;
    if (secret === undefined) {
      console.error(`--url needs a key with the scope keys:write, in --key or MASKLINE_API_KEY.\n\n${USAGE}`);
      return 2;
    }
    return await use(new KeysOverHttp(values.url, secret));
  }
  const { storage, settings } = await openStored(values, IN_USE);
  try {
    return await use(storedKeys(storage, settings.platformApi.accountEmail));
  } finally {
    await storage.close();
  }
}

function storedKeys(storage: Storage, email: string): Keys {
  // Before it is done, as the API has it.
  const note = (action: 'key.created' | 'key.revoked', subject: string): Promise<void> =>
    storage.audit.write({
      ...{ at: systemClock.now(), actor: 'cli', action, subject, applicationId: undefined, detail: {} },
    });
  return {
    create: async (key) => {
      await note('key.created', '');
      const made = await createKey(storage, key);
      return { key: lineOf(made.key), secret: made.secret };
    },
    createServiceAccount: async (key, publicKey) => {
      await note('key.created', '');
      const made = await createServiceAccount(storage, key, publicKey);
      const { id } = await storage.platform.directory.account();
      return { key: lineOf(made), account: { id, email } };
    },
    list: async () => (await listKeys(storage)).map(lineOf),
    revoke: async (id) => {
      await note('key.revoked', id);
      return await revokeKey(storage, id);
    },
  };
}

function lineOf({ id, name, prefix, scopes, applicationId, createdAt, revokedAt }: ApiKey): KeyLine {
  return {
    id,
    name,
    prefix,
    scopes: [...scopes],
    createdAt: new Date(createdAt).toISOString(),
    ...(applicationId === undefined ? {} : { application: applicationId }),
    ...(revokedAt === undefined ? {} : { revokedAt: new Date(revokedAt).toISOString() }),
  };
}

function printMade({ key, secret }: { readonly key: KeyLine; readonly secret: string }): number {
  console.log(`${secret}\n`);
  console.log(`This is the key "${key.name}" (${key.id}). It is shown once: keep it now.`);
  console.log(`Scopes: ${key.scopes.join(', ')}`);
  if (key.application !== undefined) console.log(`Bound to the application ${key.application}`);
  return 0;
}

/** On standard output nothing but the credentials, so that they can go into a file. */
function printCredentials(
  made: { readonly key: KeyLine; readonly account: Account },
  privateKey: string,
): number {
  console.log(JSON.stringify(credentialsOf(made.key.id, made.account, privateKey), undefined, 2));
  console.error(`This is the service account "${made.key.name}" (${made.key.id}).`);
  console.error('Its private key is shown once, and kept nowhere else: keep it now.');
  return 0;
}

function printList(keys: readonly KeyLine[]): number {
  if (keys.length === 0) console.log('There are no keys. `maskline keys create` makes one.');
  for (const { id, prefix, name, scopes, application, createdAt, revokedAt } of keys) {
    const bound = application === undefined ? 'all applications' : `application ${application}`;
    const state = revokedAt === undefined ? `since ${createdAt}` : `revoked ${revokedAt}`;
    console.log(`${id}  ${prefix}…  ${name}  ${bound}  ${state}\n    ${scopes.join(' ')}`);
  }
  return 0;
}

function printRevoked(id: string, revoked: boolean): number {
  if (revoked) console.log(`The key ${id} is revoked.`);
  else console.error(`There is no live key ${id}. \`maskline keys list\` shows what there is.`);
  return revoked ? 0 : 1;
}
