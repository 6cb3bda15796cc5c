import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { leaksBetween } from '../../src/cli/demo/measure.ts';
import { maskedSession, sessionUntil, startMaskedServer } from '../kit/masked-server.ts';
import { type PostgresServer, startPostgres } from '../kit/postgres-server.ts';
import { DRIVER, HOST, PASSENGER, SERVICE, type WholeServer } from '../kit/whole-server.ts';

let postgres: PostgresServer;
let one: WholeServer;
let other: WholeServer;

beforeAll(async () => {
  postgres = await startPostgres();
  const DATABASE_URL = await postgres.createDatabase();
  one = await startMaskedServer({ node: 'one', environment: { DATABASE_URL } });
  const MASKLINE_KEY_FILE = join(one.data, 'maskline.key');
  other = await startMaskedServer({ node: 'other', environment: { DATABASE_URL, MASKLINE_KEY_FILE } });
}, 120_000);
afterEach(() => other.reset());
afterAll(async () => {
  await other?.stop();
  await one?.stop();
  await postgres?.stop();
});

test('[row 31] a session that one node has made is called through the other, and closed on the first it is over on both', async () => {
  const { id } = await maskedSession(one, {
    parties: [{ number: DRIVER }, { number: PASSENGER }],
    number: SERVICE,
  });
  const driver = await other.phone('driver', { toneHz: 440 });
  const passenger = await other.phone('passenger', { toneHz: 1020, answer: { answerAfterMs: 50 } });
  const out = driver.call(SERVICE);
  const rings = await passenger.nextCall();
  await Promise.all([out.waitFor('connected'), rings.waitFor('connected')]);
  await out.waitUntil('the passenger’s tone', () => out.rtp.heard.isTone(1020));
  expect(rings.shown.number).toBe(SERVICE);
  expect(leaksBetween(out, rings, [SERVICE, HOST, 'maskline.local'])).toEqual([]);
  await sessionUntil(one, id, ({ status, calls }) => status === 'in-progress' && calls === 1);

  const { storage } = one.maskline;
  // Whoever talks goes on; the next call finds it over.
  await storage.masking.sessions.close(id, undefined, 'asked');
  expect(out.state).toBe('connected');
  rings.hangup();
  await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  const again = driver.call(SERVICE);
  await again.waitFor('ended', 15_000);
  expect(again.end).toMatchObject({ status: 404 });

  await other.closedRecords(2);
  const { items } = await storage.events.read({ applicationId: undefined, subject: id, limit: 100 });
  const order = items.map(({ type }) => type);
  expect(order).toHaveLength(5);
  expect(order.slice(0, 3)).toEqual(['masking_session.created', 'call.started', 'call.answered']);
  expect(order.slice(3).sort()).toEqual(['call.ended', 'masking_session.closed']);
  expect(items.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
});

test('[row 31] of two who call at once for the last call of a session, one is connected, and the other is told', async () => {
  const { id } = await maskedSession(one, {
    parties: [{ number: DRIVER }, { number: PASSENGER }],
    number: SERVICE,
    rules: { maxCalls: 1 },
  });
  // The driver has two phones, and the passenger takes whatever comes.
  const drivers = [await other.phone('driver'), await other.phone('driver', { toneHz: 440 })];
  const passenger = await other.phone('passenger', { answer: { answerAfterMs: 50 } });
  const calls = drivers.map((driver) => driver.call(SERVICE));
  const rings = await passenger.nextCall();
  await rings.waitFor('connected');
  await Promise.any(calls.map((call) => call.waitFor('ended', 15_000)));
  expect(calls.map(({ state }) => state).sort()).toEqual(['connected', 'ended']);
  expect(calls.flatMap(({ end }) => end?.status ?? [])).toEqual([403]);
  await sessionUntil(one, id, ({ status, calls: answered }) => status === 'in-progress' && answered === 1);
  rings.hangup();
  await Promise.all(drivers.map((driver) => driver.waitFor('idle')));
  await sessionUntil(one, id, ({ closedReason }) => closedReason === 'calls-used-up');
});
