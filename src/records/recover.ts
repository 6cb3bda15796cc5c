import { join } from 'node:path';
import type { Logger } from '../kernel/logger.ts';
import type { CallRecord, RecordChange, RecordingRecord, RecordStore } from './ports.ts';

const STOPPED = 'node stopped';

/** Makes a WAV file that was cut off playable again (its header names its length). Rejects when nothing can be saved. */
export type RepairWav = (path: string) => Promise<{ readonly seconds: number; readonly bytes: number }>;

/**
 * Closes the records that a dead process of this node left open, before new calls are taken. Their end is the last
 * thing that is known of them; their recordings are repaired and marked `partial`. Returns how many there were.
 */
export async function recoverRecords(options: {
  readonly store: RecordStore;
  readonly node: string;
  readonly recordingsFolder: string;
  readonly repairWav: RepairWav;
  readonly log: Logger;
}): Promise<number> {
  const open = await options.store.openRecords(options.node);
  for (const record of open) {
    const changes = await closing(record, options);
    await options.store.apply(changes);
  }
  if (open.length > 0)
    options.log.warn({ records: open.length }, 'calls were cut off when this node stopped');
  return open.length;
}

async function closing(
  record: CallRecord,
  options: Parameters<typeof recoverRecords>[0],
): Promise<RecordChange[]> {
  const { position, at: endedAt } = await lastEvent(record, options.store);
  const legs = record.legs.filter((leg) => leg.endedAt === undefined);
  const recordings = record.recordings.filter((recording) => recording.status === 'recording');
  return [
    ...legs.map(
      (leg): RecordChange => ({
        kind: 'leg',
        sessionId: record.id,
        leg: {
          ...leg,
          endedAt,
          durationSeconds: leg.answeredAt === undefined ? 0 : Math.max(0, endedAt - leg.answeredAt) / 1_000,
          reason: STOPPED,
          endedBy: 'fault',
        },
      }),
    ),
    ...(await Promise.all(
      recordings.map(
        async (recording): Promise<RecordChange> => ({
          kind: 'recording',
          recording: await repaired(recording, options),
        }),
      ),
    )),
    {
      kind: 'event',
      event: {
        sessionId: record.id,
        position: position + 1,
        at: endedAt,
        callId: undefined,
        name: 'node.stopped',
        detail: {},
      },
    },
    { kind: 'close', id: record.id, status: 'failed', endedAt, reason: STOPPED, error: undefined },
  ];
}

async function repaired(
  recording: RecordingRecord,
  options: Parameters<typeof recoverRecords>[0],
): Promise<RecordingRecord> {
  try {
    const { seconds, bytes } = await options.repairWav(join(options.recordingsFolder, recording.path));
    return { ...recording, status: 'partial', seconds, bytes, error: STOPPED };
  } catch (error) {
    options.log.error({ err: error, recording: recording.recordingId }, 'a recording could not be repaired');
    return { ...recording, status: 'partial', error: 'node stopped; the file could not be repaired' };
  }
}

/** The last sign of life of a call. */
async function lastEvent(
  record: CallRecord,
  store: RecordStore,
): Promise<{ readonly position: number; readonly at: number }> {
  let last = { position: 0, at: record.startedAt };
  let cursor: string | undefined;
  do {
    const page = await store.events(record.id, { limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    last = page.items.at(-1) ?? last;
    cursor = page.next;
  } while (cursor !== undefined);
  return last;
}
