import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { event, leg, record, recording, START } from '../../../test/kit/call-records.ts';
import type { RecordingRecord } from '../../records/ports.ts';
import { NUMBERS, type World } from './world.ts';

/** A finished call of an application, with two legs, events that quote a number, and a recording row. */
export async function storeCall(
  world: World,
  id: string,
  application: 'taxi' | 'delivery' | undefined,
  startedAt = START,
): Promise<void> {
  const applicationId = application === undefined ? undefined : world.applications[application];
  const { driver, passenger, service } = NUMBERS;
  await world.storage.records.apply([
    {
      kind: 'open',
      record: record({ id, applicationId, ruleName: 'all', scenario: 'masking', startedAt }),
    },
    {
      kind: 'leg',
      sessionId: id,
      leg: leg({ callId: `${id}-a`, callerid: driver, number: service, startedAt }),
    },
    {
      kind: 'leg',
      sessionId: id,
      leg: leg({
        callId: `${id}-b`,
        incoming: false,
        callerid: service,
        number: passenger,
        startedAt: startedAt + 1_000,
        answeredAt: startedAt + 5_000,
        endedAt: startedAt + 9_000,
        durationSeconds: 4,
        code: 200,
        endedBy: 'remote',
        media: { packetsReceived: 200 },
      }),
    },
    { kind: 'event', event: event(id, 1, { message: 'the passenger is +447700900202' }) },
    { kind: 'event', event: event(id, 2, { nested: { list: ['447700900202', 7] }, '+447700900202': true }) },
    { kind: 'event', event: event(id, 3) },
    {
      kind: 'close',
      id,
      status: 'completed',
      endedAt: startedAt + 10_000,
      reason: 'connected, the passenger +447700900202 hung up',
      error: undefined,
    },
  ]);
}

/** A recording of the call, and its file unless `bytes` is undefined. */
export async function storeRecording(
  world: World,
  sessionId: string,
  values: Partial<RecordingRecord> & { readonly recordingId: string },
  bytes?: Buffer,
): Promise<void> {
  const row = recording({ sessionId, status: 'complete', seconds: 1, ...values });
  await world.storage.records.apply([{ kind: 'recording', recording: row }]);
  if (bytes === undefined) return;
  const path = join(world.recordingsFolder, row.path);
  await mkdir(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
