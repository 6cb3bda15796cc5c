import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MasklineError } from '../kernel/errors.ts';
import { createWorld, type World } from './test-support/world.ts';

let world: World;
let headers: { authorization: string };

beforeAll(async () => {
  world = await createWorld();
  headers = await world.key(['scenarios:start'], 'taxi');
});
beforeEach(() => {
  world.started.length = 0;
  world.startFails = undefined;
});
afterAll(() => world.close());

const start = (payload?: object, more: Record<string, string> = {}, name = 'masking') =>
  world.app.inject({
    method: 'POST',
    url: `/v1/scenarios/${name}/start`,
    headers: { ...headers, ...more },
    ...(payload === undefined ? {} : { payload }),
  });

describe('POST /v1/scenarios/:name/start', () => {
  test('starts the scenario of the key’s application and says where the call will be', async () => {
    const response = await start({ customData: { parcel: '17' } });
    expect(response.statusCode).toBe(202);
    const { sessionId, call } = response.json();
    expect(call).toBe(`/v1/calls/${sessionId}`);
    expect(world.started).toEqual([
      {
        route: {
          applicationId: world.applications.taxi,
          applicationName: 'taxi',
          ruleName: '',
          scenarios: [{ name: 'masking', source: '// masking' }],
        },
        customData: '{"parcel":"17"}',
        inbound: undefined,
      },
    ]);
  });

  test('says where the session is reached, if anywhere', async () => {
    expect((await start({})).json()).not.toHaveProperty('accessUrl');
    world.sessionUrl = 'https://node-1.example.com/session/abc';
    expect((await start({})).json().accessUrl).toBe('https://node-1.example.com/session/abc');
    world.sessionUrl = undefined;
  });

  test.each([
    [{ customData: 'text' }, 'text'],
    [{ customData: '' }, ''],
    [{}, ''],
    [undefined, ''],
  ])('the body %j gives the data %j', async (payload, customData) => {
    expect((await start(payload)).statusCode).toBe(202);
    expect(world.started[0]?.customData).toBe(customData);
  });

  test('a key that is bound to none names the application, by name or id', async () => {
    headers = await world.key(['scenarios:start']);
    const unnamed = await start({});
    expect(unnamed.statusCode).toBe(422);
    expect(unnamed.json().code).toBe('application/which');
    expect((await start({ application: 'delivery' })).statusCode).toBe(202);
    expect((await start({ application: world.applications.taxi })).statusCode).toBe(202);
    expect(world.started.map(({ route }) => route.applicationName)).toEqual(['delivery', 'taxi']);
    headers = await world.key(['scenarios:start'], 'taxi');
  });

  test('a scenario that is not there', async () => {
    const response = await start({}, {}, 'nothing');
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: 'entry/unknown', hint: expect.any(String) });
  });

  test.each([{ customData: 7 }, { customData: ['a'] }, { customdata: 'a' }, { application: 1 }])(
    'the body %j is refused with the name of its field',
    async (payload) => {
      const response = await start(payload);
      expect(response.statusCode).toBe(400);
      const names = response.json().fields.map(({ name }: { name: string }) => name);
      expect(names).toContain(`body/${Object.keys(payload)[0]}`);
      expect(world.started).toEqual([]);
    },
  );

  test('customData of 64 KiB is taken, a byte more is not, however it is written', async () => {
    expect((await start({ customData: 'x'.repeat(65_536) })).statusCode).toBe(202);
    expect((await start({ customData: 'x'.repeat(65_537) })).statusCode).toBe(413);
    expect((await start({ customData: 'ж'.repeat(32_769) })).statusCode).toBe(413);
    expect((await start({ customData: { x: 'x'.repeat(65_536) } })).statusCode).toBe(413);
    expect((await start({ customData: 'x'.repeat(1024 * 1024) })).json().code).toBe('request/too-large');
  });

  test('bodies that are not JSON', async () => {
    const plain = await world.app.inject({
      method: 'POST',
      url: '/v1/scenarios/masking/start',
      headers: { ...headers, 'content-type': 'text/plain' },
      payload: 'customData',
    });
    expect(plain.statusCode).toBe(415);
    const broken = await world.app.inject({
      method: 'POST',
      url: '/v1/scenarios/masking/start',
      headers: { ...headers, 'content-type': 'application/json' },
      payload: '{"customData":',
    });
    expect(broken.statusCode).toBe(400);
    expect(broken.json().code).toBe('request/malformed');
  });

  test('a node that is draining says 503, and that the request may be sent again', async () => {
    world.startFails = new MasklineError('admission/draining');
    const response = await start({});
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ code: 'admission/draining', retryable: true });
  });

  test('a fault tells the client nothing of what is inside, and the log everything', async () => {
    world.startFails = new Error('secret place /var/lib/maskline');
    const response = await start({});
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('secret place');
    const { requestId, code } = response.json();
    expect(code).toBe('node/fault');
    const line = world.logged.find((one) => one.includes('secret place'));
    expect(JSON.parse(line ?? '{}').requestId).toBe(requestId);
  });
});

describe('[row 39] Idempotency-Key', () => {
  const once = (key: string, payload: object = {}) => start(payload, { 'idempotency-key': key });

  test('the same request under the same key starts once and gets the same answer', async () => {
    const first = await once('parcel-17', { customData: 'a' });
    const second = await once('parcel-17', { customData: 'a' });
    expect(second.statusCode).toBe(202);
    expect(second.json()).toEqual(first.json());
    expect(world.started).toHaveLength(1);
  });

  test('at the same moment, too: one starts, the others are told 409 or the answer', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => once('burst')));
    expect(world.started).toHaveLength(1);
    const ids = answers.filter(({ statusCode }) => statusCode === 202).map((one) => one.json().sessionId);
    expect(new Set(ids).size).toBe(1);
    for (const { statusCode } of answers) expect([202, 409]).toContain(statusCode);
  });

  test('another request under the same key is 422', async () => {
    await once('parcel-18', { customData: 'a' });
    const other = await once('parcel-18', { customData: 'b' });
    expect(other.statusCode).toBe(422);
    expect(other.json()).toMatchObject({ code: 'request/other-body', retryable: false });
    expect(world.started).toHaveLength(1);
  });

  test('a request whose end is not known is 409, and rings nobody', async () => {
    const original = world.options.idempotency.finish;
    const idempotency = world.options.idempotency;
    idempotency.finish = async () => {
      throw new Error('the process died here');
    };
    const first = await once('parcel-19');
    idempotency.finish = original;
    expect(first.statusCode).toBe(202);
    const second = await once('parcel-19');
    expect(second.statusCode).toBe(409);
    expect(second.json()).toMatchObject({ code: 'request/unfinished', retryable: false });
    expect(world.started).toHaveLength(1);
  });

  test('a start that failed leaves the key free', async () => {
    world.startFails = new MasklineError('admission/full');
    expect((await once('parcel-20')).statusCode).toBe(503);
    world.startFails = undefined;
    expect((await once('parcel-20')).statusCode).toBe(202);
    expect(world.started).toHaveLength(1);
  });

  test('keys belong to the API key that sent them', async () => {
    await once('parcel-21');
    const other = await world.key(['scenarios:start'], 'delivery');
    expect((await start({}, { ...other, 'idempotency-key': 'parcel-21' })).statusCode).toBe(202);
    expect(world.started).toHaveLength(2);
  });

  test.each(['', ' ', 'a b', 'x'.repeat(256), 'ключ'])('%j is no key', async (key) => {
    const response = await once(key);
    expect(response.statusCode).toBe(400);
    expect(response.json().fields[0].name).toBe('headers/idempotency-key');
    expect(world.started).toEqual([]);
  });
});
