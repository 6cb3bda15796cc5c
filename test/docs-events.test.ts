import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RETRY_SECONDS } from '../src/events/retries.ts';
import { newSecret, sign } from '../src/events/sign.ts';
import { EVENT_TYPES, type EventType, eventView, type LoggedEvent } from '../src/events/types.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import type { PhoneNumber } from '../src/kernel/phone-number.ts';
import { systemRandom } from '../src/kernel/random.ts';
import { MaskingService } from '../src/masking/masking-service.ts';
import { eraseNow } from '../src/retention/erasures.ts';
import type { Storage } from '../src/storage/storage.ts';
import { leg, record, recording, START } from './kit/call-records.ts';
import { makeApplication, openMasking, party, person, sessionOf } from './kit/masking-world.ts';
import { embeddedPlaces } from './kit/storage-places.ts';
import { VirtualClock } from './kit/virtual-clock.ts';

const guide = readFileSync(new URL('../docs/guide/events.md', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
  ([, json]) => JSON.parse(json!) as { type: EventType; data: Record<string, unknown> },
);
const places = embeddedPlaces();
const clock = new VirtualClock(START);
let storage: Storage;
let applicationId: string;
const told = new Map<EventType, LoggedEvent>();

/** Everything that there is an event for, done once, by those who do it in a node. */
beforeAll(async () => {
  storage = await openMasking(await places.fresh(), clock, { node: 'node-1' });
  const { masking, records, transcripts, erasures } = storage;
  applicationId = (await makeApplication(storage, 1)).id;
  const parties = ['driver', 'client'].map((role, index) => party(person(index), { role }));
  const session = await masking.sessions.create(
    sessionOf(applicationId, [], { parties, externalId: 'order 4711', rules: { sliding: false } }),
  );
  await masking.sessions.change(session.id, applicationId, { extendSeconds: 7_200 });
  await masking.sessions.close(session.id, applicationId, 'asked');

  const running = recording({ recordingId: 'recording-1', sessionId: 'call-1', callId: 'leg-1' });
  const over = { answeredAt: START + 1, endedAt: START + 5_001, durationSeconds: 5, code: 200 } as const;
  await records.apply([
    { kind: 'open', record: record({ id: 'call-1', applicationId }) },
    { kind: 'leg', sessionId: 'call-1', leg: leg({ callId: 'leg-1', ...over, endedBy: 'remote' }) },
    { kind: 'recording', recording: { ...running, status: 'complete', seconds: 4.2, bytes: 134_444 } },
    {
      kind: 'open',
      record: record({
        id: 'call-2',
        applicationId,
        status: 'refused',
        legs: [leg({ callId: 'leg-2', code: 404 })],
      }),
    },
  ]);
  const job = { recordingId: 'recording-1', language: 'en-GB', phrases: [], attempts: 1, error: undefined };
  await transcripts.save('node-1', { ...job, status: 'complete' });
  const service = new MaskingService({
    resolve: () => Promise.reject(new Error('nobody calls')),
    people: masking.resolution,
    ...{ calls: masking.calls, blocks: masking.blocks, counterparts: masking.counterparts },
    ...{ events: storage.events, clock, log: silentLogger },
  });
  await service.promise({
    ...{ applicationId, caller: person(0), dialled: session.parties[0]?.serviceNumber as PhoneNumber },
    ...{ extension: undefined, chosen: undefined, callId: 'leg-1', scenarioSessionId: 'call-1' },
  });
  await service.close(1_000);

  const block = await masking.blocks.add({
    ...{ applicationId, person: person(0), counterpart: person(1), direction: 'from', by: 'application' },
    ...{ reason: '', expiresAt: START + 86_400_000 },
  });
  await masking.blocks.remove(block.id, applicationId);
  const [number] = await masking.pools.numbers({ applicationId });
  await masking.pools.changeNumber(number!.id, applicationId, {
    status: 'quarantined',
    quarantineReason: 'spam reports',
  });
  const receipt = await erasures.begin({ number: person(0), applicationId, actor: 'test' });
  await eraseNow(erasures, receipt.id);
  for (const event of (await storage.events.read({ applicationId, limit: 200 })).items)
    if (!told.has(event.type)) told.set(event.type, event);
});
afterAll(async () => {
  await storage?.close();
  await places.close();
});

describe('docs/guide/events.md', () => {
  test('explains each type once, under its name', () => {
    const headings = [...guide.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([...EVENT_TYPES]);
    expect(examples.slice(1).map(({ type }) => type)).toEqual([...EVENT_TYPES]);
  });

  test.each(EVENT_TYPES)('%s is as the example shows it', (type) => {
    const event = told.get(type);
    const example = examples.slice(1).find((one) => one.type === type);
    expect(shapeOf(event?.data)).toEqual(shapeOf(example?.data));
  });

  test('an event of a masked leg has the fields of the first example', () => {
    const [first] = examples;
    expect(Object.keys(first!).sort()).toEqual(Object.keys(eventView(told.get('call.ended')!)).sort());
    const ended = Object.keys(told.get('call.ended')!.data);
    const masked = [...ended, 'maskingSessionId', 'caller', 'callee'].sort();
    expect(Object.keys(first!.data).sort()).toEqual(masked);
  });

  test('the code that reads a webhook takes ours and refuses what was changed', () => {
    const [, code] = /^```js\nimport .+\n\nexport ([\s\S]*?)^```$/m.exec(guide)!;
    const readEvent = new Function('Webhook', `${code}; return readEvent;`)(Webhook) as (
      secret: string,
      request: { body: string; headers: object },
    ) => unknown;
    const secret = newSecret(systemRandom);
    const body = JSON.stringify(eventView(told.get('call.ended')!));
    const headers = sign({ id: told.get('call.ended')!.id, at: Date.now(), body }, [secret]);
    expect(readEvent(secret, { body, headers })).toEqual(JSON.parse(body));
    expect(() => readEvent(secret, { body: `${body} `, headers })).toThrow();
  });

  test('the schedule is the one that is kept', () => {
    const units = { s: 1, min: 60, h: 3_600 } as const;
    const [, list = ''] = /tried again after ([^:]+): eight attempts/.exec(guide)!;
    const said = [...list.matchAll(/(\d+) (s|min|h)\b/g)].map(
      ([, count, unit]) => Number(count) * units[unit as keyof typeof units],
    );
    expect(said).toEqual(RETRY_SECONDS);
  });
});

/** Names and kinds of fields; what the values are, differs. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}
