import { type Kysely, type Selectable, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { TranscriptJob, TranscriptStore } from '../records/transcript-ports.ts';
import type { Schema } from './schema.ts';

/** The state of transcripts; their texts are files beside the recordings. */
export class SqlTranscriptStore implements TranscriptStore {
  readonly #db: Kysely<Schema>;
  readonly #clock: Clock;

  constructor(db: Kysely<Schema>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async save(node: string, job: TranscriptJob): Promise<void> {
    const state = {
      status: job.status,
      attempts: job.attempts,
      error: job.error ?? null,
      updated_at: new Date(this.#clock.now()),
    };
    await this.#db
      .insertInto('transcripts')
      .values({
        recording_id: job.recordingId,
        node,
        language: job.language,
        phrases: JSON.stringify(job.phrases.map((phrase) => phrase.replaceAll('\0', '').toWellFormed())),
        ...state,
      })
      .onConflict((conflict) => conflict.column('recording_id').doUpdateSet(state))
      .execute();
  }

  async get(recordingId: string): Promise<TranscriptJob | undefined> {
    const row = await this.#db
      .selectFrom('transcripts')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .executeTakeFirst();
    return row === undefined ? undefined : readJob(row);
  }

  async waiting(node: string): Promise<readonly TranscriptJob[]> {
    const rows = await this.#db
      .selectFrom('transcripts')
      .selectAll()
      .where('node', '=', node)
      .where('status', '=', sql.lit('waiting'))
      .orderBy('updated_at')
      .execute();
    return rows.map(readJob);
  }
}

function readJob(row: Selectable<Schema['transcripts']>): TranscriptJob {
  return {
    recordingId: row.recording_id,
    language: row.language,
    phrases: row.phrases as unknown as readonly string[],
    status: row.status as TranscriptJob['status'],
    attempts: row.attempts,
    error: row.error ?? undefined,
  };
}
