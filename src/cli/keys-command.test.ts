import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { embeddedPlaces } from '../../test/kit/storage-places.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import { createWorld, type World } from '../http/test-support/world.ts';
import { readScopes } from './keys.ts';
import { keysCommand } from './keys-command.ts';
import type { Credentials } from './keys-credentials.ts';

let printed: string[] = [];
const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void printed.push(line));

const places = embeddedPlaces();

afterEach(() => {
  printed = [];
});
afterAll(() => {
  log.mockRestore();
  error.mockRestore();
  return places.close();
});

async function run(...args: string[]): Promise<{ status: number; text: string }> {
  printed = [];
  const status = await keysCommand(args);
  return { status, text: printed.join('\n') };
}

const credentialsIn = (text: string): Credentials =>
  JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Credentials;

describe('on the database of a node that does not run', { timeout: 90_000 }, () => {
  let data: string;
  beforeAll(async () => {
    data = (await places.fresh()).dataFolder;
  });

  test('makes a key for an application before the first start, lists it without its secret, revokes it', async () => {
    const made = await run(
      ...['create', '--name', 'backend', '--scopes', 'calls:read, scenarios:start'],
      ...['--application', 'taxi', '--example', 'taxi', '--data', data],
    );
    expect(made.status).toBe(0);
    const secret = /^mk_[\w-]{43}$/m.exec(made.text)?.[0] ?? '';
    expect(secret).not.toBe('');

    const list = await run('list', '--data', data);
    expect(list.text).toContain('backend');
    expect(list.text).toContain('calls:read scenarios:start');
    expect(list.text).not.toContain(secret);

    expect((await run('revoke', secret.slice(0, 9), '--data', data)).status).toBe(0);
    const again = await run('revoke', secret.slice(0, 9), '--data', data);
    expect(again.status).toBe(1);
    expect(again.text).toContain('keys list');
    expect((await run('list', '--data', data)).text).toContain('revoked');
  });

  test('a service account: credentials as tools made for Voximplant read them, shown once', async () => {
    const made = await run(
      'create',
      '--service-account',
      '--name',
      'ci',
      '--scopes',
      'calls:read',
      '--data',
      data,
    );
    expect(made.status).toBe(0);
    const credentials = credentialsIn(made.text);
    expect(credentials).toEqual({
      account_email: 'maskline@localhost',
      account_id: expect.any(Number),
      key_id: expect.stringMatching(/^[\da-f-]{36}$/),
      private_key: expect.stringContaining('BEGIN PRIVATE KEY'),
    });
    const list = await run('list', '--data', data);
    expect(list.text).toContain('ci');
    expect(list.text).not.toContain('KEY-----');
    expect((await run('revoke', credentials.key_id, '--data', data)).status).toBe(0);
  });

  test('an application that there is not is said with those that there are', async () => {
    const args = ['create', '--name', 'x', '--scopes', 'all', '--application', 'nothing', '--data', data];
    await expect(run(...args)).rejects.toMatchObject({ hint: expect.stringContaining('taxi') });
  });
});

describe('while a node runs', () => {
  let world: World;
  let server: HttpServer;
  let key: string;
  beforeAll(async () => {
    world = await createWorld();
    server = await createHttpServer({ ...world.options, account: { id: 4711, email: 'me@example.org' } });
    key = (await world.key('all')).authorization.replace('Bearer ', '');
  });
  afterAll(async () => {
    await server.close();
    await world.close();
  });

  test('the data folder is in use, and the message says how else', async () => {
    const folder = world.dataFolder;
    await expect(run('list', '--data', folder)).rejects.toMatchObject({
      code: 'storage/folder-in-use',
      hint: expect.stringContaining('--url http://'),
    });
  });

  test('the node makes, lists and revokes keys', async () => {
    const made = await run(
      ...['create', '--name', 'over http', '--scopes', 'calls:read', '--application', 'taxi'],
      ...['--url', `${server.url}/`, '--key', key],
    );
    expect(made.status).toBe(0);
    const secret = /^mk_[\w-]{43}$/m.exec(made.text)?.[0] ?? '';
    const found = await world.storage.apiKeys.find(secret);
    expect(found).toMatchObject({ name: 'over http', scopes: ['calls:read'] });
    expect((await run('list', '--url', server.url, '--key', key)).text).toContain('over http');
    expect((await run('revoke', found?.id ?? '', '--url', server.url, '--key', key)).status).toBe(0);
    expect(await world.storage.apiKeys.find(secret)).toBeUndefined();
    expect((await run('revoke', found?.id ?? '', '--url', server.url, '--key', key)).status).toBe(1);
  });

  test('the node makes a service account of the public half, and knows what the private half signs', async () => {
    const where = ['--url', server.url, '--key', key];
    const made = await run(
      'create',
      '--service-account',
      '--name',
      'tool',
      '--scopes',
      'users:read',
      ...where,
    );
    const credentials = credentialsIn(made.text);
    expect(credentials).toMatchObject({ account_id: 4711, account_email: 'me@example.org' });
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1_000);
    const signed = `${encode({ alg: 'RS256', kid: credentials.key_id })}.${encode({ iss: 4711, iat: now, exp: now + 60 })}`;
    const signature = sign('RSA-SHA256', Buffer.from(signed), credentials.private_key).toString('base64url');
    const headers = { authorization: `Bearer ${signed}.${signature}` };
    expect((await fetch(`${server.url}/v1/users`, { headers })).status).toBe(200);
    expect((await fetch(`${server.url}/v1/calls`, { headers })).status).toBe(403);
    expect((await run('revoke', credentials.key_id, ...where)).status).toBe(0);
    expect((await fetch(`${server.url}/v1/users`, { headers })).status).toBe(401);
    // Neither a private half nor a weak key is taken.
    const post = async (publicKey: string) =>
      await fetch(`${server.url}/v1/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'x', scopes: ['users:read'], publicKey }),
      });
    const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const refused = [
      await post(credentials.private_key),
      await post(weak.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      await post('-----BEGIN PUBLIC KEY-----'),
    ];
    expect(refused.map((answer) => answer.status)).toEqual([400, 400, 400]);
  });

  test('a key that may not is told so with what to do', async () => {
    const weak = (await world.key(['calls:read'])).authorization.replace('Bearer ', '');
    await expect(run('list', '--url', server.url, '--key', weak)).rejects.toMatchObject({
      message: expect.stringContaining('keys:write'),
      hint: expect.stringContaining('scope'),
    });
  });

  test('--url without a key', async () => {
    vi.stubEnv('MASKLINE_API_KEY', undefined);
    const answer = await run('list', '--url', server.url);
    vi.unstubAllEnvs();
    expect(answer.status).toBe(2);
    expect(answer.text).toContain('MASKLINE_API_KEY');
  });
});

describe('what is typed wrongly', () => {
  test.each([
    [],
    ['make'],
    ['create'],
    ['create', '--name', 'x'],
    ['revoke'],
    ['list', 'x'],
    ['revoke', 'a', 'b'],
  ])('keys %s %s %s shows the usage', async (...args: string[]) => {
    const answer = await run(...args);
    expect(answer.status).toBe(2);
    expect(answer.text).toContain('maskline keys create');
  });

  test('scopes', () => {
    expect(readScopes('calls:read,numbers:read')).toEqual(['calls:read', 'numbers:read']);
    expect(readScopes('all')).toContain('keys:write');
    expect(() => readScopes('calls:read,everything')).toThrow('"everything"');
    expect(() => readScopes('')).toThrow();
  });
});
