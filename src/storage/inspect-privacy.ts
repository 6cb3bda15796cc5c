import { type Kysely, sql } from 'kysely';
import { filesWaiting } from './file-removals.ts';
import { CURRENT } from './open-vault.ts';
import { countStale } from './reseal.ts';
import type { Schema } from './schema.ts';
import { SEALED_TABLES } from './sealed-columns.ts';

/** How a change of keys stands, and what is to be erased. */
export interface PrivacyState {
  /** Rows under another key than the one that seals. */
  readonly staleRows: number;
  readonly erasures: {
    readonly running: number;
    /** ms since the epoch, of the oldest; undefined: none runs. */
    readonly since: number | undefined;
  };
  /** Files that are to be deleted, by the node that has them. */
  readonly files: Readonly<Record<string, number>>;
}

/** Reads all sealed tables: for `maskline doctor`. */
export async function inspectPrivacy(db: Kysely<Schema>): Promise<PrivacyState> {
  const current = await db.selectFrom('meta').select('value').where('name', '=', CURRENT).executeTakeFirst();
  let staleRows = 0;
  // Without it nothing has been sealed since the last update of the program, and nothing is being changed.
  if (current !== undefined)
    for (const table of SEALED_TABLES) staleRows += await countStale(db, table, current.value);
  const { rows } = await sql<{ running: number; since: Date | null }>`
    select count(*)::int as running, min(at) as since from erasures where status = 'running'`.execute(db);
  return {
    staleRows,
    erasures: { running: rows[0]?.running ?? 0, since: rows[0]?.since?.getTime() },
    files: await filesWaiting(db),
  };
}
