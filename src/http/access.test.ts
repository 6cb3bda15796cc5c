import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCOPES, type Scope } from './ports.ts';
import { storeCall, storeRecording } from './test-support/calls.ts';
import { createWorld, NUMBERS, type World } from './test-support/world.ts';

let world: World;
/** Every route that needs a key, with a well-formed request. */
interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly scope: Scope;
  readonly payload?: object;
}
const NUMBER = { kind: 'service', number: '+442079460999', application: 'taxi' };
const SESSION = { parties: [{ number: '+447700900111' }, { number: '+447700900112' }], application: 'taxi' };
const ROUTES: readonly Route[] = [
  { method: 'POST', url: '/v1/masking-sessions', scope: 'sessions:write', payload: SESSION },
  {
    method: 'POST',
    url: '/v1/masking-sessions/bulk',
    scope: 'sessions:write',
    payload: { sessions: [{ parties: SESSION.parties }], application: 'taxi' },
  },
  {
    method: 'POST',
    url: '/v1/masking-sessions/bulk-close',
    scope: 'sessions:write',
    payload: { ids: ['nothing'] },
  },
  { method: 'GET', url: '/v1/masking-sessions', scope: 'sessions:read' },
  {
    method: 'POST',
    url: '/v1/masking-sessions/search',
    scope: 'sessions:read',
    payload: { externalId: 'nothing' },
  },
  { method: 'GET', url: '/v1/masking-sessions/nothing', scope: 'sessions:read' },
  {
    method: 'PATCH',
    url: '/v1/masking-sessions/nothing',
    scope: 'sessions:write',
    payload: { record: true },
  },
  {
    method: 'PATCH',
    url: '/v1/masking-sessions/nothing/parties/nothing',
    scope: 'sessions:write',
    payload: { role: 'x' },
  },
  { method: 'POST', url: '/v1/masking-sessions/nothing/close', scope: 'sessions:write', payload: {} },
  { method: 'DELETE', url: '/v1/masking-sessions/nothing', scope: 'sessions:write' },
  { method: 'GET', url: '/v1/blocks', scope: 'policy:read' },
  {
    method: 'POST',
    url: '/v1/blocks',
    scope: 'policy:write',
    payload: { number: '+447700900111', application: 'taxi' },
  },
  { method: 'DELETE', url: '/v1/blocks/nothing', scope: 'policy:write' },
  { method: 'GET', url: '/v1/routing-policy?application=taxi', scope: 'policy:read' },
  { method: 'PUT', url: '/v1/routing-policy?application=taxi', scope: 'policy:write', payload: {} },
  { method: 'GET', url: '/v1/routing-policy/secrets?application=taxi', scope: 'policy:write' },
  { method: 'POST', url: '/v1/routing-policy/rotate-secret?application=taxi', scope: 'policy:write' },
  {
    method: 'POST',
    url: '/v1/explain',
    scope: 'policy:read',
    payload: { from: '+447700900111', to: NUMBERS.service.reveal('leak-scan') },
  },
  { method: 'GET', url: '/v1/number-pools', scope: 'sessions:read' },
  {
    method: 'PUT',
    url: '/v1/number-pools/north?application=taxi',
    scope: 'numbers:write',
    payload: { coolOffSeconds: 60 },
  },
  { method: 'DELETE', url: '/v1/number-pools/nothing?application=taxi', scope: 'numbers:write' },
  {
    method: 'POST',
    url: '/v1/numbers/plan',
    scope: 'sessions:read',
    payload: { rate: { perHour: 10, minutes: 10 } },
  },
  { method: 'PATCH', url: '/v1/numbers/nothing', scope: 'numbers:write', payload: { tags: ['x'] } },
  { method: 'GET', url: '/metrics', scope: 'metrics:read' },
  { method: 'GET', url: '/v1/node', scope: 'metrics:read' },
  { method: 'PUT', url: '/v1/node/drain', scope: 'node:write', payload: { draining: true } },
  { method: 'GET', url: '/v1/calls', scope: 'calls:read' },
  { method: 'GET', url: '/v1/calls/taxi-call', scope: 'calls:read' },
  { method: 'GET', url: '/v1/calls/taxi-call/events', scope: 'calls:read' },
  { method: 'GET', url: '/v1/recordings/taxi-recording', scope: 'recordings:read' },
  { method: 'GET', url: '/v1/recordings/taxi-recording/audio', scope: 'recordings:read' },
  { method: 'GET', url: '/v1/numbers', scope: 'numbers:read' },
  { method: 'POST', url: '/v1/numbers', scope: 'numbers:write', payload: NUMBER },
  { method: 'DELETE', url: '/v1/numbers/nothing', scope: 'numbers:write' },
  { method: 'GET', url: '/v1/scenarios', scope: 'scenarios:read' },
  { method: 'GET', url: '/v1/scenarios/masking?application=taxi', scope: 'scenarios:read' },
  {
    method: 'PUT',
    url: '/v1/scenarios/new?application=taxi',
    scope: 'scenarios:write',
    payload: { source: '//' },
  },
  { method: 'DELETE', url: '/v1/scenarios/nothing?application=taxi', scope: 'scenarios:write' },
  {
    method: 'POST',
    url: '/v1/scenarios/masking/start',
    scope: 'scenarios:start',
    payload: { application: 'taxi' },
  },
  { method: 'GET', url: '/v1/events', scope: 'events:read' },
  { method: 'GET', url: '/v1/events/stream?cursor=AAAA', scope: 'events:read' },
  { method: 'GET', url: '/v1/webhooks', scope: 'webhooks:write' },
  {
    method: 'POST',
    url: '/v1/webhooks',
    scope: 'webhooks:write',
    payload: { url: 'https://example.com', application: 'taxi' },
  },
  { method: 'GET', url: '/v1/webhooks/nothing', scope: 'webhooks:write' },
  { method: 'PATCH', url: '/v1/webhooks/nothing', scope: 'webhooks:write', payload: { enabled: false } },
  { method: 'DELETE', url: '/v1/webhooks/nothing', scope: 'webhooks:write' },
  { method: 'POST', url: '/v1/webhooks/nothing/rotate-secret', scope: 'webhooks:write' },
  { method: 'GET', url: '/v1/webhooks/nothing/deliveries', scope: 'webhooks:write' },
  {
    method: 'POST',
    url: '/v1/webhooks/nothing/replay',
    scope: 'webhooks:write',
    payload: { cursor: 'AAAA' },
  },
  { method: 'POST', url: '/v1/webhooks/nothing/test', scope: 'webhooks:write' },
  { method: 'GET', url: '/v1/trunks', scope: 'trunks:read' },
  { method: 'GET', url: '/v1/users', scope: 'users:read' },
  { method: 'GET', url: '/v1/keys', scope: 'keys:write' },
  { method: 'POST', url: '/v1/keys', scope: 'keys:write', payload: { name: 'k', scopes: ['keys:write'] } },
  { method: 'DELETE', url: '/v1/keys/nothing', scope: 'keys:write' },
];

/** What `inject` takes of a route. */
const requestOf = ({ method, url, payload }: Route) => ({
  method,
  url,
  ...(payload === undefined ? {} : { payload }),
});

beforeAll(async () => {
  // Each route is asked once without a key: more failures than a minute allows.
  world = await createWorld({ rateLimits: { failuresPerMinute: 10_000 } });
  await storeCall(world, 'taxi-call', 'taxi');
  await storeCall(world, 'delivery-call', 'delivery');
  await storeCall(world, 'refused-call', undefined);
  const audio = Buffer.from('RIFF….');
  await storeRecording(world, 'taxi-call', { recordingId: 'taxi-recording' }, audio);
  await storeRecording(world, 'delivery-call', { recordingId: 'delivery-recording' }, audio);
});
afterAll(() => world.close());

describe('without a key that fits', () => {
  test.each(ROUTES)('$method $url answers 401 without a key', async (route) => {
    const response = await world.app.inject(requestOf(route));
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="maskline"');
    expect(response.json()).toMatchObject({ code: 'key/missing', status: 401, type: 'about:blank' });
  });

  test.each(ROUTES)('$method $url answers 403 to a key with every scope but $scope', async (route) => {
    const headers = await world.key(SCOPES.filter((one) => one !== route.scope));
    const response = await world.app.inject({ ...requestOf(route), headers });
    expect(response.statusCode).toBe(403);
    expect(response.json()).toMatchObject({ code: 'key/scope' });
    expect(response.json().detail).toContain(route.scope);
    expect(response.headers['www-authenticate']).toContain('insufficient_scope');
  });

  test.each(ROUTES)('$method $url takes a key with $scope', async (route) => {
    const headers = await world.key([route.scope]);
    const response = await world.app.inject({ ...requestOf(route), headers });
    // A stream does not end, so that its cursor is a wrong one.
    expect([200, 201, 202, 204, route.url.includes('cursor=') ? 400 : 404]).toContain(response.statusCode);
    if (!/nothing|cursor=/.test(route.url)) expect(response.statusCode).toBeLessThan(300);
  });

  test.each([
    'Bearer',
    'Bearer x y',
    'Basic bWs6eA==',
    'Bearer mk_unknown',
    `Bearer mk_${'a'.repeat(43)}`,
    '',
  ])('the header %j is no key', async (authorization) => {
    const response = await world.app.inject({ url: '/v1/calls', headers: { authorization } });
    expect(response.statusCode).toBe(401);
  });

  test('a revoked key is refused at once', async () => {
    const { key, secret } = await world.storage.apiKeys.create({
      name: 'short-lived',
      scopes: ['calls:read'],
      applicationId: undefined,
    });
    const headers = { authorization: `bearer ${secret}` };
    expect((await world.app.inject({ url: '/v1/calls', headers })).statusCode).toBe(200);
    await world.storage.apiKeys.revoke(key.id);
    expect((await world.app.inject({ url: '/v1/calls', headers })).statusCode).toBe(401);
  });
});

describe('a key that is bound to an application', () => {
  const bound = () => world.key('all', 'taxi');
  const get = async (url: string) => await world.app.inject({ url, headers: await bound() });

  test('lists its own calls only, refused calls of nobody neither', async () => {
    const ids = (await get('/v1/calls')).json().items.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(['taxi-call']);
  });

  test.each([
    '/v1/calls/delivery-call',
    '/v1/calls/refused-call',
    '/v1/calls/delivery-call/events',
    '/v1/recordings/delivery-recording',
    '/v1/recordings/delivery-recording/audio',
    '/v1/scenarios?application=delivery',
    '/v1/scenarios/masking?application=delivery',
    '/v1/numbers?application=delivery',
    '/v1/users?application=delivery',
  ])('is told that %s is not there', async (url) => {
    const response = await get(url);
    expect(response.statusCode).toBe(404);
    const absent = await get(url.replace('delivery', 'nonsense'));
    expect({ ...response.json(), requestId: '' }).toEqual({ ...absent.json(), requestId: '' });
  });

  test.each(['/v1/numbers', '/v1/users', '/v1/scenarios'])('%s shows its own things only', async (url) => {
    const items = (await get(url)).json().items as { application: string }[];
    expect(items.length).toBeGreaterThan(0);
    expect(new Set(items.map(({ application }) => application))).toEqual(new Set([world.applications.taxi]));
  });

  test.each(['/v1/trunks', '/metrics'])('%s is of the whole node and refused', async (url) => {
    const response = await get(url);
    expect(response.statusCode).toBe(403);
    expect(response.json().code).toBe('key/application');
  });

  test('cannot change or start what is another application’s', async () => {
    const headers = await bound();
    const foreign = world.storage.admin.numbers(world.applications.delivery)[0]?.id ?? '';
    const started = world.started.length;
    const tries = await Promise.all([
      world.app.inject({ method: 'DELETE', url: `/v1/numbers/${foreign}`, headers }),
      world.app.inject({
        method: 'PUT',
        url: '/v1/scenarios/x?application=delivery',
        headers,
        payload: { source: '' },
      }),
      world.app.inject({ method: 'DELETE', url: '/v1/scenarios/masking?application=delivery', headers }),
      world.app.inject({
        method: 'POST',
        url: '/v1/scenarios/masking/start',
        headers,
        payload: { application: 'delivery' },
      }),
      world.app.inject({
        method: 'POST',
        url: '/v1/numbers',
        headers,
        payload: { application: world.applications.delivery, kind: 'service', number: '+442079460111' },
      }),
    ]);
    expect(tries.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404, 404, 404]);
    expect(world.started).toHaveLength(started);
  });
});

describe('[row 43] numbers in answers', () => {
  const secrets = Object.values(NUMBERS).map((number) => number.reveal('leak-scan').slice(1));
  const readable = ROUTES.filter(({ method }) => method === 'GET').map(({ url }) => url);

  test.each(readable)('%s shows none to a key without numbers:read', async (url) => {
    const headers = await world.key(SCOPES.filter((scope) => scope !== 'numbers:read'));
    const response = await world.app.inject({ url, headers });
    if (url === '/v1/numbers') expect(response.statusCode).toBe(403);
    else if (/nothing|cursor=/.test(url)) expect([400, 404]).toContain(response.statusCode);
    else expect(response.statusCode).toBe(200);
    // A masking session is made for its service number, which is ours and nobody's own.
    const shown = url.startsWith('/v1/masking-sessions') ? [NUMBERS.service, NUMBERS.other] : [];
    const ours = shown.map((number) => number.reveal('leak-scan').slice(1));
    for (const digits of secrets.filter((one) => !ours.includes(one)))
      expect(response.body).not.toContain(digits);
    expect(response.body).not.toContain('trunk-password');
  });

  test('they are there, masked, and in clear for a key with numbers:read', async () => {
    const masked = await world.app.inject({
      url: '/v1/calls/taxi-call',
      headers: await world.key(['calls:read']),
    });
    expect(masked.json().legs[1]).toMatchObject({ number: '+4•••••••••02', callerid: '+4•••••••••56' });
    expect(masked.json().reason).toBe('connected, the passenger +4•••••••••02 hung up');
    const clear = await world.app.inject({
      url: '/v1/calls/taxi-call',
      headers: await world.key(['calls:read', 'numbers:read']),
    });
    expect(clear.json().legs[1]).toMatchObject({ number: '+447700900202', callerid: '+442079460456' });
  });

  test('a number that a client sends does not come back in a failure, nor reach the log', async () => {
    const headers = await world.key('all');
    const number = '+447700900777';
    const encoded = encodeURIComponent(number);
    const answers = await Promise.all([
      world.app.inject({ url: `/v1/calls/${encoded}`, headers }),
      world.app.inject({ url: `/v1/calls?cursor=${encoded}&${encoded}=1`, headers }),
      world.app.inject({ url: `/${encoded}/%ff`, headers }),
      world.app.inject({ url: `/${encoded}`, headers }),
      world.app.inject({
        method: 'POST',
        url: '/v1/numbers',
        headers,
        payload: { kind: number, [number]: 1 },
      }),
      world.app.inject({
        method: 'POST',
        url: '/v1/numbers',
        headers: { ...headers, 'content-type': 'application/json' },
        payload: `{"number": "${number}`,
      }),
    ]);
    for (const { body, statusCode } of answers) {
      expect([400, 404]).toContain(statusCode);
      expect(body).not.toContain('7700900777');
    }
    const log = world.logged.join('');
    expect(log).not.toContain('7700900');
    expect(log).not.toContain(encoded);
    expect(log).not.toContain(headers.authorization.slice(7));
    expect(log).toContain('"route":"/v1/calls/:id"');
  });
});
