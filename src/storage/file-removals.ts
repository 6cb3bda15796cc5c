import { type Kysely, sql } from 'kysely';
import type { FileRemoval, FileRemovals } from '../retention/ports.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';
import { SqlWordSearches } from './word-searches.ts';

/** Files whose rows are gone. They are written down in the transaction in which the rows went. */
export class SqlFileRemovals implements FileRemovals {
  readonly words: SqlWordSearches;
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>, vault: Vault) {
    this.#db = db;
    this.words = new SqlWordSearches(db, vault);
  }

  async list(node: string, most: number): Promise<readonly FileRemoval[]> {
    const rows = await this.#db
      .selectFrom('file_removals')
      .select(['id', 'path', 'what'])
      .where('what', '<>', 'words')
      // Of a call whose record was lost nobody knows the node: it is looked for here.
      .where('node', 'in', [node, ''])
      .orderBy('id')
      .limit(most)
      .execute();
    return rows.flatMap(({ id, path, what }) => (what === 'words' ? [] : [{ id, path, what }]));
  }

  async done(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#db.deleteFrom('file_removals').where('id', 'in', ids).execute();
  }

  async waiting(): Promise<Readonly<Record<string, number>>> {
    return await filesWaiting(this.#db);
  }
}

/** Files that wait to be deleted or read, by node. */
export async function filesWaiting(db: Kysely<Schema>): Promise<Readonly<Record<string, number>>> {
  const { rows } = await sql<{ node: string; count: number }>`
    select node, count(*)::int as count from file_removals group by node`.execute(db);
  return Object.fromEntries(rows.map(({ node, count }) => [node, count]));
}

/**
 * Removes recordings with their transcripts, and has their files deleted by the node that has them: the one that kept the
 * record of the call.
 *
 * @param which a query for `recording_id`s.
 */
export async function removeRecordings(
  trx: Kysely<Schema>,
  which: ReturnType<typeof sql>,
  erasureId: string | undefined,
  now: Date,
): Promise<{ readonly recordings: number; readonly transcripts: number }> {
  const { rows } = await sql<{ recordings: number; transcripts: number }>`
    with gone as (
      delete from recordings where recording_id in (${which}) returning recording_id, session_id, path),
    files as (
      insert into file_removals (node, path, what, erasure_id, at)
      select coalesce(c.node, ''), gone.path, 'recording', ${erasureId ?? null}, ${now}
        from gone left join call_records c on c.id = gone.session_id),
    words as (
      delete from transcripts where recording_id in (select recording_id from gone) returning recording_id)
    select (select count(*) from gone)::int as recordings, (select count(*) from words)::int as transcripts`.execute(
    trx,
  );
  return rows[0] ?? { recordings: 0, transcripts: 0 };
}
