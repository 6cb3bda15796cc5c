import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PhoneCallEnd } from '../../src/phone/phone-call.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import { trunkEntry } from '../kit/trunk-entry.ts';
import type { BackendAnswer } from '../kit/whole-server.ts';
import { HOST, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

/**
 * Everything that goes wrong has a defined outcome: the caller gets the right status, both legs end, one call record with
 * a readable reason is written, and nothing is left running (`server.stop()` checks that).
 */
const SCRIPTS: Readonly<Record<string, { number: string; source: string; status: number; reason: RegExp }>> =
  {
    'has a syntax error': {
      number: '+442079460201',
      source: 'VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => {',
      status: 500,
      reason: /syntax/i,
    },
    'throws when it is loaded': {
      number: '+442079460202',
      source: 'undefinedFunction();',
      status: 500,
      reason: /undefinedFunction/,
    },
    'throws in a callback': {
      number: '+442079460203',
      source: 'VoxEngine.addEventListener(AppEvents.CallAlerting, () => {\n  null.boom();\n});',
      status: 500,
      reason: /boom.*line 2|null.*line 2/,
    },
    'loops endlessly': {
      number: '+442079460204',
      source: 'VoxEngine.addEventListener(AppEvents.CallAlerting, () => { for (;;) {} });',
      status: 500,
      reason: /time|CPU|long/i,
    },
    'is a memory bomb': {
      number: '+442079460205',
      source:
        'VoxEngine.addEventListener(AppEvents.CallAlerting, () => { const a = []; for (;;) a.push(new Array(1e5).fill(1)); });',
      status: 500,
      reason: /memory/i,
    },
    'has no handler at all': {
      number: '+442079460206',
      source: '// nothing',
      status: 480,
      reason: /neither answered nor ended/i,
    },
  };
const SPOOF = '+442079460207';

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({
    scenarios: {
      ...Object.fromEntries(Object.values(SCRIPTS).map(({ number, source }) => [number, source])),
      [SPOOF]: `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid }) => {
        VoxEngine.easyProcess(call, VoxEngine.callPSTN('${PASSENGER}', callerid));
      });`,
    },
    settings: (s) => ({
      ...s,
      sip: { ...s.sip, t1Ms: 50 },
      limits: { ...s.limits, ringSeconds: 5 },
      scenario: { ...s.scenario, unansweredSeconds: 8, callbackMs: 300 },
      // What is refused below is refused by the trunks, not by the fence around where an application may dial.
      applications: s.applications.map((application) => ({
        ...application,
        fence: { ...application.fence, countries: ['GB', 'FR', 'US'] },
      })),
      trunks: [trunk({ name: 'down', host: HOST, port: 9, prefixes: ['+1'] })],
    }),
  });
});
afterEach(() => server.reset());
afterAll(() => server.stop());

/** The driver calls and waits for the end. */
async function driverCalls(dialled = SERVICE): Promise<{ end: PhoneCallEnd; record: CallRecord }> {
  const driver = await server.phone('driver');
  const call = driver.call(dialled);
  await call.waitFor('ended');
  return { end: call.end!, record: await server.closedRecord() };
}

const reply = (status: number, body: string): BackendAnswer => ({ kind: 'reply', status, body });

describe('who calls whom', () => {
  test('the dialled number is not ours: 404, and a record of the refusal', async () => {
    const { end, record } = await driverCalls('+442079460999');
    expect(end).toMatchObject({ by: 'remote', status: 404 });
    expect(record).toMatchObject({ status: 'refused' });
    expect(record.reason).toMatch(/not one of our service numbers|no rule/i);
  });

  test('the caller has no order: 404, and the passenger’s phone stays silent', async () => {
    server.backend.answer = () => reply(404, '{"error":"no active order"}');
    const passenger = await server.phone('passenger', { answer: { answerAfterMs: 0 } });
    const { end, record } = await driverCalls();
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
    ['names nobody', reply(200, '{}'), 484],
    ['names somebody who has no number', reply(200, '{"connect":"nobody"}'), 404],
    ['breaks the connection', { kind: 'reset' }, 503],
    ['never answers', { kind: 'silence' }, 503],
  ];
  test.each(outcomes)('%s', async (_, answer, status) => {
    server.backend.answer = () => answer;
    const { end, record } = await driverCalls();
    expect(end.by).toBe('remote');
    expect(end.status).toBe(status);
    expect(record.endedAt).toBeDefined();
    expect(record.reason).toBeTruthy();
  });
});

describe('the passenger', () => {
  test.each([
    [486, /busy/i],
    [603, /declin/i],
    [480, /not available/i],
    [500, /./],
  ])('answers %i: the driver gets a failure, the record says why', async (status, reason) => {
    await server.phone('passenger', { answer: { decline: { status, afterMs: 20 } } });
    const { end, record } = await driverCalls();
    expect(end.by).toBe('remote');
    expect(end.status).toBe(status);
    expect(record.legs).toHaveLength(2);
    expect(record.reason).toMatch(reason);
  });

  test('has no phone registered: 480', async () => {
    const { end, record } = await driverCalls();
    expect(end).toMatchObject({ by: 'remote', status: 480 });
    expect(record.legs).toHaveLength(2);
  });

  test('does not answer: 408 after the ring time, and the phone stops ringing', async () => {
    const passenger = await server.phone('passenger', { answer: { ringAfterMs: 0 } });
    const { end, record } = await driverCalls();
    expect(end).toMatchObject({ by: 'remote', status: 408 });
    await passenger.waitFor('idle');
    expect(record.reason).toMatch(/no answer/i);
  });

  test('hangs up: the driver’s call ends too', async () => {
    const passenger = await server.phone('passenger', {
      answer: { answerAfterMs: 0, hangupAfterAnswerMs: 200 },
    });
    const { end, record } = await driverCalls();
    expect(end.by).toBe('remote');
    await passenger.waitFor('idle');
    expect(record.status).toBe('completed');
  });
});

describe('the caller hangs up', () => {
  test('[row 40] while the backend is being asked: nobody is called', async () => {
    server.backend.answer = () => ({
      kind: 'reply',
      status: 200,
      body: JSON.stringify({ connect: PASSENGER }),
      afterMs: 300,
    });
    const passenger = await server.phone('passenger', { answer: { answerAfterMs: 0 } });
    const driver = await server.phone('driver');
    const asked = server.backend.nextQuestion();
    const call = driver.call(SERVICE);
    await asked;
    call.hangup();
    await call.waitFor('ended');
    const record = await server.closedRecord();
    expect(record.reason).toMatch(/caller|cancel/i);
    expect(passenger.calls.every((one) => one.state === 'ended')).toBe(true);
  });

  test('[row 40] while the passenger’s phone rings: it stops', async () => {
    const passenger = await server.phone('passenger', { answer: { ringAfterMs: 0 } });
    const driver = await server.phone('driver');
    const call = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await incoming.waitFor('ringing');
    await call.waitFor('ringing');
    call.hangup();
    await Promise.all([call.waitFor('ended'), incoming.waitFor('ended')]);
    expect(call.end).toMatchObject({ status: 487 });
    expect((await server.closedRecord()).legs).toHaveLength(2);
  });

  test('[row 1] while the passenger answers: ACK and BYE, nobody sits alone', async () => {
    const passenger = await server.phone('passenger', {
      answer: { ringAfterMs: 0 },
      misbehaviour: { onCancel: 'answer' },
    });
    const driver = await server.phone('driver');
    const call = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await call.waitFor('ringing');
    call.hangup();
    await Promise.all([call.waitFor('ended'), incoming.waitFor('ended')]);
    expect(incoming.states.map(({ state }) => state)).toContain('answered');
    expect(incoming.end).toMatchObject({ by: 'remote' });
  });

  test.each([0, 1, 2, 5, 10, 20, 40, 80, 160, 320])('[row 40] %i ms after dialling', async (ms) => {
    const passenger = await server.phone('passenger', { answer: { ringAfterMs: 10, answerAfterMs: 100 } });
    const driver = await server.phone('driver');
    const call = driver.call(SERVICE);
    setTimeout(() => call.hangup(), ms);
    await call.waitFor('ended');
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    const record = await server.closedRecord();
    expect(record.legs.every((leg) => leg.endedAt !== undefined)).toBe(true);
    await server.expectIdle();
    expect(await server.untakenRecords()).toEqual([]);
  });
});

describe('the scenario', () => {
  test.each(Object.entries(SCRIPTS))(
    '%s: the caller gets a failure, the record says why',
    async (_, script) => {
      const { end, record } = await driverCalls(script.number);
      expect(end).toMatchObject({ by: 'remote', status: script.status });
      expect(`${record.reason} ${record.error ?? ''}`).toMatch(script.reason);
    },
  );

  test('shows a number that is not ours: refused with 403, the passenger’s phone stays silent', async () => {
    const passenger = await server.phone('passenger', { answer: { answerAfterMs: 0 } });
    const { end } = await driverCalls(SPOOF);
    expect(end).toMatchObject({ by: 'remote', status: 403 });
    expect(passenger.calls).toHaveLength(0);
  });
});

describe('the disk', () => {
  test('takes no recordings: the two talk all the same, and the record says what is missing', async () => {
    const folder = join(server.data, 'recordings');
    rmSync(folder, { recursive: true, force: true });
    writeFileSync(folder, 'no folder can be made here');
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: { answerAfterMs: 10 } });
    const driver = await server.phone('driver', { toneHz: 440 });
    const call = driver.call(SERVICE);
    await call.waitUntil('the passenger’s tone', () => call.sound?.heard.isTone(1020) === true);
    call.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    const record = await server.closedRecord();
    expect(record.status).toBe('completed');
    const told = [
      ...record.recordings.map(({ error }) => error),
      ...(await server.eventsOf(record)).map(({ detail }) => JSON.stringify(detail)),
    ];
    expect(told.join('\n')).toMatch(/recording/i);
    rmSync(folder);
  });
});

describe('trunks', () => {
  test('there is none for the number: 503', async () => {
    server.backend.answer = () => reply(200, '{"connect":"+33142685300"}');
    const { end, record } = await driverCalls();
    expect(end).toMatchObject({ by: 'remote', status: 503 });
    expect(record.reason).toBeTruthy();
  });

  test('the trunk is down: the call fails in bounded time', async () => {
    server.backend.answer = () => reply(200, '{"connect":"+12015550123"}');
    const { end, record } = await driverCalls();
    expect(end.by).toBe('remote');
    expect([408, 503]).toContain(end.status);
    expect(record.reason).toBeTruthy();
  });
});

function trunk(values: { name: string; host: string; port: number; prefixes: string[] }) {
  return trunkEntry(values);
}
