import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { PhoneCallEnd } from '../../src/phone/phone-call.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import type { BackendAnswer } from '../kit/whole-server.ts';
import { HOST, PASSENGER, SERVICE, WholeServer, type WholeServerOptions } from '../kit/whole-server.ts';

/**
 * Everything that goes wrong has a defined outcome: the caller gets the right status, both legs end, one call record with
 * a readable reason is written, and nothing is left running (`server.stop()` checks that).
 */
let server: WholeServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(options: WholeServerOptions = {}): Promise<WholeServer> {
  server = await WholeServer.start(options);
  return server;
}

/** The driver calls and waits for the end. */
async function driverCalls(
  on: WholeServer,
  dialled = SERVICE,
): Promise<{ end: PhoneCallEnd; record: CallRecord }> {
  const driver = await on.phone('driver');
  const call = driver.call(dialled);
  await call.waitFor('ended');
  return { end: call.end!, record: await on.closedRecord() };
}

const reply = (status: number, body: string): BackendAnswer => ({ kind: 'reply', status, body });

describe('who calls whom', () => {
  test('the dialled number is not ours: 404, and a record of the refusal', async () => {
    const { end, record } = await driverCalls(await start(), '+442079460999');
    expect(end).toMatchObject({ by: 'remote', status: 404 });
    expect(record).toMatchObject({ status: 'refused' });
    expect(record.reason).toMatch(/not one of our service numbers|no rule/i);
  });

  test('the caller has no order: 404, and the passenger’s phone stays silent', async () => {
    const on = await start();
    on.backend.answer = () => reply(404, '{"error":"no active order"}');
    const passenger = await on.phone('passenger', { answer: { answerAfterMs: 0 } });
    const { end, record } = await driverCalls(on);
    expect(end).toMatchObject({ by: 'remote', status: 404 });
    expect(record.legs).toHaveLength(1);
    expect(passenger.calls).toHaveLength(0);
    expect(record.reason).toBeTruthy();
  });
});

describe('the backend', () => {
  const outcomes: readonly (readonly [string, BackendAnswer, number])[] = [
    ['answers 500', reply(500, 'oops'), 503],
    ['answers nonsense', reply(200, '<html>not JSON'), 500],
    ['names nobody', reply(200, '{}'), 404],
    ['names somebody who cannot be dialled', reply(200, '{"connect":"nobody"}'), 404],
    ['breaks the connection', { kind: 'reset' }, 503],
    ['never answers', { kind: 'silence' }, 503],
  ];
  test.each(outcomes)('%s', async (_, answer, status) => {
    const on = await start();
    on.backend.answer = () => answer;
    const { end, record } = await driverCalls(on);
    expect(end.by).toBe('remote');
    expect(end.status).toBe(status);
    expect(record.endedAt).toBeDefined();
    expect(record.reason).toBeTruthy();
  });

  test('is down', async () => {
    const on = await start();
    await on.backend.close();
    const { end, record } = await driverCalls(on);
    expect(end).toMatchObject({ by: 'remote', status: 503 });
    expect(record.legs).toHaveLength(1);
  });
});

describe('the passenger', () => {
  test.each([
    [486, /busy/i],
    [603, /declin/i],
    [480, /unavailable|480/i],
    [500, /./],
  ])('answers %i: the driver gets a failure, the record says why', async (status, reason) => {
    const on = await start();
    await on.phone('passenger', { answer: { decline: { status, afterMs: 20 } } });
    const { end, record } = await driverCalls(on);
    expect(end.by).toBe('remote');
    expect(end.status).toBe(status);
    expect(record.legs).toHaveLength(2);
    expect(record.reason).toMatch(reason);
  });

  test('has no phone registered: 480', async () => {
    const { end, record } = await driverCalls(await start());
    expect(end).toMatchObject({ by: 'remote', status: 480 });
    expect(record.legs).toHaveLength(2);
  });

  test('does not answer: 408 after the ring time, and the phone stops ringing', async () => {
    const on = await start({ settings: (s) => ({ ...s, limits: { ...s.limits, ringSeconds: 5 } }) });
    const passenger = await on.phone('passenger', { answer: { ringAfterMs: 0 } });
    const { end, record } = await driverCalls(on);
    expect(end).toMatchObject({ by: 'remote', status: 408 });
    await passenger.waitFor('idle');
    expect(record.reason).toMatch(/no answer/i);
  });

  test('hangs up: the driver’s call ends too', async () => {
    const on = await start();
    const passenger = await on.phone('passenger', { answer: { answerAfterMs: 0, hangupAfterAnswerMs: 200 } });
    const { end, record } = await driverCalls(on);
    expect(end.by).toBe('remote');
    await passenger.waitFor('idle');
    expect(record.status).toBe('completed');
  });
});

describe('the caller hangs up', () => {
  test('[row 40] while the backend is being asked: nobody is called', async () => {
    const on = await start();
    on.backend.answer = () => ({
      kind: 'reply',
      status: 200,
      body: JSON.stringify({ connect: PASSENGER }),
      afterMs: 300,
    });
    const passenger = await on.phone('passenger', { answer: { answerAfterMs: 0 } });
    const driver = await on.phone('driver');
    const call = driver.call(SERVICE);
    await call.waitUntil('the backend to be asked', () => on.backend.questions.length > 0).catch(() => {});
    call.hangup();
    await call.waitFor('ended');
    const record = await on.closedRecord();
    expect(record.reason).toMatch(/caller|cancel/i);
    expect(passenger.calls.every((one) => one.state === 'ended')).toBe(true);
  });

  test('[row 40] while the passenger’s phone rings: it stops', async () => {
    const on = await start();
    const passenger = await on.phone('passenger', { answer: { ringAfterMs: 0 } });
    const driver = await on.phone('driver');
    const call = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await incoming.waitFor('ringing');
    await call.waitFor('ringing');
    call.hangup();
    await Promise.all([call.waitFor('ended'), incoming.waitFor('ended')]);
    expect(call.end).toMatchObject({ status: 487 });
    expect((await on.closedRecord()).legs).toHaveLength(2);
  });

  test('[row 1] while the passenger answers: ACK and BYE, nobody sits alone', async () => {
    const on = await start();
    const passenger = await on.phone('passenger', {
      answer: { ringAfterMs: 0 },
      misbehaviour: { onCancel: 'answer' },
    });
    const driver = await on.phone('driver');
    const call = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await call.waitFor('ringing');
    call.hangup();
    await Promise.all([call.waitFor('ended'), incoming.waitFor('ended')]);
    expect(incoming.states.map(({ state }) => state)).toContain('answered');
    expect(incoming.end).toMatchObject({ by: 'remote' });
  });

  test.each([0, 1, 2, 5, 10, 20, 40, 80, 160, 320])('[row 40] %i ms after dialling', async (ms) => {
    const on = await start();
    const passenger = await on.phone('passenger', { answer: { ringAfterMs: 10, answerAfterMs: 100 } });
    const driver = await on.phone('driver');
    const call = driver.call(SERVICE);
    setTimeout(() => call.hangup(), ms);
    await call.waitFor('ended');
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    const record = await on.closedRecord();
    expect(record.legs.every((leg) => leg.endedAt !== undefined)).toBe(true);
    expect(await on.closedRecords(1)).toHaveLength(1);
  });
});

describe('the scenario', () => {
  const scripts: readonly (readonly [string, string, number, RegExp])[] = [
    ['has a syntax error', 'VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => {', 500, /syntax/i],
    ['throws when it is loaded', 'undefinedFunction();', 500, /undefinedFunction/],
    [
      'throws in a callback',
      'VoxEngine.addEventListener(AppEvents.CallAlerting, () => {\n  null.boom();\n});',
      500,
      /null|boom/,
    ],
    [
      'loops endlessly',
      'VoxEngine.addEventListener(AppEvents.CallAlerting, () => { for (;;) {} });',
      500,
      /time|CPU|long/i,
    ],
    [
      'is a memory bomb',
      'VoxEngine.addEventListener(AppEvents.CallAlerting, () => { const a = []; for (;;) a.push(new Array(1e5).fill(1)); });',
      500,
      /memory/i,
    ],
    ['has no handler at all', '// nothing', 480, /neither answered nor ended|not answered/i],
  ];
  test.each(scripts)(
    '%s: the caller gets a failure, the record says why',
    async (_, scenario, status, reason) => {
      const on = await start({
        scenario,
        settings: (s) => ({ ...s, scenario: { ...s.scenario, unansweredSeconds: 1, callbackMs: 300 } }),
      });
      const { end, record } = await driverCalls(on);
      expect(end.by).toBe('remote');
      expect(end.status).toBe(status);
      expect(`${record.reason} ${record.error ?? ''}`).toMatch(reason);
    },
  );

  test('shows a number that is not ours: refused with 403, the passenger’s phone stays silent', async () => {
    const on = await start({
      scenario: `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid }) => {
        VoxEngine.easyProcess(call, VoxEngine.callPSTN('${PASSENGER}', callerid));
      });`,
    });
    const passenger = await on.phone('passenger', { answer: { answerAfterMs: 0 } });
    const { end } = await driverCalls(on);
    expect(end).toMatchObject({ by: 'remote', status: 403 });
    expect(passenger.calls).toHaveLength(0);
  });
});

describe('the node', () => {
  test('[row 33] has no RTP port left: 503', async () => {
    const on = await start({
      settings: (s) => ({
        ...s,
        media: { ...s.media, ports: { min: s.media.ports.min, max: s.media.ports.min + 3 } },
      }),
    });
    await on.phone('passenger', { answer: { ringAfterMs: 0, answerAfterMs: 10 } });
    const driver = await on.phone('driver');
    const first = driver.call(SERVICE);
    await first.waitFor('connected');
    const second = driver.call(SERVICE);
    await second.waitFor('ended');
    expect(second.end).toMatchObject({ status: 503 });
    expect(first.state).toBe('connected');
    first.hangup();
    await driver.waitFor('idle');
  });

  test('has no trunk for the number: 503', async () => {
    const on = await start();
    on.backend.answer = () => reply(200, '{"connect":"+12015550123"}');
    const { end } = await driverCalls(on);
    expect(end).toMatchObject({ by: 'remote', status: 503 });
  });

  test('finds its trunk down: the call fails in bounded time', async () => {
    const closed = await closedPort();
    const on = await start({
      settings: (s) => ({
        ...s,
        sip: { ...s.sip, t1Ms: 50 },
        trunks: [trunk({ name: 'carrier', host: HOST, port: closed })],
      }),
    });
    on.backend.answer = () => reply(200, '{"connect":"+12015550123"}');
    const { end, record } = await driverCalls(on);
    expect(end.by).toBe('remote');
    expect([408, 503]).toContain(end.status);
    expect(record.reason).toBeTruthy();
  });
});

function trunk(values: { name: string; host: string; port: number }) {
  return {
    ...values,
    transport: 'udp' as const,
    allowedSources: [],
    register: false,
    prefixes: [],
    priority: 10,
    numberFormat: 'e164' as const,
    assertIdentity: false,
  };
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, HOST, resolve));
  const { port } = probe.address() as { port: number };
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}
