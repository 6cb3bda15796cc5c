import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leaksBetween } from '../../src/cli/demo/measure.ts';
import { type PostgresServer, startPostgres } from '../kit/postgres-server.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';

let postgres: PostgresServer;
let server: WholeServer;

beforeAll(async () => {
  postgres = await startPostgres();
  server = await WholeServer.start({ environment: { DATABASE_URL: await postgres.createDatabase() } });
});
afterAll(async () => {
  await server?.stop();
  await postgres?.stop();
});

test('a masked call on a PostgreSQL server by DATABASE_URL', async () => {
  const driver = await server.phone('driver', { toneHz: 440 });
  const passenger = await server.phone('passenger', { toneHz: 1020, answer: { answerAfterMs: 50 } });
  const outgoing = driver.call(SERVICE);
  const incoming = await passenger.nextCall();
  await Promise.all([outgoing.waitFor('connected'), incoming.waitFor('connected')]);
  await outgoing.waitUntil('the passenger’s tone', () => outgoing.rtp.heard.isTone(1020));
  await incoming.waitUntil('the driver’s tone', () => incoming.rtp.heard.isTone(440));
  outgoing.hangup();
  await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  expect(incoming.shown.number).toBe(SERVICE);
  expect(leaksBetween(outgoing, incoming, [SERVICE, HOST, 'maskline.local'])).toEqual([]);

  const record = await server.closedRecord();
  expect(record).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
  expect(record.recordings).toMatchObject([{ status: 'complete', channels: 2 }]);
  expect((await server.eventsOf(record)).map((event) => event.name)).toEqual(
    expect.arrayContaining(['session.started', 'leg.connected', 'recording.stopped', 'session.ended']),
  );
  // Nothing of it went into an embedded database.
  expect(server.maskline.storage.kind).toBe('server');
  expect(existsSync(join(server.data, 'database'))).toBe(false);
});
