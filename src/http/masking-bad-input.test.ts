/**
 * What comes in wrong: each is answered by a problem document that names the field, and at the end the tables are as they were.
 * The requests are all made in one world, in which nothing but one session is ever made.
 */
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PgliteClient } from '../storage/pglite-client.ts';
import { pgliteDialect } from '../storage/pglite-dialect.ts';
import { createWorld, NUMBERS, type World } from './test-support/world.ts';

let world: World;
let headers: { readonly authorization: string };
let session: { readonly id: string; readonly parties: readonly { readonly id: string }[] };

const A = '+447700900301';
const B = '+447700900302';
const SERVICE = NUMBERS.service.reveal('leak-scan');
const GOOD = { externalId: 'good', parties: [{ number: A, role: 'driver' }, { number: B }], ttlSeconds: 60 };

const TABLES = [
  ...['people', 'masking_sessions', 'masking_parties', 'masking_slots', 'masking_extensions'],
  ...['masking_blocks', 'masking_policies', 'number_pools', 'events', 'idempotency_keys'],
];

beforeAll(async () => {
  world = await createWorld();
  headers = await world.key('all', 'taxi');
  const made = await send('POST', '/v1/masking-sessions', GOOD, { 'idempotency-key': 'good' });
  expect(made.statusCode, made.body).toBe(201);
  session = made.json();
});

/** The last thing that is done here, for the database of a process is nobody else's while it runs. */
afterAll(async () => {
  await world.app.close();
  await world.storage.close();
  const client = new PgliteClient(join(world.dataFolder, 'database'));
  await client.open();
  const db = new Kysely<unknown>({ dialect: pgliteDialect(client) });
  const rows: Record<string, number> = {};
  for (const table of TABLES) {
    const counted = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(db);
    rows[table] = counted.rows[0]?.n ?? -1;
  }
  await db.destroy();
  await client.close();
  await world.close();
  expect(rows).toEqual({
    ...{ people: 2, masking_sessions: 1, masking_parties: 2, masking_slots: 2, masking_extensions: 0 },
    ...{ masking_blocks: 0, masking_policies: 0, number_pools: 0, events: 1, idempotency_keys: 1 },
  });
});

const send = (method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, payload?: object | string, more = {}) =>
  world.app.inject({
    method,
    url,
    headers: {
      ...headers,
      ...more,
      ...(typeof payload === 'string' ? { 'content-type': 'application/json' } : {}),
    },
    ...(payload === undefined ? {} : { payload }),
  });

/** What each says: status, code, fields. */
async function refusal(
  body: object,
  url = '/v1/masking-sessions',
  method: 'POST' | 'PUT' | 'PATCH' = 'POST',
) {
  const response = await send(method, url, body);
  const { status, code, fields, detail, hint } = response.json();
  expect(response.headers['content-type'], response.body).toBe('application/problem+json');
  expect([response.statusCode, detail.length > 0, hint.length > 0]).toEqual([status, true, true]);
  return { status, code, fields: fields?.map(({ name }: { name: string }) => name), body: response.body };
}

const parties = (...numbers: string[]) => numbers.map((number) => ({ number }));

describe('numbers', () => {
  test.each([
    ...['nonsense', '112', '+1234', '+999999999999999', 'sip:alice@example.org', '٠١٢٣٤٥٦٧٨٩'],
    ...[
      '+44 7700 900 301 301 301 301',
      '8 912 345 67 89 x',
      '\u202e+447700900301\u202c',
      `+44${'7'.repeat(50)}`,
    ],
    ...['+447700900301\u0000', "+44'; drop table people; --", '+4477009003O1'],
  ])('%j is no number of a party', async (number) => {
    const { status, code, fields, body } = await refusal({ parties: parties(A, number) });
    expect([status, code, fields]).toEqual([422, 'masking/party-invalid', ['body/parties/1/number']]);
    expect(body).not.toContain('7700');
  });

  test.each(['', '+', '+0', '+4', 'x'.repeat(65)])('%j has not even the length of one', async (number) => {
    const { status, fields } = await refusal({ parties: parties(A, number) });
    expect([status, fields]).toEqual([400, ['body/parties/1/number']]);
  });

  test.each([447700900301, null, {}, ['+447700900301'], true])('%j is no text', async (number) => {
    const { status, fields } = await refusal({ parties: [{ number: A }, { number }] });
    expect(status).toBe(400);
    expect(fields).toContain('body/parties/1/number');
  });

  test.each([
    ['+44 (0) 7700 900301', '00447700900301'],
    ['+447700900301', '447700900301'],
    ['tel:+447700900301', '+44-7700-900-301'],
    ['+44.7700.900.301', '  +44 7700 900301 '],
  ])('%j and %j are the same party, or one of them is none', async (one, other) => {
    const { status, code, fields } = await refusal({ parties: parties(one, other) });
    expect([status, code]).toEqual([422, 'masking/party-invalid']);
    expect(fields[0]).toMatch(/^body\/parties\/[01]\/number$/);
  });

  test.each(['axb', 'axyb', 'axg', 'extension'])('the same party twice, mode %s', async (mode) => {
    const { code, fields } = await refusal({ mode, parties: parties('+447700900309', '+44 7700 900309') });
    expect([code, fields]).toEqual(['masking/party-invalid', ['body/parties/1/number']]);
  });

  test('a service number as a party', async () => {
    const { status, code, fields } = await refusal({ parties: parties('+447700900309', SERVICE) });
    expect([status, code, fields]).toEqual([422, 'masking/party-invalid', ['body/parties/1/number']]);
    const change = { number: SERVICE };
    const url = `/v1/masking-sessions/${session.id}/parties/${session.parties[0]?.id}`;
    expect(await refusal(change, url, 'PATCH')).toMatchObject({
      status: 422,
      code: 'masking/party-invalid',
      fields: ['body/number'],
    });
  });

  test('a party’s new number that is the other party’s, or none', async () => {
    const url = `/v1/masking-sessions/${session.id}/parties/${session.parties[0]?.id}`;
    for (const number of [B, 'nobody'])
      expect(await refusal({ number }, url, 'PATCH')).toMatchObject({
        code: 'masking/party-invalid',
        fields: ['body/number'],
      });
  });
});

describe('sessions', () => {
  const four = parties('+447700900303', '+447700900304', '+447700900305', '+447700900306');
  const two = four.slice(0, 2);
  const say = { kind: 'say', text: 'hello' };

  test.each<[string, object, string]>([
    ['no parties', { parties: [] }, 'body/parties'],
    ['one party for two', { parties: four.slice(0, 1) }, 'body/parties'],
    ['three parties for two', { mode: 'axyb', parties: four.slice(0, 3) }, 'body/parties'],
    ['two parties for one', { mode: 'axn', parties: two }, 'body/parties'],
    ['a group of one', { mode: 'axg', parties: four.slice(0, 1) }, 'body/parties'],
    ['a mode that there is not', { mode: 'abc', parties: two }, 'body/mode'],
    ['an unknown field', { parties: two, reccord: true }, 'body/reccord'],
    ['an unknown field of a party', { parties: [{ number: A, nmber: 1 }, ...two] }, 'body/parties/0/nmber'],
    [
      'a label with a number',
      { parties: [{ number: A, label: 'call 0770 09' }, two[0]] },
      'body/parties/0/label',
    ],
    [
      'a label with other digits',
      { parties: [{ number: A, label: '٠١٢٣٤' }, two[0]] },
      'body/parties/0/label',
    ],
    ['a long label', { parties: [{ number: A, label: 'x'.repeat(81) }, two[0]] }, 'body/parties/0/label'],
    ['a role with a number', { parties: [{ number: A, role: '4477009' }, two[0]] }, 'body/parties/0/role'],
    [
      'an extension where there are none',
      { parties: [{ number: A, extension: '4711' }, two[0]] },
      'body/parties/0/extension',
    ],
    [
      'the same extension twice',
      { mode: 'extension', parties: two.map((one) => ({ ...one, extension: '4711' })) },
      'body/parties/1/extension',
    ],
    [
      'an extension with letters',
      { mode: 'extension', parties: [{ ...two[0], extension: '471a' }] },
      'body/parties/0/extension',
    ],
    ['a life of no time', { parties: two, ttlSeconds: 0 }, 'body/ttlSeconds'],
    ['a life of more than a year', { parties: two, ttlSeconds: 366 * 86_400 }, 'body/ttlSeconds'],
    ['half a second', { parties: two, ttlSeconds: 1.5 }, 'body/ttlSeconds'],
    ['a sliding end where there is none', { parties: two, sliding: true }, 'body/sliding'],
    ['no calls at all', { parties: two, maxCalls: 0 }, 'body/maxCalls'],
    ['a role that nobody has', { parties: two, oneWayFrom: 'driver' }, 'body/oneWayFrom'],
    ['a greeting of nothing', { parties: two, greeting: { kind: 'say' } }, 'body/greeting/text'],
    [
      'a greeting of both',
      { parties: two, greeting: { ...say, url: 'https://x.example/a' } },
      'body/greeting/url',
    ],
    [
      'a sound in a file',
      { parties: two, greeting: { kind: 'play', url: 'file:///etc/passwd' } },
      'body/greeting/url',
    ],
    [
      'a sound behind a password',
      { parties: two, greeting: { kind: 'play', url: 'https://u:p@x.example/a' } },
      'body/greeting/url',
    ],
    ['no language', { parties: two, language: 'english please' }, 'body/language'],
    ['an externalId that is a number', { parties: two, externalId: '+44 7700 900303' }, 'body/externalId'],
    ['metadata that is no text', { parties: two, metadata: { a: 1 } }, 'body/metadata/a'],
    ['metadata with a NUL', { parties: two, metadata: { a: 'x\u0000' } }, 'body/metadata/a'],
    [
      'too many metadata',
      { parties: two, metadata: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`k${n}`, ''])) },
      'body/metadata',
    ],
    [
      'large metadata',
      { parties: two, metadata: { a: 'x'.repeat(1_900), b: 'é'.repeat(1_200) } },
      'body/metadata',
    ],
    [
      'an explicit number that is none',
      { parties: two, number: { explicit: 'none' } },
      'body/number/explicit',
    ],
    ['a preference that there is not', { parties: two, number: { prefer: 'best' } }, 'body/number/prefer'],
  ])('%s', async (_, body, field) => {
    const { status, fields } = await refusal(body);
    expect([400, 422]).toContain(status);
    expect(fields).toContain(field);
  });

  test.each<[string, object, number, string, string?]>([
    [
      'a pool that there is not',
      { number: { pool: 'north' } },
      404,
      'masking/unknown-pool',
      'body/number/pool',
    ],
    [
      'a number that is not ours',
      { number: { explicit: '+442079469999' } },
      409,
      'masking/number-taken',
      'body/number/explicit',
    ],
    ['a tag that no number has', { number: { tags: ['gold'] } }, 409, 'masking/no-number'],
    ['a region that no number has', { number: { region: 'north', strict: true } }, 409, 'masking/no-number'],
    [
      'an externalId of an open session',
      { externalId: 'good' },
      409,
      'masking/external-id-taken',
      'body/externalId',
    ],
    [
      'somebody who meets another on the only number',
      { parties: parties(A, '+447700900307') },
      409,
      'masking/no-number',
    ],
  ])('%s', async (_, body, status, code, field) => {
    const refused = await refusal({ parties: two, ...body });
    expect(refused).toMatchObject({ status, code });
    expect(refused.fields).toEqual(field === undefined ? undefined : [field]);
  });

  test('a change of nothing, of nonsense, of what cannot be changed', async () => {
    const url = `/v1/masking-sessions/${session.id}`;
    expect((await refusal({}, url, 'PATCH')).fields).toEqual(['body']);
    expect((await refusal({ mode: 'axn' }, url, 'PATCH')).fields).toContain('body/mode');
    expect((await refusal({ oneWayFrom: 'nobody' }, url, 'PATCH')).fields).toEqual(['body/oneWayFrom']);
    expect((await refusal({ ttlSeconds: null, sliding: true }, url, 'PATCH')).fields).toEqual([
      'body/sliding',
    ]);
    expect((await refusal({ extendSeconds: -1 }, url, 'PATCH')).fields).toEqual(['body/extendSeconds']);
    expect((await refusal({ greeting: { kind: 'play' } }, url, 'PATCH')).fields).toEqual([
      'body/greeting/url',
    ]);
  });
});

describe('requests', () => {
  test('an Idempotency-Key with another body, and one that is none', async () => {
    const other = await send(
      'POST',
      '/v1/masking-sessions',
      { ...GOOD, record: true },
      { 'idempotency-key': 'good' },
    );
    expect([other.statusCode, other.json().code]).toEqual([422, 'request/other-body']);
    const route = await send(
      'POST',
      '/v1/masking-sessions/bulk',
      { sessions: [GOOD] },
      { 'idempotency-key': 'good' },
    );
    expect([route.statusCode, route.json().code]).toEqual([422, 'request/other-body']);
    const none = await send('POST', '/v1/masking-sessions', GOOD, { 'idempotency-key': 'x y' });
    expect([none.statusCode, none.json().fields[0].name]).toEqual([400, 'headers/idempotency-key']);
  });

  test.each(['/v1/masking-sessions', '/v1/masking-sessions/bulk', '/v1/numbers/plan', '/v1/explain'])(
    '10 MB to %s',
    async (url) => {
      const response = await send('POST', url, JSON.stringify({ parties: [], more: 'x'.repeat(10_000_000) }));
      expect([response.statusCode, response.json().code]).toEqual([413, 'request/too-large']);
    },
  );

  test.each(['{', '[]', '"x"', 'null', '{"parties": }', '{"__proto__": {"mode": "axb"}}', '[1,'])(
    'the body %s',
    async (body) => {
      const response = await send('POST', '/v1/masking-sessions', body);
      expect([400, 415]).toContain(response.statusCode);
      expect(response.json().code).toMatch(/^request\//);
    },
  );

  test('a cursor of another tenant, of another list, of nobody', async () => {
    const unbound = await world.key('all');
    const list = await send('GET', '/v1/masking-sessions?limit=1');
    expect(list.json().items).toHaveLength(1);
    for (const cursor of ['x', 'AAAAAAAAAAAA', Buffer.from('99999999999999 x').toString('base64url')])
      for (const url of ['/v1/masking-sessions', '/v1/blocks']) {
        const response = await send('GET', `${url}?cursor=${cursor}`);
        expect([response.statusCode, response.json().code]).toEqual([400, 'request/cursor']);
        expect(response.json().fields).toEqual([{ name: 'query/cursor', message: expect.any(String) }]);
      }
    const searched = await send('POST', '/v1/masking-sessions/search', { cursor: 'AAAAAAAAAAAA' }, unbound);
    expect(searched.json().fields[0].name).toBe('body/cursor');
  });

  test.each<[string, 'GET' | 'POST' | 'PUT' | 'PATCH', string, object | undefined]>([
    ['sessions:write', 'POST', '/v1/masking-sessions', GOOD],
    ['sessions:write', 'POST', '/v1/masking-sessions/bulk', { sessions: [GOOD] }],
    ['sessions:read', 'GET', '/v1/masking-sessions', undefined],
    ['sessions:read', 'POST', '/v1/masking-sessions/search', { number: A }],
    ['policy:write', 'PUT', '/v1/routing-policy', {}],
    ['policy:write', 'POST', '/v1/blocks', { number: A }],
    ['policy:read', 'POST', '/v1/explain', { from: A, to: SERVICE }],
    ['numbers:write', 'PUT', '/v1/number-pools/north', { coolOffSeconds: 1 }],
  ])('without the scope %s', async (scope, method, url, body) => {
    const poor = await world.key(['calls:read'], 'taxi');
    const response = await send(method, url, body, poor);
    expect([response.statusCode, response.json().code]).toEqual([403, 'key/scope']);
    expect(response.json().detail).toContain(scope);
  });
});

describe('blocks, pools, policy, plan and explanations', () => {
  test.each<[string, 'POST' | 'PUT', string, object, string]>([
    ['a block of nobody', 'POST', '/v1/blocks', {}, 'body/person'],
    ['a block of no number', 'POST', '/v1/blocks', { number: 'nobody' }, 'body/number'],
    ['a block of two', 'POST', '/v1/blocks', { number: A, person: 'per_x' }, 'body/number'],
    ['a pool without rules', 'PUT', '/v1/number-pools/north', {}, 'body/coolOffSeconds'],
    [
      'a cool-off of minus one',
      'PUT',
      '/v1/number-pools/north',
      { coolOffSeconds: -1 },
      'body/coolOffSeconds',
    ],
    ['a policy with a field too much', 'PUT', '/v1/routing-policy', { pul: {} }, 'body/pul'],
    [
      'a backend at no URL',
      'PUT',
      '/v1/routing-policy',
      { pull: { url: 'ftp://x.example' } },
      'body/pull/url',
    ],
    ['an operator of no name', 'PUT', '/v1/routing-policy', { ambiguous: ['operator'] }, 'body/operator'],
    ['a plan of nothing', 'POST', '/v1/numbers/plan', {}, 'body'],
    [
      'an order that ends before it begins',
      'POST',
      '/v1/numbers/plan',
      { orders: [{ a: 'a', b: 'b', start: 2, end: 1 }] },
      'body/orders/0/end',
    ],
    [
      'an order of one alone',
      'POST',
      '/v1/numbers/plan',
      { orders: [{ a: 'a', b: 'a', start: 1, end: 2 }] },
      'body/orders/0/b',
    ],
    [
      'a million orders',
      'POST',
      '/v1/numbers/plan',
      { rate: { perHour: 1e6, minutes: 1 } },
      'body/rate/perHour',
    ],
    ['a call of nobody', 'POST', '/v1/explain', { from: 'nobody', to: SERVICE }, 'body/from'],
    ['a call to what is not ours', 'POST', '/v1/explain', { from: A, to: '+442079469999' }, 'body/to'],
    ['a call to another tenant’s number', 'POST', '/v1/explain', { from: A, to: '+442079460457' }, 'body/to'],
  ])('%s', async (_, method, url, body, field) => {
    const { status, fields } = await refusal(body, url, method);
    expect([400, 404, 422]).toContain(status);
    expect(fields).toContain(field);
  });
});
