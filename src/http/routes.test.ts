import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { START } from '../../test/kit/call-records.ts';
import type { EventLog } from '../scenario/event-log.ts';
import { storeCall } from './test-support/calls.ts';
import { createWorld, type World } from './test-support/world.ts';

let world: World;
let headers: { authorization: string };
beforeAll(async () => {
  world = await createWorld();
  headers = await world.key('all');
  for (let n = 1; n <= 5; n++) await storeCall(world, `call-${n}`, 'taxi', START + n * 60_000);
});
afterAll(() => world.close());

const get = (url: string) => world.app.inject({ url, headers });
const send = (method: 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) =>
  world.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });

describe('the node', () => {
  test('GET /health lives, without a key', async () => {
    const response = await world.app.inject('/health');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ ok: true });
  });

  test('GET /ready says what fails', async () => {
    expect((await world.app.inject('/ready')).statusCode).toBe(200);
    world.ready = { ok: false, checks: { database: 'ok', media: 'no worker answers +447700900101' } };
    const response = await world.app.inject('/ready');
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({
      ok: false,
      checks: { database: 'ok', media: 'no worker answers +4•••••••••01' },
    });
  });

  test('a node is taken out of service and back', async () => {
    const headers = await world.key(['node:write', 'metrics:read']);
    const put = (draining: unknown) =>
      world.app.inject({ method: 'PUT', url: '/v1/node/drain', headers, payload: { draining } });
    expect((await put(true)).json()).toEqual({ node: 'maskline-1', draining: true, calls: 3 });
    const seen = await world.app.inject({ method: 'GET', url: '/v1/node', headers });
    expect(seen.json()).toMatchObject({ draining: true });
    expect((await put(false)).json()).toMatchObject({ draining: false });
    expect((await put('perhaps')).statusCode).toBe(400);
  });

  test('GET /metrics is Prometheus text', async () => {
    const response = await get('/metrics');
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.body).toBe('maskline_calls 3\n');
  });

  test('no answer names the framework, allows other origins, or may be kept', async () => {
    const response = await get('/v1/calls');
    expect(response.headers).not.toHaveProperty('server');
    expect(response.headers).not.toHaveProperty('x-powered-by');
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
    expect(response.headers['cache-control']).toBe('no-store');
  });
});

describe('calls', () => {
  test('GET /v1/calls goes through all pages, newest first', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = (await get(`/v1/calls?limit=2${cursor}`)).json();
      seen.push(...page.items.map(({ id }: { id: string }) => id));
      cursor = page.next === undefined ? '' : `&cursor=${page.next}`;
    } while (cursor !== '');
    expect(seen).toEqual(['call-5', 'call-4', 'call-3', 'call-2', 'call-1']);
  });

  test('GET /v1/calls/:id has legs and times', async () => {
    const call = (await get('/v1/calls/call-1')).json();
    expect(call).toMatchObject({
      id: 'call-1',
      application: world.applications.taxi,
      status: 'completed',
      rule: 'all',
      scenario: 'masking',
      startedAt: '2026-01-01T00:01:00.000Z',
      endedAt: '2026-01-01T00:01:10.000Z',
      recordings: [],
    });
    expect(call.legs).toHaveLength(2);
    expect(call.legs[0]).toMatchObject({ direction: 'inbound', callerid: '+447700900101' });
    expect(call.legs[1]).toMatchObject({
      direction: 'outbound',
      durationSeconds: 4,
      code: 200,
      endedBy: 'remote',
      media: { packetsReceived: 200 },
    });
  });

  test('GET /v1/calls/:id/events goes through all pages in order', async () => {
    const first = (await get('/v1/calls/call-1/events?limit=2')).json();
    expect(first.items.map(({ position }: { position: number }) => position)).toEqual([1, 2]);
    expect(first.items[0].detail).toEqual({ message: 'the passenger is +447700900202' });
    const second = (await get(`/v1/calls/call-1/events?limit=2&cursor=${first.next}`)).json();
    expect(second.items.map(({ position }: { position: number }) => position)).toEqual([3]);
    expect(second.next).toBeUndefined();
  });

  test.each([
    ['/v1/calls?cursor=nonsense', 'request/cursor'],
    ['/v1/calls/call-1/events?cursor=nonsense', 'request/cursor'],
    ['/v1/calls?limit=0', 'request/invalid'],
    ['/v1/calls?limit=201', 'request/invalid'],
    ['/v1/calls?limit=many', 'request/invalid'],
    ['/v1/calls?page=2', 'request/invalid'],
    ['/v1/calls/%00', 'request/invalid'],
    ['/v1/calls/%ff', 'request/malformed'],
    [`/v1/calls/${'x'.repeat(300)}`, 'request/malformed'],
  ])('%s is 400 %s', async (url, code) => {
    const response = await get(url);
    expect(response.statusCode).toBe(400);
    expect(response.json().code).toBe(code);
    expect(response.headers['content-type']).toContain('application/problem+json');
  });

  test('a cursor of the right form with a date beyond all calendars is no fault', async () => {
    const list = (at: string) => get(`/v1/calls?cursor=${Buffer.from(`${at} x`).toString('base64url')}`);
    const response = await list('999999999999999');
    expect(response.statusCode).toBe(400);
    expect(response.json().code).toBe('request/cursor');
    expect((await list('0')).json()).toEqual({ items: [] });
  });

  test('a call that is not there', async () => {
    for (const url of ['/v1/calls/nothing', '/v1/calls/nothing/events']) {
      const response = await get(url);
      expect(response.statusCode).toBe(404);
      expect(response.json().code).toBe('call/unknown');
    }
  });
});

describe('event logs of scenarios, for running them again', () => {
  const started = { type: 'started', at: START, seed: 7, sessionId: 'call-1', applicationId: 'taxi' };
  const log = {
    ...{ sessionId: 'call-1', at: START, scripts: [{ name: 'menu', sha256: 'ab' }], started, omitted: 2 },
    turns: [
      {
        event: { type: 'call-tone', at: START, callId: 'call-in', tone: '1' },
        commands: ['{"to":"+447700900202"}'],
      },
    ],
  } as unknown as EventLog;

  test('numbers and pressed keys are for keys that may read numbers', async () => {
    await world.storage.eventLogs.append([log]);
    await world.storage.eventLogs.append([log]);
    const clear = await get('/v1/calls/call-1/replay');
    expect(clear.json()).toEqual({ numbers: true, log });
    const hidden = await world.app.inject({
      url: '/v1/calls/call-1/replay',
      headers: await world.key(['traces:read']),
    });
    expect(hidden.json().numbers).toBe(false);
    expect(hidden.json().log.turns).toMatchObject([
      { event: { tone: '•' }, commands: ['{"to":"+4•••••••••02"}'] },
    ]);
  });

  test('who may not, and what is not there', async () => {
    const as = async (...scopes: Parameters<World['key']>) =>
      (await world.app.inject({ url: '/v1/calls/call-1/replay', headers: await world.key(...scopes) }))
        .statusCode;
    expect(await as(['calls:read'])).toBe(403);
    expect(await as(['traces:read'], 'delivery')).toBe(404);
    expect((await get('/v1/calls/call-2/replay')).json().detail).toContain('Nothing is kept');
  });

  test('what is too old, or too much, goes', async () => {
    const { eventLogs } = world.storage;
    await eventLogs.append([
      { ...log, sessionId: 'old', at: START - 1 },
      { ...log, sessionId: 'new', at: START + 1 },
    ]);
    expect(await eventLogs.purge(START, 1_000_000)).toBe(1);
    expect(await eventLogs.purge(0, 1)).toBe(2);
    expect(await eventLogs.read('new')).toBeUndefined();
  });
});

describe('numbers', () => {
  test('are added in any spelling, listed, and removed', async () => {
    const made = await send('POST', '/v1/numbers', {
      kind: 'verified',
      number: '+44 (20) 7946-0789',
      label: 'the office',
      application: 'taxi',
    });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toMatchObject({
      kind: 'verified',
      number: '+442079460789',
      label: 'the office',
      declared: false,
      application: world.applications.taxi,
    });
    const { id } = made.json();
    const list = (await get('/v1/numbers?application=taxi')).json().items as { id: string }[];
    expect(list.map((entry) => entry.id)).toContain(id);
    expect((await send('DELETE', `/v1/numbers/${id}`)).statusCode).toBe(204);
    expect((await send('DELETE', `/v1/numbers/${id}`)).statusCode).toBe(404);
  });

  test('one that is held already is 409', async () => {
    const body = { kind: 'service', number: '+442079460456', application: 'delivery' };
    const response = await send('POST', '/v1/numbers', body);
    expect(response.statusCode).toBe(409);
    expect(response.json().code).toBe('entry/conflict');
  });

  test('one of the settings file stays', async () => {
    const [entry] = (await get('/v1/numbers?application=taxi')).json().items as { id: string }[];
    const response = await send('DELETE', `/v1/numbers/${entry?.id}`);
    expect(response.statusCode).toBe(409);
    expect(response.json().code).toBe('entry/declared');
  });

  test.each(['driver', '1234', '+999999999999999'])('%s is no number: 422', async (number) => {
    const response = await send('POST', '/v1/numbers', { kind: 'service', number, application: 'taxi' });
    expect(response.statusCode).toBe(422);
    expect(response.json().code).toBe('entry/invalid');
  });

  test('what is missing is named', async () => {
    const response = await send('POST', '/v1/numbers', { kind: 'other', application: 'taxi' });
    expect(response.statusCode).toBe(400);
    const names = response.json().fields.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['body/number', 'body/kind']));
  });
});

describe('scenarios', () => {
  test('are made, replaced, read and removed', async () => {
    const url = '/v1/scenarios/confirm?application=taxi';
    const put = async (source: string) => await send('PUT', url, { source });
    expect((await put('one')).statusCode).toBe(201);
    expect((await put('two')).json()).toEqual({ outcome: 'updated' });
    expect((await put('two')).json()).toEqual({ outcome: 'unchanged' });
    expect((await get(url)).json()).toMatchObject({ name: 'confirm', source: 'two', declared: false });
    const names = (await get('/v1/scenarios?application=taxi')).json().items as { name: string }[];
    expect(names.map(({ name }) => name).sort()).toEqual(['confirm', 'masking']);
    expect(names.every((entry) => !('source' in entry))).toBe(true);
    expect((await send('DELETE', url)).statusCode).toBe(204);
    expect((await get(url)).statusCode).toBe(404);
  });

  test('one of the settings file stays', async () => {
    const url = '/v1/scenarios/masking?application=taxi';
    expect((await send('PUT', url, { source: 'other' })).json()).toMatchObject({
      status: 409,
      code: 'entry/declared',
    });
    expect((await send('DELETE', url)).json()).toMatchObject({ status: 409, code: 'entry/declared' });
  });

  test('names that would not stand in a URL, and sources that are too long, are refused', async () => {
    const put = (name: string, source: string) =>
      send('PUT', `/v1/scenarios/${name}?application=taxi`, { source });
    expect((await put('a%20b', '')).statusCode).toBe(400);
    expect((await put('ok', 'x'.repeat(256 * 1024 + 1))).statusCode).toBe(400);
    expect((await put('ok', 'a\u0000b')).statusCode).toBe(400);
    expect((await put('ok', 'x'.repeat(1024 * 1024))).statusCode).toBe(413);
  });

  test('an application that is not there is 404', async () => {
    expect((await get('/v1/scenarios?application=nothing')).json().code).toBe('application/unknown');
  });
});

describe('trunks and users', () => {
  test('GET /v1/trunks has the registration and no secret', async () => {
    world.trunk = {
      registered: false,
      lastError: 'the credentials were refused',
      health: { state: 'down', since: 0, reason: 'no answer to OPTIONS' },
      calls: { inbound: 0, outbound: 2 },
    };
    const response = await get('/v1/trunks');
    expect(response.json().items).toEqual([
      {
        id: expect.any(String),
        name: 'carrier',
        host: 'sip.example.net',
        transport: 'udp',
        prefixes: ['+44'],
        priority: 1,
        register: true,
        registered: false,
        lastError: 'the credentials were refused',
        state: 'down',
        stateSince: '1970-01-01T00:00:00.000Z',
        stateReason: 'no answer to OPTIONS',
        calls: { inbound: 0, outbound: 2 },
      },
    ]);
    expect(response.body).not.toContain('trunk-password');
  });

  test('GET /v1/users has the accounts and no digest', async () => {
    const response = await get('/v1/users?application=taxi');
    expect(response.json().items).toEqual([
      {
        id: expect.any(String),
        application: world.applications.taxi,
        username: 'taxi-driver',
        number: '+447700900101',
        registered: 0,
      },
    ]);
    expect(response.body).not.toContain('aaaaaaaa');
  });
});

describe('keys', () => {
  test('are made, shown once, listed and revoked', async () => {
    const made = await send('POST', '/v1/keys', {
      name: 'reader',
      scopes: ['calls:read', 'calls:read'],
      application: 'taxi',
    });
    expect(made.statusCode).toBe(201);
    const { id, secret, application, scopes } = made.json();
    expect(application).toBe(world.applications.taxi);
    expect(scopes).toEqual(['calls:read']);
    const authorization = `Bearer ${secret}`;
    expect((await world.app.inject({ url: '/v1/calls', headers: { authorization } })).statusCode).toBe(200);
    const list = await get('/v1/keys');
    expect(list.body).toContain(id);
    expect(list.body).not.toContain(secret);
    expect((await send('DELETE', `/v1/keys/${id}`)).statusCode).toBe(204);
    expect((await world.app.inject({ url: '/v1/calls', headers: { authorization } })).statusCode).toBe(401);
    expect((await send('DELETE', `/v1/keys/${id}`)).statusCode).toBe(404);
  });

  test('cannot give what they do not have: neither scopes nor applications', async () => {
    const weak = await world.key(['keys:write'], 'taxi');
    const make = (payload: object) =>
      world.app.inject({ method: 'POST', url: '/v1/keys', headers: weak, payload });
    expect((await make({ name: 'x', scopes: ['calls:read'] })).statusCode).toBe(403);
    expect((await make({ name: 'x', scopes: ['keys:write'], application: 'delivery' })).statusCode).toBe(404);
    const made = await make({ name: 'x', scopes: ['keys:write'] });
    expect(made.json().application).toBe(world.applications.taxi);
    const others = await world.storage.apiKeys.list();
    const unbound = others.find(({ applicationId }) => applicationId === undefined)?.id ?? '';
    const revoked = await world.app.inject({ method: 'DELETE', url: `/v1/keys/${unbound}`, headers: weak });
    expect(revoked.statusCode).toBe(404);
  });

  test('a scope that there is not', async () => {
    const response = await send('POST', '/v1/keys', { name: 'x', scopes: ['everything'] });
    expect(response.statusCode).toBe(400);
    expect(response.json().fields[0].name).toBe('body/scopes/0');
  });
});

describe('routes that there are not', () => {
  test('[RFC 9110 §15.5.6] another method is 405 with Allow', async () => {
    const response = await send('DELETE', '/v1/calls/call-1');
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe('GET, HEAD');
    expect(response.json().code).toBe('route/method');
  });

  test.each(['/', '/v1', '/v1/call', '/v1/calls/', '/v1/calls/a/b', '/../etc/passwd'])(
    '%s is 404',
    async (url) => {
      const response = await get(url);
      expect(response.statusCode).toBe(url === '/v1/calls/' ? 400 : 404);
      expect(response.headers['content-type']).toContain('application/problem+json');
    },
  );
});
