import type { Settings } from '../config/schema.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { deleteFiles } from '../retention/delete-files.ts';
import { erasuresOf } from '../retention/erasures.ts';
import type { Erasures, RetentionKind } from '../retention/ports.ts';
import { Retention } from '../retention/retention.ts';
import type { Storage } from '../storage/storage.ts';

/** Steps of an erasure before the answer to who has asked for it: a few seconds. */
const STEPS_BEFORE_ANSWER = 100;
/** Transcripts that are read before it. */
const TRANSCRIPTS_BEFORE_ANSWER = 500;

/** Days by kind, as the settings say. */
export function retentionDays({
  retention,
}: Pick<Settings, 'retention'>): Readonly<Record<RetentionKind, number>> {
  return {
    recordings: retention.recordingsDays,
    transcripts: retention.transcriptsDays,
    calls: retention.callsDays,
    sessions: retention.sessionsDays,
    people: retention.peopleDays,
    events: retention.eventsDays,
    audit: retention.auditDays,
  };
}

/** Takes away what is too old while the node runs, and erases people. */
export function startRetention(
  settings: Pick<Settings, 'node' | 'retention'>,
  parts: {
    readonly storage: Pick<Storage, 'erasures' | 'retention' | 'fileRemovals'>;
    readonly recordingsFolder: string;
    readonly clock: Clock;
    readonly log: Logger;
  },
): { readonly erasures: Erasures; readonly retention: Retention; close(): Promise<void> } {
  const { storage, recordingsFolder, clock, log } = parts;
  const options = { removals: storage.fileRemovals, node: settings.node, recordingsFolder, log };
  const retention = new Retention({
    store: storage.retention,
    erasures: storage.erasures,
    deleteFiles: () => deleteFiles(options),
    days: retentionDays(settings),
    clock,
    log,
  });
  retention.start();
  return {
    erasures: erasuresOf(
      storage.erasures,
      () => deleteFiles({ ...options, transcripts: TRANSCRIPTS_BEFORE_ANSWER }),
      STEPS_BEFORE_ANSWER,
    ),
    retention,
    close: () => retention.close(),
  };
}
