import { type Kysely, sql, type Transaction } from 'kysely';
import type { WordSearch, WordSearches } from '../retention/ports.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** Where the number of an erasure is sealed, while it runs. */
export const ERASURE_NUMBER_PLACE = 'erasures.number';

/** Has every node that has transcripts read them for the number of an erasure. In the transaction of its last look. */
export async function beginWordSearches(
  trx: Transaction<Schema>,
  erasure: { readonly id: string; readonly applicationId: string | null },
  now: Date,
): Promise<void> {
  await sql`
    insert into file_removals (node, path, what, erasure_id, at)
    select distinct t.node, '', 'words', ${erasure.id}, ${now}::timestamptz
      from transcripts t join recordings r on r.recording_id = t.recording_id
      left join call_records c on c.id = r.session_id
     where t.status = 'complete' ${ofApplication(erasure.applicationId)}`.execute(trx);
}

/**
 * Transcripts that nodes have still to read: rows of `file_removals` whose path is the last recording that was read, so that a
 * node which is killed goes on there.
 */
export class SqlWordSearches implements WordSearches {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;

  constructor(db: Kysely<Schema>, vault: Vault) {
    this.#db = db;
    this.#vault = vault;
  }

  async list(node: string): Promise<readonly WordSearch[]> {
    const rows = await this.#db
      .selectFrom('file_removals as f')
      .innerJoin('erasures as e', 'e.id', 'f.erasure_id')
      .select(['f.id', 'f.path', 'f.node', 'e.id as erasure_id', 'e.application_id', 'e.number_sealed'])
      .where('f.what', '=', 'words')
      .where('f.node', '=', node)
      .orderBy('f.id')
      .execute();
    return rows.flatMap((row) => {
      if (row.number_sealed === null) return [];
      const number = this.#vault.openNumber(row.number_sealed, ERASURE_NUMBER_PLACE);
      return [
        {
          ...{ id: row.id, node: row.node, erasureId: row.erasure_id, after: row.path },
          applicationId: row.application_id ?? undefined,
          mentions: number.mentions(),
        },
      ];
    });
  }

  async next(
    { node, applicationId, after }: WordSearch,
    most: number,
  ): Promise<readonly { recordingId: string; path: string }[]> {
    const { rows } = await sql<{ recordingId: string; path: string }>`
      select t.recording_id as "recordingId", r.path
        from transcripts t join recordings r on r.recording_id = t.recording_id
        left join call_records c on c.id = r.session_id
       where t.node = ${node} and t.status = 'complete' and t.recording_id > ${after}
         ${ofApplication(applicationId ?? null)} order by t.recording_id limit ${sql.lit(most)}`.execute(
      this.#db,
    );
    return rows;
  }

  async read(
    { id, erasureId }: WordSearch,
    found: readonly string[],
    after: string | undefined,
  ): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      // The receipt is what steps of the erasure hold, too.
      await sql`select from erasures where id = ${erasureId} for update`.execute(trx);
      if (found.length > 0) await removeTranscripts(trx, erasureId, found);
      if (after === undefined) await trx.deleteFrom('file_removals').where('id', '=', id).execute();
      else await trx.updateTable('file_removals').set({ path: after }).where('id', '=', id).execute();
    });
  }
}

async function removeTranscripts(
  trx: Transaction<Schema>,
  erasureId: string,
  recordingIds: readonly string[],
): Promise<void> {
  await sql`
    with gone as (
      delete from transcripts where recording_id in (
        select jsonb_array_elements_text(${JSON.stringify(recordingIds)}::jsonb)) returning recording_id, node),
    files as (
      insert into file_removals (node, path, what, erasure_id, at)
      select gone.node, r.path, 'transcript', ${erasureId}, now()
        from gone join recordings r on r.recording_id = gone.recording_id)
    update erasures set removed = removed || jsonb_build_object(
        'transcripts', coalesce((removed->>'transcripts')::int, 0) + (select count(*)::int from gone))
     where id = ${erasureId}`.execute(trx);
}

function ofApplication(applicationId: string | null) {
  return applicationId === null ? sql`` : sql`and c.application_id = ${applicationId}`;
}
