/**
 * How requests come in and who may send them. voximplant.com/docs/guides/managementapi/jwt says what a token is,
 * voximplant.com/docs/references/httpapi/errors what is answered.
 */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCOPES } from '../http/ports.ts';
import { COMMANDS } from './commands/index.ts';
import { createPlatformWorld, type PlatformWorld, type Reply } from './test-support/platform-world.ts';
import { serviceAccount, type TestAccount } from './test-support/service-account.ts';

let platform: PlatformWorld;
let tool: TestAccount;
beforeAll(async () => {
  platform = await createPlatformWorld();
  tool = await serviceAccount(platform, SCOPES);
}, 60_000);
afterAll(() => platform.close());

const inject = async (request: InjectOptions): Promise<Reply> => {
  const response = await platform.app.inject(request);
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toMatch(/^application\/json/);
  return response.json();
};
const auth = () => `account_id=${platform.account.id}&api_key=${platform.secret}`;
const withToken = (token: string) => ({ authorization: `Bearer ${token}` });
const codeOf = async (request: InjectOptions) => (await inject(request)).error?.code;

describe('requests', () => {
  const account = expect.objectContaining({ account_name: 'shop' });

  test.each([
    '/platform_api/GetAccountInfo',
    '/platform_api/GetAccountInfo/',
    '/platform_api',
    '/platform_api/',
  ])('%s, by GET and by POST, with the parameters in the URL or in a form', async (url) => {
    const parameters = url.includes('Get') ? auth() : `${auth()}&cmd=GetAccountInfo`;
    expect((await inject({ url: `${url}?${parameters}` })).result).toEqual(account);
    expect((await inject({ method: 'POST', url: `${url}?${parameters}` })).result).toEqual(account);
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    expect((await inject({ method: 'POST', url, headers, payload: parameters })).result).toEqual(account);
  });

  test('a multipart form, with a script as a file; a JSON object; a table as the body itself', async () => {
    const application_id = (await platform.done('AddApplication', { application_name: 'forms' }))
      .application_id;
    const form = new FormData();
    form.set('cmd', 'AddScenario');
    form.set('application_id', String(application_id));
    form.set('scenario_name', 'Привет');
    form.set('scenario_script', new File(['// Привет\r\n'], 'main.js'));
    const encoded = new Response(form);
    const made = await inject({
      method: 'POST',
      url: '/platform_api',
      headers: { ...withToken(tool.token()), 'content-type': encoded.headers.get('content-type') ?? '' },
      payload: Buffer.from(await encoded.arrayBuffer()),
    });
    const shown = await platform.done('GetScenarios', { scenario_id: made.scenario_id, with_script: 1 });
    expect(shown.result).toEqual([
      expect.objectContaining({ scenario_name: 'Привет', scenario_script: '// Привет\r\n' }),
    ]);
    const json = { application_id, key: 'a', value: 'b', ttl: 5, unknown: null };
    const put = {
      method: 'POST',
      url: '/platform_api/SetKeyValueItem',
      headers: withToken(tool.token()),
    } as const;
    expect((await inject({ ...put, payload: json })).result).toMatchObject({ key: 'a', value: 'b' });

    const rule_id = (await platform.done('AddRule', { application_id, rule_name: 'r', rule_pattern: '.*' }))
      .rule_id;
    const query = `rule_id=${rule_id}&priority=0&max_simultaneous=1&num_attempts=1&name=raw`;
    const list = await inject({
      method: 'POST',
      url: `/platform_api/CreateCallList?${query}&${auth()}`,
      headers: { 'content-type': 'text/csv' },
      payload: 'phone\n1\n2\n',
    });
    expect(list).toMatchObject({ result: true, count: 2 });
  });

  test('no command, an unknown one, and HEAD, which starts nothing', async () => {
    expect(await codeOf({ url: `/platform_api?${auth()}` })).toBe(102);
    expect(await inject({ url: `/platform_api/BuyTheMoon?${auth()}` })).toEqual({
      error: { code: 103, msg: 'Unknown command' },
    });
    const before = platform.world.started.length;
    const url = `/platform_api/StartScenarios?rule_name=all&application_name=taxi&${auth()}`;
    expect((await platform.app.inject({ method: 'HEAD', url })).statusCode).toBe(405);
    expect((await platform.app.inject({ method: 'DELETE', url })).statusCode).toBe(405);
    expect(platform.world.started).toHaveLength(before);
  });

  test('bodies that cannot be read, that are too long, or that hold too much', async () => {
    const post = async (type: string, payload: string | Buffer, headers: object = {}) =>
      await codeOf({
        method: 'POST',
        url: '/platform_api/GetAccountInfo',
        headers: { 'content-type': type, ...headers },
        payload,
      });
    expect(await post('multipart/form-data; boundary=x', 'nonsense')).toBe(101);
    expect(await post('multipart/form-data', '--x--')).toBe(101);
    expect(await post('application/json', '{')).toBe(101);
    expect(await post('application/json', '[]')).toBe(101);
    expect(await post('not a type', 'x')).toBe(101);
    expect(await post('text/plain', Buffer.alloc(2 * 1024 * 1024 + 1))).toBe(101);
    expect(
      await post('text/plain', Buffer.alloc(2 * 1024 * 1024 + 1), withToken(tool.token())),
    ).toBeUndefined();
    const many = Array.from({ length: 201 }, (_, at) => `a${at}=1`).join('&');
    expect(await post('application/x-www-form-urlencoded', many)).toBe(101);
    // The first of several counts.
    expect((await inject({ url: `/platform_api?${auth()}&cmd=GetAccountInfo&cmd=Nothing` })).result).toEqual(
      account,
    );
  });

  test('no secret and no number reaches the log', async () => {
    await platform.done('GetCallHistory', {
      from_date: '2026-01-01',
      to_date: '2026-01-02',
      remote_number: '447700900303',
    });
    await inject({ url: `/platform_api/GetUsers?${auth()}&user_name=447700900303` });
    const log = platform.world.logged.join('\n');
    expect(log).toContain('/platform_api/:command');
    expect(log).not.toContain(platform.secret);
    expect(log).not.toContain('7700900303');
    expect(log).not.toContain('a platform command failed');
  });
});

describe('API keys', () => {
  const ask = async (parameters: string) =>
    await codeOf({ url: `/platform_api/GetAccountInfo?${parameters}` });

  test('the account by its number, name or address, and the key', async () => {
    const { id } = platform.account;
    const key = `api_key=${platform.secret}`;
    expect(await ask(`account_id=${id}&${key}`)).toBeUndefined();
    expect(await ask(`account_name=shop&${key}`)).toBeUndefined();
    expect(await ask(`account_email=Owner%40example.org&${key}`)).toBeUndefined();
    expect(await ask(key)).toBe(100);
    expect(await ask(`account_id=${id + 1}&${key}`)).toBe(100);
    expect(await ask(`account_id=${id}&account_name=other&${key}`)).toBe(100);
    expect(await ask(`account_id=${id}`)).toBe(100);
    expect(await ask(`account_id=${id}&api_key=eec36d6c-a0eb-46b5-a006-1c2b65343bac`)).toBe(100);
    expect(await ask('')).toBe(100);
    const header = { url: '/platform_api/GetAccountInfo', headers: withToken(platform.secret) };
    expect(await codeOf(header)).toBeUndefined();
  });

  test('scopes and the application of a key; a revoked key', async () => {
    const reads = await platform.key(['scenarios:read'], 'taxi');
    expect(await platform.ask('GetApplications', {}, reads)).toMatchObject({ total_count: 1 });
    expect(await platform.ask('GetApplications', { application_name: 'delivery' }, reads)).toMatchObject({
      total_count: 0,
    });
    expect((await platform.ask('GetUsers', {}, reads)).error).toEqual({
      code: 104,
      msg: 'Forbidden command: the key has no scope users:read',
    });
    const writes = await platform.key(['applications:write'], 'taxi');
    expect((await platform.ask('AddApplication', { application_name: 'x' }, writes)).error?.code).toBe(104);
    await platform.world.storage.apiKeys.revoke(reads.slice(0, 9));
    expect((await platform.ask('GetApplications', {}, reads)).error?.code).toBe(100);
  });

  test('an address that fails too often is told to wait, as is a key that asks too often', async () => {
    const app = await platform.appWith({ requestsPerMinute: 3, failuresPerMinute: 2 });
    const url = '/platform_api/GetAccountInfo';
    const good = { url, headers: withToken(tool.token()) };
    expect((await app.inject(good)).json()).toHaveProperty('result');
    for (let at = 0; at < 2; at++)
      expect((await app.inject({ url })).json()).toHaveProperty('error.code', 100);
    const refused = await app.inject({ url });
    expect(refused.json()).toEqual({ error: { code: 340, msg: 'Rate limit exceed' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    // Who was right lately is let in from the same address, with a new token too.
    const again = { url, headers: withToken(tool.token({ exp: Math.floor(Date.now() / 1_000) + 65 })) };
    for (let at = 0; at < 2; at++) expect((await app.inject(again)).json()).toHaveProperty('result');
    expect((await app.inject(good)).json()).toHaveProperty('error.code', 340);
    await app.close();
  });
});

describe('service accounts', () => {
  const ask = async (token: string) =>
    await codeOf({ url: '/platform_api/GetAccountInfo', headers: withToken(token) });
  const now = () => Math.floor(Date.now() / 1_000);

  test('a token that the account signed', async () => {
    expect(await ask(tool.token())).toBeUndefined();
    expect(await ask(tool.token({ iss: String(platform.account.id) }))).toBeUndefined();
    expect(await ask(tool.token({ iat: now() + 20, exp: now() + 3_620 }))).toBeUndefined();
    expect(await ask(tool.token({ iat: now() - 80, exp: now() - 20 }))).toBeUndefined();
  });

  test('and every other', async () => {
    const [head = '', body = '', signature = ''] = tool.token().split('.');
    expect(await ask(`${head}.${body}.${signature.slice(0, -8)}AAAAAAAA`)).toBe(100);
    expect(await ask(`${head}.${body}.`)).toBe(447);
    expect(await ask('a.b.c')).toBe(447);
    expect(await ask(`${'a'.repeat(5_000)}.b.c`)).toBe(447);
    expect(await ask(tool.token({}, { alg: 'none' }))).toBe(447);
    expect(await ask(tool.token({}, { kid: 'unknown' }))).toBe(433);
    expect(await ask(tool.token({}, { kid: 7 }))).toBe(433);
    expect(await ask(tool.token({ iss: platform.account.id + 1 }))).toBe(100);
    expect(await ask(tool.token({ iat: undefined }))).toBe(447);
    expect(await ask(tool.token({ iat: now(), exp: now() + 3_601 }))).toBe(454);
    expect(await ask(tool.token({ iat: now() + 120, exp: now() + 180 }))).toBe(455);
    expect(await ask(tool.token({ iat: now() - 180, exp: now() - 120 }))).toBe(456);
    // The public half as a secret of HS256, RFC 8725 §2.1.
    const found = await platform.world.storage.apiKeys.findServiceAccount(tool.keyId);
    const forged = Buffer.from(JSON.stringify({ alg: 'HS256', kid: tool.keyId })).toString('base64url');
    const mac = createHmac('sha256', found?.publicKey ?? '')
      .update(`${forged}.${body}`)
      .digest('base64url');
    expect(await ask(`${forged}.${body}.${mac}`)).toBe(447);
    const other = await serviceAccount(platform, ['calls:read']);
    expect(await ask(other.token({}, { kid: tool.keyId }))).toBe(100);
    await platform.world.storage.apiKeys.revoke(other.keyId);
    expect(await ask(other.token())).toBe(433);
  });

  test('opens the REST API, recordings among it, by the same scopes', async () => {
    const { app } = platform;
    const get = async (token: string, url: string) =>
      (await app.inject({ url, headers: withToken(token) })).statusCode;
    expect(await get(tool.token(), '/v1/users')).toBe(200);
    expect(await get(tool.token({ exp: 1, iat: 0 }), '/v1/users')).toBe(401);
    const caller = await serviceAccount(platform, ['calls:read']);
    expect(await get(caller.token(), '/v1/users')).toBe(403);
    expect(await get(caller.token(), '/v1/recordings/none/audio')).toBe(403);
  });
});

test('whatever the parameters, a command is answered, and the fault is never ours', async () => {
  const names = [...COMMANDS.keys()];
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      ...[
        '',
        'all',
        '1',
        '-1',
        '0',
        '1;2;3',
        ';',
        '9007199254740993',
        '1e3',
        'NaN',
        'null',
        '[]',
        '%',
        "' or 1=1 --",
      ],
      ...[
        '2026-02-29 10:00:00',
        '9999-12-31 23:59:59',
        '0000-00-00',
        'true',
        '../..',
        '\0',
        '\ud800',
        '(a+)+$',
        'taxi',
      ],
      ...[
        'x'.repeat(3_000),
        '+79000000000',
        '79000000000;79000000001',
        'Europe/Moscow',
        '__proto__',
        '10000',
      ],
    ),
    fc.integer().map(String),
  );
  const request = fc.constantFrom(...names).chain((name) => {
    const known = Object.keys(COMMANDS.get(name)?.params ?? {});
    const some = fc.dictionary(fc.constantFrom(...known, 'cmd', '__proto__', 'constructor'), hostile, {
      maxKeys: 8,
    });
    return fc.tuple(fc.constant(name), some, fc.constantFrom('query', 'form', 'json'));
  });
  const headers = withToken(tool.token({ exp: Math.floor(Date.now() / 1_000) + 600 }));
  await fc.assert(
    fc.asyncProperty(request, async ([name, params, how]) => {
      const url = `/platform_api/${name}`;
      const text = new URLSearchParams(Object.entries(params)).toString();
      const reply = await inject(
        how === 'query'
          ? { url: `${url}?${text}`, headers }
          : how === 'form'
            ? {
                method: 'POST',
                url,
                payload: text,
                headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
              }
            : { method: 'POST', url, payload: params, headers },
      );
      if (reply.error === undefined) expect(reply).toHaveProperty('result');
      else expect([2, 4]).not.toContain(reply.error.code);
    }),
    { numRuns: 300, seed: 7 },
  );
});
