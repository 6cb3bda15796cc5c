import { type Kysely, type Selectable, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { TranscriptJob, TranscriptStore } from '../records/transcript-ports.ts';
import { appendNews } from './call-news.ts';
import { eventIdOf } from './event-id.ts';
import type { Schema } from './schema.ts';

/** The state of transcripts; their texts are files beside the recordings. */
export class SqlTranscriptStore implements TranscriptStore {
  readonly #db: Kysely<Schema>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onEvents: () => void;

  /** @param onEvents events were appended. */
  constructor(db: Kysely<Schema>, clock: Clock, random: Random, onEvents: () => void = () => {}) {
    this.#db = db;
    this.#clock = clock;
    this.#random = random;
    this.#onEvents = onEvents;
  }

  /** The end of it is told to outsiders, in the same transaction. */
  async save(node: string, job: TranscriptJob): Promise<void> {
    if (job.status === 'waiting') return await this.#write(this.#db, node, job);
    await this.#db.transaction().execute(async (trx) => {
      await this.#write(trx, node, job);
      await this.#tell(trx, job);
    });
    this.#onEvents();
  }

  async #tell(trx: Kysely<Schema>, { recordingId, status, language }: TranscriptJob): Promise<void> {
    const recording = await trx
      .selectFrom('recordings')
      .select(['session_id', 'call_id'])
      .where('recording_id', '=', recordingId)
      .executeTakeFirst();
    if (recording === undefined) return;
    const { session_id: sessionId, call_id: callId } = recording;
    await appendNews(trx, this.#random, [
      {
        ...{ id: eventIdOf('transcript.completed', recordingId), type: 'transcript.completed' },
        ...{ at: this.#clock.now(), sessionId, callId },
        data: { sessionId, callId, recordingId, status, ...(language === '' ? {} : { language }) },
      },
    ]);
  }

  async #write(db: Kysely<Schema>, node: string, job: TranscriptJob): Promise<void> {
    const state = {
      status: job.status,
      attempts: job.attempts,
      error: job.error ?? null,
      updated_at: new Date(this.#clock.now()),
    };
    await db
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
