import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, type World } from './test-support/world.ts';

type Headers = { readonly authorization: string };

let world: World;
/** Makes, reads, sees numbers; of the taxi company only. */
let taxi: Headers;
/** Sees tokens only. */
let blind: Headers;
let delivery: Headers;

const DRIVER = '+447700900301';
const CLIENT = '+447700900302';
/** The service numbers of the taxi company. */
const SERVICE = ['+442079460456', '+442079460501', '+442079460502', '+442079460503'];

beforeAll(async () => {
  world = await createWorld({ rateLimits: { requestsPerMinute: 0 } });
  taxi = await world.key('all', 'taxi');
  blind = await world.key(['sessions:read', 'sessions:write'], 'taxi');
  delivery = await world.key('all', 'delivery');
  for (const number of SERVICE.slice(1)) await send('POST', '/v1/numbers', { kind: 'service', number });
});
afterAll(() => world.close());

const send = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object,
  headers: object = taxi,
) =>
  world.app.inject({ method, url, headers: { ...headers }, ...(payload === undefined ? {} : { payload }) });

let people = 0;
/** Two people whom nobody else knows. */
function pair(): [string, string] {
  people += 2;
  const number = (n: number) => `+44770090${String(1_000 + n)}`;
  return [number(people), number(people + 1)];
}

const two = ([a, b] = pair()) => [
  { number: a, role: 'driver', label: 'order 47' },
  { number: b, role: 'client' },
];

async function make(body: object = {}, headers: object = taxi) {
  const made = await send('POST', '/v1/masking-sessions', { parties: two(), ...body }, headers);
  expect(made.statusCode, made.body).toBe(201);
  return made.json();
}

describe('a masking session', () => {
  test('is made with everything that may be said of it, and shown so', async () => {
    const body = {
      mode: 'axb',
      externalId: 'order 4711',
      parties: [
        {
          number: '+44 (7700) 900-301',
          role: 'driver',
          label: 'order 47',
          announcement: { kind: 'say', text: 'A client of order 47.', language: 'en-GB' },
        },
        { number: CLIENT, role: 'client', label: 'your driver' },
      ],
      ttlSeconds: 3_600,
      sliding: true,
      maxCalls: 10,
      maxCallSeconds: 600,
      oneWayFrom: 'client',
      ringSeconds: 30,
      greeting: { kind: 'play', url: 'https://cdn.example.com/hello.wav' },
      record: true,
      transcribe: true,
      language: 'en-GB',
      number: { prefer: 'any', explicit: SERVICE[0] },
      metadata: { car: 'B 47', note: 'call +447700900999' },
    };
    const session = await make(body);
    const { number: _, parties, ...same } = body;
    expect(session).toMatchObject({
      ...same,
      id: expect.stringMatching(/^ms_[0-9a-f-]{36}$/),
      application: world.applications.taxi,
      status: 'open',
      calls: 0,
      createdAt: expect.stringMatching(/Z$/),
      expiresAt: expect.stringMatching(/Z$/),
    });
    expect(Date.parse(session.expiresAt) - Date.parse(session.createdAt)).toBe(3_600_000);
    expect(session.parties).toEqual([
      {
        ...parties[0],
        number: DRIVER,
        id: expect.any(String),
        person: expect.any(String),
        serviceNumber: SERVICE[0],
      },
      { ...parties[1], id: expect.any(String), person: expect.any(String), serviceNumber: SERVICE[0] },
    ]);
    expect((await send('GET', `/v1/masking-sessions/${session.id}`)).json()).toEqual(session);
  });

  test('shows tokens to a key without numbers:read, and the service number, which is what it wants', async () => {
    const { id, parties } = await make({ metadata: { note: 'call +447700900999' } });
    const seen = await send('GET', `/v1/masking-sessions/${id}`, undefined, blind);
    expect(seen.statusCode).toBe(200);
    for (const [index, party] of seen.json().parties.entries()) {
      expect(party).not.toHaveProperty('number');
      expect(party.person).toBe(parties[index].person);
      expect(SERVICE).toContain(party.serviceNumber);
    }
    expect(seen.body).not.toContain('7700900');
    expect(seen.json().metadata).toEqual({ note: 'call +4•••••••••99' });
    const made = await make({}, blind);
    expect(JSON.stringify(made)).not.toContain('77009');
  });

  test('is nothing to another application', async () => {
    const { id, parties } = await make();
    const tries = await Promise.all([
      send('GET', `/v1/masking-sessions/${id}`, undefined, delivery),
      send('PATCH', `/v1/masking-sessions/${id}`, { maxCalls: 1 }, delivery),
      send('PATCH', `/v1/masking-sessions/${id}/parties/${parties[0].id}`, { role: 'x' }, delivery),
      send('POST', `/v1/masking-sessions/${id}/close`, {}, delivery),
      send('DELETE', `/v1/masking-sessions/${id}`, undefined, delivery),
      send('GET', '/v1/masking-sessions?application=taxi', undefined, delivery),
      send('POST', '/v1/masking-sessions', { application: 'taxi', parties: two() }, delivery),
      send('POST', '/v1/masking-sessions/search', { application: 'taxi' }, delivery),
    ]);
    expect(tries.map(({ statusCode }) => statusCode)).toEqual(Array(8).fill(404));
    const listed = (await send('GET', '/v1/masking-sessions', undefined, delivery)).json().items;
    expect(listed).toEqual([]);
    expect((await send('GET', `/v1/masking-sessions/${id}`)).json()).toMatchObject({ status: 'open' });
  });

  test.each([
    ['axyb', 2],
    ['axn', 1],
    ['axg', 3],
    ['extension', 2],
  ])('of mode %s', async (mode, count) => {
    const numbers = [...pair(), ...pair()].slice(0, count);
    const session = await make({ mode, parties: numbers.map((number) => ({ number })) });
    expect(session).toMatchObject({ mode, status: 'open' });
    expect(session.parties.map(({ number }: { number: string }) => number)).toEqual(numbers);
    const service = new Set(session.parties.map((party: { serviceNumber: string }) => party.serviceNumber));
    expect(service.size).toBe(mode === 'axyb' ? 2 : 1);
    for (const { extension } of session.parties)
      if (mode === 'extension') expect(extension).toMatch(/^\d{4,6}$/);
      else expect(extension).toBeUndefined();
  });
});

describe('lists', () => {
  test('newest first, page by page, by externalId, status and person', async () => {
    const [a, b] = pair();
    const [first, second, third] = [
      await make({ externalId: 'list 1', parties: two([a, b]) }),
      await make({ externalId: 'list 2' }),
      await make({ externalId: 'list 3' }),
    ];
    const all: string[] = [];
    let next: string | undefined;
    do {
      const url = `/v1/masking-sessions?limit=2${next === undefined ? '' : `&cursor=${next}`}`;
      const page = (await send('GET', url)).json();
      all.push(...page.items.map(({ id }: { id: string }) => id));
      next = page.next;
    } while (next !== undefined);
    expect(all.slice(0, 3)).toEqual([third.id, second.id, first.id]);
    expect(new Set(all).size).toBe(all.length);
    const ids = async (query: string) =>
      (await send('GET', `/v1/masking-sessions?${query}`)).json().items.map(({ id }: { id: string }) => id);
    expect(await ids('externalId=list%202')).toEqual([second.id]);
    expect(await ids(`person=${first.parties[1].person}`)).toEqual([first.id]);
    await send('POST', `/v1/masking-sessions/${third.id}/close`, {});
    expect(await ids('status=closed')).toContain(third.id);
    expect(await ids('status=open')).not.toContain(third.id);
    const found = await send('POST', '/v1/masking-sessions/search', { number: a.replace('+44', '00 44 ') });
    expect(found.json().items.map(({ id }: { id: string }) => id)).toEqual([first.id]);
    const nobody = await send('POST', '/v1/masking-sessions/search', { number: '+447700909999' });
    expect(nobody.json()).toEqual({ items: [] });
  });
});

describe('changes', () => {
  test('rules, metadata and time of an open session', async () => {
    const { id, ...before } = await make({
      ttlSeconds: 60,
      maxCalls: 3,
      language: 'en-GB',
      metadata: { a: '1' },
    });
    const change = {
      maxCalls: null,
      record: true,
      metadata: { b: '2' },
      extendSeconds: 7_200,
      ringSeconds: 20,
    };
    const changed = await send('PATCH', `/v1/masking-sessions/${id}`, change);
    expect(changed.statusCode, changed.body).toBe(200);
    const after = changed.json();
    expect(after).toMatchObject({ record: true, metadata: { b: '2' }, ringSeconds: 20, language: 'en-GB' });
    expect(after).not.toHaveProperty('maxCalls');
    expect(Date.parse(after.expiresAt)).toBeGreaterThan(Date.parse(before.expiresAt) + 7_000_000);
    expect(after.parties).toEqual(before.parties);
    expect((await send('GET', `/v1/masking-sessions/${id}`)).json()).toEqual(after);
  });

  test('of a party', async () => {
    const { id, parties } = await make({
      parties: two().map((one) => ({ ...one, announcement: { kind: 'say', text: 'hello' } })),
    });
    const [number] = pair();
    const change = { number, role: 'second driver', label: 'order 48', announcement: null };
    const changed = await send('PATCH', `/v1/masking-sessions/${id}/parties/${parties[0].id}`, change);
    expect(changed.statusCode, changed.body).toBe(200);
    const [party, other] = changed.json().parties;
    expect(party).toMatchObject({ number, role: 'second driver', label: 'order 48', id: parties[0].id });
    expect(party.person).not.toBe(parties[0].person);
    expect(party).not.toHaveProperty('announcement');
    expect(other).toEqual(parties[1]);
  });

  test('that would leave nobody who may call are refused', async () => {
    const { id, parties } = await make({ oneWayFrom: 'driver' });
    const url = (party: number) => `/v1/masking-sessions/${id}/parties/${parties[party].id}`;
    const refused = await send('PATCH', url(0), { role: 'rider' });
    expect([refused.statusCode, refused.json().fields[0].name]).toEqual([400, 'body/role']);
    expect((await send('PATCH', url(1), { role: 'driver' })).statusCode).toBe(200);
    expect((await send('PATCH', url(0), { role: 'rider' })).statusCode).toBe(200);
  });

  test('of a closed session are refused; closing it again is not', async () => {
    const { id, parties } = await make();
    const closed = await send('POST', `/v1/masking-sessions/${id}/close`);
    expect(closed.json()).toMatchObject({ status: 'closed', closedReason: 'asked' });
    expect((await send('POST', `/v1/masking-sessions/${id}/close`, {})).json()).toEqual(closed.json());
    const tries = await Promise.all([
      send('PATCH', `/v1/masking-sessions/${id}`, { extendSeconds: 60 }),
      send('PATCH', `/v1/masking-sessions/${id}/parties/${parties[0].id}`, { role: 'x' }),
    ]);
    for (const { statusCode, json } of tries)
      expect([statusCode, json().code]).toEqual([409, 'masking/session-closed']);
  });

  test('what is not there is 404, and a deleted session is not there', async () => {
    const { id, parties } = await make();
    const other = `/v1/masking-sessions/${id}/parties/nobody`;
    expect((await send('PATCH', other, { role: 'x' })).json().code).toBe('masking/unknown-party');
    expect((await send('DELETE', `/v1/masking-sessions/${id}`)).statusCode).toBe(204);
    for (const [method, url, body] of [
      ['GET', `/v1/masking-sessions/${id}`],
      ['DELETE', `/v1/masking-sessions/${id}`],
      ['PATCH', `/v1/masking-sessions/${id}`, { record: true }],
      ['PATCH', `/v1/masking-sessions/${id}/parties/${parties[0].id}`, { role: 'x' }],
      ['POST', `/v1/masking-sessions/${id}/close`, {}],
    ] as const) {
      const response = await send(method, url, body);
      expect([url, response.statusCode, response.json().code]).toEqual([url, 404, 'masking/unknown-session']);
    }
  });
});

describe('many at once', () => {
  test('each has its own outcome, in order, and what fails stops no other', async () => {
    const [a, b] = pair();
    const sessions = [
      { externalId: 'bulk 1', parties: two() },
      { externalId: 'bulk 1', parties: two() },
      { externalId: 'bulk 2', parties: [{ number: a }, { number: 'nonsense' }] },
      { externalId: 'bulk 3', parties: [{ number: a }, { number: b, label: 'call 0770090' }] },
      { externalId: 'bulk 4', parties: two([a, b]) },
    ];
    const response = await send('POST', '/v1/masking-sessions/bulk', { sessions });
    expect(response.statusCode, response.body).toBe(200);
    const { succeeded, failed, items } = response.json();
    expect([succeeded, failed]).toEqual([2, 3]);
    expect(items[0].session).toMatchObject({ externalId: 'bulk 1', status: 'open' });
    expect(items[1].problem).toMatchObject({ code: 'masking/external-id-taken', status: 409 });
    expect(items[2].problem).toMatchObject({
      code: 'masking/party-invalid',
      fields: [{ name: 'body/sessions/2/parties/1/number' }],
    });
    expect(items[3].problem.fields[0].name).toBe('body/sessions/3/parties/1/label');
    expect(items[4].session).toMatchObject({ externalId: 'bulk 4' });
    const ids = [items[0].session.id, 'ms_nothing', items[4].session.id];
    const closed = (await send('POST', '/v1/masking-sessions/bulk-close', { ids })).json();
    expect(closed).toMatchObject({ succeeded: 2, failed: 1 });
    expect(closed.items[1].problem).toMatchObject({
      code: 'masking/unknown-session',
      fields: [{ name: 'body/ids/1' }],
    });
    expect(closed.items[2].session).toMatchObject({ id: ids[2], status: 'closed' });
  });

  // Most of them are refused before the database is asked: what a thousand cost there is measured by bench/masking-create.ts.
  test('a thousand fit, one more does not', async () => {
    const sessions = Array.from({ length: 1_000 }, (_, index) => ({
      externalId: `thousand ${index}`,
      parties: index % 50 === 0 ? two() : [{ number: 'nobody' }, { number: CLIENT }],
    }));
    const made = (await send('POST', '/v1/masking-sessions/bulk', { sessions })).json();
    expect(made).toMatchObject({ succeeded: 20, failed: 980 });
    for (const [index, { session }] of made.items.entries())
      expect(session?.externalId).toBe(index % 50 === 0 ? `thousand ${index}` : undefined);
    const ids = sessions.map((_, index) => made.items[index].session?.id ?? `ms_${index}`);
    const closed = (await send('POST', '/v1/masking-sessions/bulk-close', { ids })).json();
    expect(closed).toMatchObject({ succeeded: 20, failed: 980 });
    const more = await send('POST', '/v1/masking-sessions/bulk', { sessions: [...sessions, sessions[0]] });
    expect([more.statusCode, more.json().fields[0].name]).toEqual([400, 'body/sessions']);
    const tooMany = await send('POST', '/v1/masking-sessions/bulk-close', { ids: [...ids, 'ms_more'] });
    expect([tooMany.statusCode, tooMany.json().fields[0].name]).toEqual([400, 'body/ids']);
  });
});

describe('Idempotency-Key', () => {
  const count = async () =>
    (await send('GET', '/v1/masking-sessions?limit=200&status=open')).json().items.length as number;

  test('the same request makes one session, and is told of it each time', async () => {
    const body = { externalId: 'once', parties: two() };
    const headers = { ...taxi, 'idempotency-key': 'k-once' };
    const before = await count();
    const answers = await Promise.all(
      [1, 2, 3].map(() => send('POST', '/v1/masking-sessions', body, headers)),
    );
    const again = await send('POST', '/v1/masking-sessions', body, headers);
    for (const answer of [...answers, again]) {
      expect(answer.statusCode, answer.body).toBe(201);
      expect(answer.json()).toEqual(again.json());
    }
    expect(await count()).toBe(before + 1);
    const other = await send('POST', '/v1/masking-sessions', { ...body, record: true }, headers);
    expect([other.statusCode, other.json().code]).toEqual([422, 'request/other-body']);
    // Another API key's keys are its own.
    const theirs = { ...(await world.key('all', 'taxi')), 'idempotency-key': 'k-once' };
    expect((await send('POST', '/v1/masking-sessions', body, theirs)).json().code).toBe(
      'masking/external-id-taken',
    );
  });

  test('a request whose process died after it was carried out finds its session', async () => {
    const body = { externalId: 'died', parties: two() };
    const headers = { ...taxi, 'idempotency-key': 'k-died' };
    const { idempotency } = world.options;
    const finish = idempotency.finish.bind(idempotency);
    idempotency.finish = () => Promise.reject(new Error('the process is gone'));
    const first = await send('POST', '/v1/masking-sessions', body, headers);
    idempotency.finish = finish;
    const again = await send('POST', '/v1/masking-sessions', body, headers);
    expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
  });

  test('a refusal frees the key; the session that was deleted meanwhile is not made again', async () => {
    const headers = { ...taxi, 'idempotency-key': 'k-free' };
    const taken = await make({ externalId: 'taken' });
    const body = { externalId: 'taken', parties: two() };
    expect((await send('POST', '/v1/masking-sessions', body, headers)).statusCode).toBe(409);
    await send('POST', `/v1/masking-sessions/${taken.id}/close`, {});
    const made = await send('POST', '/v1/masking-sessions', body, headers);
    expect(made.statusCode, made.body).toBe(201);
    await send('DELETE', `/v1/masking-sessions/${made.json().id}`);
    expect((await send('POST', '/v1/masking-sessions', body, headers)).json().code).toBe(
      'masking/unknown-session',
    );
  });

  test('of a bulk request: as many sessions as before, whether it ended or not', async () => {
    const sessions = [
      { externalId: 'bulk once 1', parties: two() },
      { externalId: 'bulk once 2', parties: [{ number: 'x y z' }, { number: CLIENT }] },
      { externalId: 'bulk once 3', parties: two() },
    ];
    const headers = { ...taxi, 'idempotency-key': 'k-bulk' };
    const { idempotency } = world.options;
    const finish = idempotency.finish.bind(idempotency);
    idempotency.finish = () => Promise.reject(new Error('the process is gone'));
    const first = (await send('POST', '/v1/masking-sessions/bulk', { sessions }, headers)).json();
    idempotency.finish = finish;
    const before = await count();
    const second = (await send('POST', '/v1/masking-sessions/bulk', { sessions }, headers)).json();
    const third = (await send('POST', '/v1/masking-sessions/bulk', { sessions }, headers)).json();
    expect(await count()).toBe(before);
    for (const answer of [second, third]) {
      expect(answer).toMatchObject({ succeeded: 2, failed: 1 });
      expect(answer.items[0]).toEqual(first.items[0]);
      expect(answer.items[1].problem.fields).toEqual(first.items[1].problem.fields);
      expect(answer.items[2]).toEqual(first.items[2]);
    }
  });
});
