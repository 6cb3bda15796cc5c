import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IncomingCall } from '../../src/phone/incoming-call.ts';
import type { OutgoingCall } from '../../src/phone/outgoing-call.ts';
import type { Phone } from '../../src/phone/phone.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import { SERVICE } from '../kit/whole-server.ts';
import { type NodeProcess, Place } from './node-process.ts';

/** A drain that no test waits for. */
const LONG = 600;

let place: Place;
beforeAll(async () => {
  place = await Place.make();
});
afterAll(() => place.close());

interface Talk {
  readonly driver: Phone;
  readonly outgoing: OutgoingCall;
  readonly incoming: IncomingCall;
}

/** A recorded call in which both have heard each other. */
async function talk(misbehaviour: { readonly ignoreBye?: boolean } = {}): Promise<Talk> {
  const driver = await place.phone('driver');
  const passenger = await place.phone('passenger', { answer: { answerAfterMs: 0 }, misbehaviour });
  const outgoing = driver.call(SERVICE);
  const incoming = await passenger.nextCall();
  await Promise.all([
    outgoing.waitFor('connected').then((call) => call.waitUntil('tone', () => call.rtp.heard.isTone(1020))),
    incoming.waitFor('connected').then((call) => call.waitUntil('tone', () => call.rtp.heard.isTone(440))),
  ]);
  return { driver, outgoing, incoming };
}

async function stoppingIsSaid(node: NodeProcess): Promise<void> {
  await node.program.line((line) => line.startsWith('Stopping. No new calls'));
}

async function newestRecord(): Promise<CallRecord> {
  const { items } = await place.stored((storage) => storage.records.list({ limit: 50 }));
  expect(items.filter(({ status }) => status === 'in-progress')).toEqual([]);
  const record = items.find(({ recordings }) => recordings.length > 0);
  expect(record).toMatchObject({ status: 'completed', recordings: [{ status: 'complete' }] });
  return record!;
}

/** The process is gone with all it started, by itself, and called it a success. */
async function expectCleanEnd(node: NodeProcess): Promise<void> {
  expect(await node.program.exited).toBe(0);
  expect(node.program.anythingLeft()).toBe(false);
  expect(node.program.stderr()).not.toMatch(/"level":"error"|"level":"warn"|\n {4}at /);
}

describe('a node is stopped with a call in progress', () => {
  test('SIGTERM: new calls get 503, the running one goes on until they hang up, then it is over', async () => {
    const node = await place.start({ drainSeconds: LONG });
    const { driver, outgoing, incoming } = await talk();
    node.program.signal('SIGTERM');
    await stoppingIsSaid(node);

    const refused = driver.call(SERVICE);
    await refused.waitFor('ended');
    expect(refused.end).toMatchObject({ by: 'remote', status: 503 });
    expect((await node.get('/ready')).status).toBe(503);
    expect((await node.post('/v1/scenarios/taxi/start', { customData: {} })).status).toBe(503);

    const heard = incoming.rtp.heard.seconds;
    await incoming.waitUntil('a second more', () => incoming.rtp.heard.seconds > heard + 1);
    expect(node.program.process.exitCode).toBeNull();
    outgoing.hangup();
    await incoming.waitFor('ended');
    await expectCleanEnd(node);
    const { recordings, legs } = await newestRecord();
    expect(recordings[0]!.seconds).toBeGreaterThan(1);
    for (const leg of legs) expect(leg.endedAt).toBeDefined();
  });

  test('its time runs out: both phones get BYE, and nothing is lost', async () => {
    const node = await place.start({ drainSeconds: 1 });
    const { outgoing, incoming } = await talk();
    node.program.signal('SIGTERM');
    await Promise.all([outgoing.waitFor('ended'), incoming.waitFor('ended')]);
    for (const call of [outgoing, incoming]) expect(call.end).toMatchObject({ by: 'remote', reason: 'BYE' });
    await expectCleanEnd(node);
    expect((await newestRecord()).recordings[0]!.seconds).toBeGreaterThan(1);
  });

  test('Ctrl-C twice, as a terminal sends it to script/server: both phones get BYE at once', async () => {
    const node = await place.start({ drainSeconds: LONG, command: ['script/server'] });
    const { outgoing, incoming } = await talk();
    node.program.signal('SIGINT', 'group');
    await stoppingIsSaid(node);
    expect([outgoing.state, incoming.state]).toEqual(['connected', 'connected']);
    node.program.signal('SIGINT', 'group');
    await Promise.all([outgoing.waitFor('ended'), incoming.waitFor('ended')]);
    for (const call of [outgoing, incoming]) expect(call.end).toMatchObject({ by: 'remote', reason: 'BYE' });
    await expectCleanEnd(node);
    await newestRecord();
  });

  test('a phone that does not answer BYE does not keep it', async () => {
    const node = await place.start({ drainSeconds: LONG });
    const { outgoing, incoming } = await talk({ ignoreBye: true });
    node.program.signal('SIGINT');
    await stoppingIsSaid(node);
    const asked = performance.now();
    node.program.signal('SIGINT');
    await Promise.all([outgoing.waitFor('ended'), incoming.waitFor('ended')]);
    await expectCleanEnd(node);
    // Without a bound it would be Timer F: 32 s (RFC 3261 §17.1.2.2).
    expect(performance.now() - asked).toBeLessThan(15_000);
    await newestRecord();
  });
});

test('without calls a stop takes no time, and says nothing of calls', async () => {
  const node = await place.start({ drainSeconds: LONG });
  node.program.signal('SIGTERM');
  await expectCleanEnd(node);
  expect(node.program.stdout()).not.toContain('Stopping');
});
