import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { leaksBetween, numberSeenByCaller } from '../../src/cli/demo/measure.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import type { IncomingCall } from '../../src/phone/incoming-call.ts';
import type { OutgoingCall } from '../../src/phone/outgoing-call.ts';
import { outgoingText, scanForLeaks } from '../../src/privacy/leak-scan.ts';
import { numberSecret } from '../../src/privacy/secret.ts';
import {
  applicationOf,
  LEAVE_ALONE,
  maskedSession,
  NOBODY,
  SECOND,
  sessionUntil,
  startMaskedServer,
  THIRD,
} from '../kit/masked-server.ts';
import { DRIVER, HOST, PASSENGER, SERVICE, type WholeServer } from '../kit/whole-server.ts';

const MAY_BE_SEEN = [SERVICE, SECOND, THIRD, HOST, 'maskline.local'];
const ANSWERS = { ringAfterMs: 0, answerAfterMs: 50 };
const TWO = [
  { number: DRIVER, role: 'driver' },
  { number: PASSENGER, role: 'client', label: 'order 17' },
];

let server: WholeServer;
beforeAll(async () => {
  server = await startMaskedServer();
  await pool({ sharing: false });
});
afterAll(() => server.stop());

/** Every test has its own sessions; those of before are over. */
afterEach(async () => {
  const { sessions } = server.maskline.storage.masking;
  const { items } = await sessions.list({ applicationId: undefined }, { limit: 100 });
  for (const { id } of items) await sessions.close(id, undefined, 'asked');
  await server.reset();
});

/** Numbers are free as soon as a test is over. */
async function pool({ sharing }: { readonly sharing: boolean }): Promise<void> {
  const applicationId = applicationOf(server);
  const { pools } = server.maskline.storage.masking;
  await pools.putPool({ applicationId, name: 'default', coolOffSeconds: 0, sharing });
}

async function eventsOf(subject: string): Promise<readonly string[]> {
  const { items } = await server.maskline.storage.events.read({
    applicationId: undefined,
    subject,
    limit: 100,
  });
  return items.map(({ type }) => type);
}

/** Whose numbers stand in what a session's script was told and did: the caller's, and nobody else's. */
async function numbersToldToScript(sessionId: string): Promise<readonly string[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const log = await server.maskline.storage.eventLogs.read(sessionId);
    const text = JSON.stringify(log);
    if (log !== undefined) return [DRIVER, PASSENGER].filter((number) => text.includes(number.slice(3)));
    if (performance.now() > deadline) throw new Error('no event log was kept');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Both hear each other, see what they may, and nothing of either reaches the other. */
async function talk(outgoing: OutgoingCall, incoming: IncomingCall, seen: string): Promise<void> {
  await Promise.all([outgoing.waitFor('connected'), incoming.waitFor('connected')]);
  await outgoing.waitUntil('the callee’s tone', () => outgoing.rtp.heard.isTone(1020));
  await incoming.waitUntil('the caller’s tone', () => incoming.rtp.heard.isTone(440));
  expect(incoming.shown.number).toBe(seen);
  expect(leaksBetween(outgoing, incoming, MAY_BE_SEEN)).toEqual([]);
}

describe('a masking session, on real sockets', () => {
  test('[row 31] axb: both reach each other by one number, and outsiders can follow it', async () => {
    const { id } = await maskedSession(server, { parties: TWO, number: SERVICE });
    const driver = await server.phone('driver', { toneHz: 440, answer: ANSWERS });
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });

    const out = driver.call(SERVICE);
    const rings = await passenger.nextCall();
    await talk(out, rings, SERVICE);
    expect(numberSeenByCaller(out)).toBe(SERVICE);
    await sessionUntil(server, id, ({ status, calls }) => status === 'in-progress' && calls === 1);
    out.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    await sessionUntil(server, id, ({ status }) => status === 'open');

    const back = passenger.call(SERVICE);
    const rung = await driver.nextCall();
    await Promise.all([back.waitFor('connected'), rung.waitFor('connected')]);
    expect(rung.shown.number).toBe(SERVICE);
    expect(leaksBetween(back, rung, MAY_BE_SEEN)).toEqual([]);
    rung.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    await sessionUntil(server, id, ({ status, calls }) => status === 'open' && calls === 2);
    const records = await server.closedRecords(2);
    for (const record of records) expect(await numbersToldToScript(record.id)).toHaveLength(1);
    const ofCall = ['call.started', 'call.answered', 'call.ended'];
    expect(await eventsOf(id)).toEqual(['masking_session.created', ...ofCall, ...ofCall]);
  });

  test('axyb: each sees the number that it would dial itself', async () => {
    const { parties } = await maskedSession(server, { mode: 'axyb', parties: TWO });
    const [mine, theirs] = [SERVICE, SECOND, THIRD].filter((one) =>
      parties.some(({ serviceNumber }) => serviceNumber?.equals(PhoneNumber.parse(one))),
    );
    const dialled = parties[0]!.serviceNumber!.equals(PhoneNumber.parse(mine!)) ? mine! : theirs!;
    const shown = dialled === mine ? theirs! : mine!;
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
    const out = driver.call(dialled);
    const rings = await passenger.nextCall();
    await talk(out, rings, shown);
    expect(numberSeenByCaller(out)).toBe(dialled);
    rings.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  });

  test('axn: a stranger reaches the party, and the party the stranger who called last', async () => {
    await maskedSession(server, {
      mode: 'axn',
      number: SERVICE,
      parties: [{ number: DRIVER, role: 'seller' }],
    });
    const seller = await server.phone('driver', { toneHz: 1020, answer: ANSWERS });
    const stranger = await server.phone('passenger', { toneHz: 440, answer: ANSWERS });
    const out = stranger.call(SERVICE);
    const rings = await seller.nextCall();
    await talk(out, rings, SERVICE);
    out.hangup();
    await Promise.all([seller.waitFor('idle'), stranger.waitFor('idle')]);

    const back = seller.call(SERVICE);
    const rung = await stranger.nextCall();
    await Promise.all([back.waitFor('connected'), rung.waitFor('connected')]);
    expect(rung.shown.number).toBe(SERVICE);
    expect(leaksBetween(back, rung, MAY_BE_SEEN)).toEqual([]);
    back.hangup();
    await Promise.all([seller.waitFor('idle'), stranger.waitFor('idle')]);
  });

  test('axg: the group is called one after the other, and a member reaches the first party', async () => {
    await maskedSession(server, {
      mode: 'axg',
      number: SERVICE,
      parties: [{ number: DRIVER }, { number: NOBODY }, { number: PASSENGER }],
    });
    const customer = await server.phone('driver', { toneHz: 440, answer: ANSWERS });
    const member = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
    const out = customer.call(SERVICE);
    const rings = await member.nextCall();
    await talk(out, rings, SERVICE);
    out.hangup();
    await Promise.all([customer.waitFor('idle'), member.waitFor('idle')]);

    const back = member.call(SERVICE);
    const rung = await customer.nextCall();
    await Promise.all([back.waitFor('connected'), rung.waitFor('connected')]);
    expect(rung.shown.number).toBe(SERVICE);
    back.hangup();
    await Promise.all([customer.waitFor('idle'), member.waitFor('idle')]);
  });

  test('extension: whoever types the digits reaches the party', async () => {
    await maskedSession(server, {
      mode: 'extension',
      number: SERVICE,
      parties: [{ number: PASSENGER, role: 'client', extension: '4711' }],
    });
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
    const out = driver.call(SERVICE);
    await out.waitFor('connected');
    await out.waitUntil('the question', () => out.rtp.heard.seconds > 0.3);
    out.rtp.pressKeys('4711#');
    const rings = await passenger.nextCall();
    await talk(out, rings, SERVICE);
    out.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  });

  test('two orders on one number: the caller chooses by a key', async () => {
    await pool({ sharing: true });
    await maskedSession(server, { parties: TWO, number: SERVICE });
    await maskedSession(server, {
      parties: [{ number: DRIVER }, { number: NOBODY, label: 'order 18' }],
      number: SERVICE,
    });
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
    const out = driver.call(SERVICE);
    await out.waitFor('connected');
    await out.waitUntil('the menu', () => out.rtp.heard.seconds > 0.3);
    // The newer order is named first.
    out.rtp.pressKeys('2');
    const rings = await passenger.nextCall();
    await talk(out, rings, SERVICE);
    out.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    await pool({ sharing: false });
  });

  test('a call ends when it has lasted as long as it may, and the last of its calls closes the session', async () => {
    const { id } = await maskedSession(server, {
      parties: TWO,
      number: SERVICE,
      rules: { maxCallSeconds: 1, maxCalls: 1 },
    });
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
    const out = driver.call(SERVICE);
    const rings = await passenger.nextCall();
    await out.waitFor('connected');
    await Promise.all([out.waitFor('ended'), rings.waitFor('ended')]);
    expect(out.end).toMatchObject({ by: 'remote', reason: 'BYE' });
    expect(rings.end).toMatchObject({ by: 'remote', reason: 'BYE' });
    await sessionUntil(server, id, ({ closedReason }) => closedReason === 'calls-used-up');
    const again = driver.call(SERVICE);
    await again.waitFor('ended');
    expect(again.end).toMatchObject({ status: 404 });
  });

  test.each([
    ['expired', { ttlSeconds: 1 }, 404],
    ['one-way', { oneWayFrom: 'client' }, 403],
  ])('%s: the caller is told so, and not answered', async (_name, rules, status) => {
    const { id } = await maskedSession(server, { parties: TWO, number: SERVICE, rules });
    if (status === 404) await sessionUntil(server, id, (session) => session.closedReason === 'expired');
    const driver = await server.phone('driver');
    const passenger = await server.phone('passenger', { answer: ANSWERS });
    const out = driver.call(SERVICE);
    await out.waitFor('ended', 15_000);
    expect(out.end).toMatchObject({ status });
    expect(out.rtp.heard.seconds).toBeGreaterThan(0.5);
    await passenger.waitFor('idle');
  });

  test('whoever asks to be left alone is not reached again', async () => {
    const { id } = await maskedSession(server, { parties: TWO, number: SERVICE });
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
    const out = driver.call(SERVICE);
    const rings = await passenger.nextCall();
    await talk(out, rings, SERVICE);
    rings.rtp.pressKeys(LEAVE_ALONE);
    await Promise.all([out.waitFor('ended', 15_000), rings.waitFor('ended', 15_000)]);
    const again = driver.call(SERVICE);
    await again.waitFor('ended', 15_000);
    expect(again.end).toMatchObject({ status: 403 });
    const { blocks } = server.maskline.storage.masking;
    const { items } = await blocks.list(undefined, { limit: 10 });
    const { person, counterpart = '' } = items[0]!;
    const { counterparts } = server.maskline.storage.masking;
    const applicationId = applicationOf(server);
    expect(await counterparts.lastCounterpart(applicationId, person)).toBe(counterpart);
    expect(await counterparts.lastCounterpart(applicationId, counterpart)).toBe(person);
    expect(await counterparts.lastCounterpart('another', person)).toBeUndefined();
    expect(items).toMatchObject([{ direction: 'to', by: 'party' }]);
    await blocks.remove(items[0]!.id, undefined);
    await sessionUntil(server, id, ({ status }) => status === 'open');
  });

  test('[row 43] neither logs, nor event logs of scripts, nor the disk hold a callee’s number', async () => {
    const secrets = [DRIVER, PASSENGER, NOBODY].map((one) => numberSecret(PhoneNumber.parse(one)));
    const packets = server.logLines.map((line) => outgoingText('log', line));
    expect(packets.length).toBeGreaterThan(5);
    expect(scanForLeaks({ secrets, packets })).toEqual([]);
    const files = readdirSync(join(server.data, 'database'), {
      recursive: true,
      encoding: 'utf8',
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    expect(files.some((file) => file.includes('masking_session.created'))).toBe(true);
    for (const number of [DRIVER, PASSENGER, NOBODY])
      expect(files.filter((file) => file.includes(number.slice(3)))).toEqual([]);
  });
});
