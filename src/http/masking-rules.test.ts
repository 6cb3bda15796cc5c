/** Blocks, pools, the routing policy, explanations and plans, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, NUMBERS, type World } from './test-support/world.ts';

let world: World;
let taxi: { readonly authorization: string };
let delivery: { readonly authorization: string };
/** May ask and change, and sees no number. */
let blind: { readonly authorization: string };

const A = '+447700900401';
const B = '+447700900402';
const SERVICE = NUMBERS.service.reveal('leak-scan');

beforeAll(async () => {
  world = await createWorld({ rateLimits: { requestsPerMinute: 0 } });
  taxi = await world.key('all', 'taxi');
  delivery = await world.key('all', 'delivery');
  blind = await world.key(['policy:read', 'policy:write', 'sessions:read'], 'taxi');
});
afterAll(() => world.close());

const send = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object,
  headers: object = taxi,
) =>
  world.app.inject({ method, url, headers: { ...headers }, ...(payload === undefined ? {} : { payload }) });

const explain = async (body: object, headers: object = taxi) => {
  const response = await send('POST', '/v1/explain', body, headers);
  expect(response.statusCode, response.body).toBe(200);
  return response.json();
};

describe('what would become of a call', () => {
  let session: {
    readonly id: string;
    readonly parties: readonly { readonly id: string; readonly person: string }[];
  };
  beforeAll(async () => {
    const parties = [
      { number: A, role: 'driver', label: 'order 47' },
      { number: B, role: 'client', announcement: { kind: 'say', text: 'Your driver calls.' } },
    ];
    const body = {
      parties,
      greeting: { kind: 'say', text: 'Please hold.' },
      maxCallSeconds: 600,
      record: true,
    };
    session = (await send('POST', '/v1/masking-sessions', body)).json();
  });

  test('of a party: who is called, what both sides notice, and why', async () => {
    const told = await explain({ from: '0044 7700 900401', to: SERVICE });
    expect(told.decision).toEqual({
      kind: 'connect',
      session: session.id,
      callees: [
        {
          party: session.parties[1]?.id,
          number: B,
          sees: SERVICE,
          announcement: { kind: 'say', text: 'Your driver calls.' },
        },
      ],
      greeting: { kind: 'say', text: 'Please hold.' },
      maxCallSeconds: 600,
      record: true,
      transcribe: false,
      language: 'en-US',
    });
    expect([told.callerHears, told.calleeSees]).toEqual([['Please hold.'], [SERVICE]]);
    expect(told.steps[0]).toMatchObject({ step: 'session', verdict: 'decided' });
  });

  test('a key without numbers:read sees parties and no numbers of theirs', async () => {
    const told = await explain({ from: A, to: SERVICE }, blind);
    expect(JSON.stringify(told)).not.toContain('7700900');
    expect(told.decision.callees[0]).toMatchObject({ party: session.parties[1]?.id, sees: SERVICE });
  });

  test('of a stranger: what the policy says', async () => {
    const policy = {
      unknown: { kind: 'announce', announcement: { kind: 'say', text: 'Nobody knows you.' } },
    };
    expect((await send('PUT', '/v1/routing-policy', policy)).statusCode).toBe(200);
    const told = await explain({ from: '+447700900499', to: SERVICE });
    expect(told.decision).toEqual({
      kind: 'play',
      announcement: { kind: 'say', text: 'Nobody knows you.' },
    });
    expect(told.callerHears).toEqual(['Nobody knows you.']);
    await send('PUT', '/v1/routing-policy', {});
    const refused = await explain({ from: '+447700900499', to: SERVICE });
    expect(refused.decision).toMatchObject({ kind: 'reject', reason: 'unknown-caller' });
    // It is the script that speaks, and the shipped one does.
    expect(refused.callerHears).toEqual(['what the scenario says when it refuses a call: unknown-caller']);
    expect(refused.calleeSees).toEqual([]);
  });

  test('of somebody who is blocked, until the block is removed', async () => {
    const made = await send('POST', '/v1/blocks', {
      number: A,
      counterpartNumber: B,
      reason: 'asked by phone',
    });
    expect(made.statusCode, made.body).toBe(201);
    const block = made.json();
    expect(block).toMatchObject({
      person: session.parties[0]?.person,
      counterpart: session.parties[1]?.person,
      direction: 'both',
      by: 'application',
      reason: 'asked by phone',
    });
    expect(made.body).not.toContain('7700900');
    expect((await explain({ from: A, to: SERVICE })).decision).toMatchObject({
      kind: 'reject',
      reason: 'blocked',
    });
    expect((await send('GET', '/v1/blocks')).json().items).toEqual([block]);
    expect((await send('GET', '/v1/blocks', undefined, delivery)).json().items).toEqual([]);
    expect((await send('DELETE', `/v1/blocks/${block.id}`, undefined, delivery)).statusCode).toBe(404);
    expect((await send('DELETE', `/v1/blocks/${block.id}`)).statusCode).toBe(204);
    expect((await send('DELETE', `/v1/blocks/${block.id}`)).statusCode).toBe(404);
    expect((await explain({ from: A, to: SERVICE })).decision.kind).toBe('connect');
  });

  test('a block by token, for a time, made once', async () => {
    const body = { person: session.parties[1]?.person, direction: 'from', by: 'party', ttlSeconds: 60 };
    const headers = { ...taxi, 'idempotency-key': 'block' };
    const made = (await send('POST', '/v1/blocks', body, headers)).json();
    expect((await send('POST', '/v1/blocks', body, headers)).json()).toEqual(made);
    expect((await send('GET', '/v1/blocks?limit=1')).json()).toEqual({ items: [made] });
    expect(Date.parse(made.expiresAt) - Date.parse(made.createdAt)).toBeLessThanOrEqual(60_000);
    expect((await explain({ from: B, to: SERVICE })).decision.kind).toBe('reject');
    expect((await explain({ from: A, to: SERVICE })).decision.kind).toBe('connect');
    world.time.aheadMs = 61_000;
    expect((await send('GET', '/v1/blocks')).json().items).toEqual([]);
    expect((await explain({ from: B, to: SERVICE })).decision.kind).toBe('connect');
    world.time.aheadMs = 0;
    await send('DELETE', `/v1/blocks/${made.id}`);
  });

  test('blocks come page by page', async () => {
    const made: string[] = [];
    for (const n of [1, 2, 3])
      made.push((await send('POST', '/v1/blocks', { number: `+44770090050${n}` })).json().id);
    const first = (await send('GET', '/v1/blocks?limit=2')).json();
    const second = (await send('GET', `/v1/blocks?limit=2&cursor=${first.next}`)).json();
    const ids = [...first.items, ...second.items].map(({ id }: { id: string }) => id);
    expect(ids.toSorted()).toEqual(made.toSorted());
    expect(second).not.toHaveProperty('next');
    const foreign = await send('GET', `/v1/blocks?limit=2&cursor=${first.next}`, undefined, delivery);
    expect([foreign.statusCode, foreign.json().code]).toEqual([400, 'request/cursor']);
    const other = await send('GET', `/v1/masking-sessions?cursor=${first.next}`);
    expect([other.statusCode, other.json().code]).toEqual([400, 'request/cursor']);
  });
});

describe('the routing policy', () => {
  test('is the default until one is put, and then that, with defaults for what it leaves out', async () => {
    const before = (await send('GET', '/v1/routing-policy')).json();
    expect(before).toMatchObject({ ambiguous: ['menu', 'extension'], unknown: { kind: 'reject' } });
    const policy = {
      ambiguous: ['most-recent', 'pull', 'menu', 'operator'],
      mostRecentSeconds: 600,
      pull: { url: 'https://backend.example.com/who' },
      operator: 'desk',
      intercept: { url: 'https://backend.example.com/veto', whenSilent: 'allow' },
      expired: { kind: 'operator', user: 'desk', announcement: { kind: 'say', text: 'One moment.' } },
      attemptsPerHour: 20,
      language: 'ru-RU',
    };
    const put = await send('PUT', '/v1/routing-policy', policy);
    expect(put.statusCode, put.body).toBe(200);
    expect(put.json()).toMatchObject(policy);
    expect(put.json().pull).toMatchObject({ timeoutMs: expect.any(Number), numbers: false });
    expect((await send('GET', '/v1/routing-policy')).json()).toEqual(put.json());
    expect((await send('GET', '/v1/routing-policy', undefined, delivery)).json()).toEqual(before);
    // What is given back can be put.
    expect((await send('PUT', '/v1/routing-policy', put.json())).json()).toEqual(put.json());
    await send('PUT', '/v1/routing-policy', {});
    expect((await send('GET', '/v1/routing-policy')).json()).toEqual(before);
  });

  test('of one application, which has to be named when there are several', async () => {
    const unbound = await world.key('all');
    const which = await send('GET', '/v1/routing-policy', undefined, unbound);
    expect([which.statusCode, which.json().code]).toEqual([422, 'application/which']);
    expect((await send('GET', '/v1/routing-policy?application=taxi', undefined, unbound)).statusCode).toBe(
      200,
    );
    expect((await send('PUT', '/v1/routing-policy?application=taxi', {}, delivery)).statusCode).toBe(404);
  });

  test('its secrets: one at first, two for a day after a change, and each reading is in the audit log', async () => {
    const read = async () => (await send('GET', '/v1/routing-policy/secrets')).json().secrets as string[];
    const [first, ...others] = await read();
    expect(first).toMatch(/^whsec_/);
    expect(others).toEqual([]);
    const { secret } = (await send('POST', '/v1/routing-policy/rotate-secret')).json();
    expect(await read()).toEqual([secret, first]);
    const { items } = await world.storage.audit.list(
      { applicationId: world.applications.taxi, action: 'backend.secret-shown' },
      { limit: 10 },
    );
    expect(items).toHaveLength(3);
    expect(JSON.stringify(items)).not.toContain('whsec_');
  });
});

describe('numbers and their pools', () => {
  const numbers = async (query = '') =>
    (await send('GET', `/v1/numbers${query}`)).json().items as {
      id: string;
      number: string;
      pool?: string;
    }[];

  test('a number is put into a pool, tagged and quarantined, and found so', async () => {
    const added = await send('POST', '/v1/numbers', {
      kind: 'service',
      number: '+442079460511',
      label: 'north',
    });
    const { id } = added.json();
    const pool = { coolOffSeconds: 60, sharing: true };
    const put = await send('PUT', '/v1/number-pools/north', pool);
    expect(put.json()).toMatchObject({ name: 'north', application: world.applications.taxi, ...pool });
    expect((await send('PUT', '/v1/number-pools/north', { coolOffSeconds: 90 })).json()).toMatchObject({
      id: put.json().id,
      coolOffSeconds: 90,
      sharing: false,
    });
    const change = {
      ...{ pool: 'north', region: 'north', tags: ['gold', 'mobile'], label: 'the north' },
      ...{ status: 'quarantined', quarantineReason: 'marked as spam' },
    };
    const changed = await send('PATCH', `/v1/numbers/${id}`, change);
    expect(changed.statusCode, changed.body).toBe(200);
    expect(changed.json()).toMatchObject({ id, country: 'GB', sessions: 0, ...change });
    expect(await numbers('?pool=north')).toEqual([changed.json()]);
    for (const query of ['?region=north', '?tag=gold', '?status=quarantined'])
      expect((await numbers(query)).map((one) => one.id)).toEqual([id]);
    expect((await numbers('?pool=default')).map(({ number }) => number)).toEqual([SERVICE]);
    const quarantined = {
      parties: [{ number: '+447700900601' }, { number: '+447700900602' }],
      number: { pool: 'north' },
    };
    expect((await send('POST', '/v1/masking-sessions', quarantined)).json().code).toBe('masking/no-number');
    await send('PATCH', `/v1/numbers/${id}`, { status: 'active', region: null, tags: [] });
    const session = (await send('POST', '/v1/masking-sessions', quarantined)).json();
    expect(session.parties[0].serviceNumber).toBe('+442079460511');
    expect((await numbers('?pool=north'))[0]).toMatchObject({ sessions: 1, status: 'active', tags: [] });
    expect((await numbers('?pool=north'))[0]).not.toHaveProperty('region');
    // What live sessions have stays.
    const removed = await send('DELETE', `/v1/numbers/${id}`);
    expect([removed.statusCode, removed.json().code]).toEqual([409, 'entry/in-use']);
    await send('POST', `/v1/masking-sessions/${session.id}/close`, {});
    expect((await send('DELETE', '/v1/number-pools/north')).statusCode).toBe(204);
    expect((await send('DELETE', '/v1/number-pools/north')).json().code).toBe('masking/unknown-pool');
    expect((await numbers('?pool=default')).map((one) => one.id)).toContain(id);
    const names = (await send('GET', '/v1/number-pools'))
      .json()
      .items.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['default']);
  });

  test('what cannot be changed: another tenant’s, a verified one, the label of a declared one, a pool that is not there', async () => {
    const own = (await numbers()).find(({ number }) => number === SERVICE);
    const url = `/v1/numbers/${own?.id}`;
    expect((await send('PATCH', url, { tags: ['x'] }, delivery)).statusCode).toBe(404);
    expect((await send('PATCH', url, { label: 'x' })).json().code).toBe('entry/declared');
    expect((await send('PATCH', url, { pool: 'nowhere' })).json().code).toBe('masking/unknown-pool');
    const verified = await send('POST', '/v1/numbers', { kind: 'verified', number: '+447700900603' });
    expect((await send('PATCH', `/v1/numbers/${verified.json().id}`, { tags: ['x'] })).json().code).toBe(
      'entry/invalid',
    );
    expect((await send('DELETE', '/v1/number-pools/north', undefined, delivery)).statusCode).toBe(404);
  });
});

describe('how many numbers orders need', () => {
  test('from orders, with times as text or in seconds', async () => {
    const orders = [
      { a: 'driver', b: 'first', start: '2026-03-01T08:00:00Z', end: '2026-03-01T08:30:00Z' },
      {
        a: 'driver',
        b: 'second',
        start: Date.parse('2026-03-01T08:40:00Z') / 1_000,
        end: '2026-03-01T09:00:00Z',
      },
    ];
    const plan = async (more: object) => (await send('POST', '/v1/numbers/plan', { orders, ...more })).json();
    expect(await plan({})).toEqual({ orders: 2, numbers: 2, lowerBound: 2, atOnce: 1 });
    expect(await plan({ coolOffMinutes: 5 })).toEqual({ orders: 2, numbers: 1, lowerBound: 1, atOnce: 1 });
  });

  test('from a rate, as the command line says', async () => {
    const rate = { perHour: 60, minutes: 30, held: 2 };
    const plan = (await send('POST', '/v1/numbers/plan', { rate })).json();
    expect(plan.orders).toBe(1_440);
    expect(plan.numbers).toBe(plan.lowerBound);
  });

  test('while a large one is planned, others are answered', async () => {
    const order: string[] = [];
    const large = send('POST', '/v1/numbers/plan', { rate: { perHour: 2_000, minutes: 60, held: 5 } }).then(
      (response) => order.push(`plan ${response.statusCode}`),
    );
    const small = send('GET', '/health').then((response) => order.push(`health ${response.statusCode}`));
    await Promise.all([large, small]);
    expect(order).toEqual(['health 200', 'plan 200']);
  });
});

test('[row 31] a clock that jumps brings nobody together: expired sessions are closed, and their number cools off', async () => {
  const make = (body: object) => send('POST', '/v1/masking-sessions', body, delivery);
  const parties = (...all: string[]) => all.map((number) => ({ number }));
  const [C, D, E] = ['+447700900701', '+447700900702', '+447700900703'];
  const first = (await make({ parties: parties(C, D), ttlSeconds: 60, externalId: 'jump' })).json();
  const get = async () => (await send('GET', `/v1/masking-sessions/${first.id}`, undefined, delivery)).json();
  world.time.aheadMs = 61_000;
  expect(await get()).toMatchObject({ status: 'closed' });
  expect((await make({ parties: parties(C, E) })).json().code).toBe('masking/no-number');
  world.time.aheadMs = -86_400_000;
  expect((await make({ parties: parties(C, E) })).json().code).toBe('masking/no-number');
  world.time.aheadMs = 400 * 86_400_000;
  const later = await make({ parties: parties(C, E), externalId: 'jump' });
  expect(later.statusCode, later.body).toBe(201);
  // The clock is set right again; the number is theirs, and the first session stays over.
  world.time.aheadMs = 0;
  expect(await get()).toMatchObject({ status: 'closed' });
  expect((await make({ parties: parties(C, D) })).json().code).toBe('masking/no-number');
  expect(
    (await send('GET', `/v1/masking-sessions/${later.json().id}`, undefined, delivery)).json(),
  ).toMatchObject({
    status: 'open',
  });
});
