/**
 * Looks through tables for a number that stands in what customers and their scripts wrote: sealed texts have no index by which
 * it could be found, and clear ones should not hold it, and might. Everything is opened and read, some rows a step.
 */
import { sql } from 'kysely';
import type { Mentions } from '../kernel/number-spellings.ts';
import { isCalled } from './erase-searched.ts';
import { StorageError } from './errors.ts';
import { unpack } from './packed.ts';
import {
  type Found,
  givenKeys,
  keyColumns,
  keysOf,
  keyValues,
  type OpenedRow,
  type SearchedColumn,
  type SearchedTable,
  sameKey,
} from './searched-rows.ts';
import type { Vault } from './vault.ts';

/** Characters that are read in one go, and by how many they overlap. */
const PIECE = 64 * 1024;
const OVERLAP = 512;
/** Rows that are read in one go: about a millisecond. */
const BREATH = 25;
/** Rows after which a step ends. */
const STEP_ROWS = 500;
/** What was not written since the last look is only passed over. */
const PASSED = 10;

/** How far a search is; kept in the erasure's row. */
export interface SearchState {
  /** That are finished. */
  readonly looks?: number;
  /** Lesser transactions than this one were seen to their end by the look before. */
  readonly since?: string;
  /** The look that goes on. */
  readonly look?: {
    readonly xid: string;
    /** What was written by lesser transactions is passed over; undefined: everything is read. */
    readonly since?: string | undefined;
    /** ms since the epoch. */
    readonly at: number;
    /** Nothing was waited for when it began. */
    readonly quiet: boolean;
    readonly table: number;
    readonly after?: readonly string[] | undefined;
  };
  /** Rows of call lists that were being called, and are waited for. */
  readonly tasks?: readonly number[];
  /** ms since the epoch; everything that was written until then has been looked at. */
  readonly until?: number;
}

export interface SearchTools extends Pick<Found, 'trx' | 'vault' | 'mentions' | 'count' | 'keep'> {
  readonly tables: readonly SearchedTable[];
  /** Undefined: of all. */
  readonly applicationId: string | undefined;
  /** ms since the epoch. */
  readonly now: number;
}

/**
 * One step. The first look reads everything; the next ones what was written since the one before began, which PostgreSQL knows
 * of each row. A look that begins when nothing is waited for any more, and is not the first, is the last one.
 *
 * @param quiet nothing is waited for: no call that may write the number once more.
 */
export async function searchStep(
  tools: SearchTools,
  state: SearchState,
  quiet: boolean,
): Promise<{ readonly state: SearchState; readonly outcome: 'more' | 'waits' | 'done' }> {
  if (state.until !== undefined) return { state, outcome: 'done' };
  const { looks = 0 } = state;
  let tasks = state.tasks ?? [];
  if (state.look === undefined && looks > 0) {
    if (!quiet || (await isCalled(tools.trx, tasks))) return { state, outcome: 'waits' };
    tasks = [];
  }
  const look = state.look ?? (await beginLook(tools, state.since, quiet));
  const { since } = look;
  let { table: index, after } = look;
  for (let read = 0; read < STEP_ROWS && index < tools.tables.length; ) {
    const table = tools.tables[index] as SearchedTable;
    const page = table.once && looks > 0 ? DONE : await readPage(tools, table, since, after);
    if (page.hits.length > 0)
      await eraseHits(tools, table, page.hits, (more) => {
        tasks = [...tasks, ...more];
      });
    read += page.weight;
    after = page.last;
    if (after === undefined) index += 1;
  }
  if (index < tools.tables.length)
    return { state: { ...state, tasks, look: { ...look, table: index, after } }, outcome: 'more' };
  const finished = { looks: looks + 1, since: look.xid, tasks };
  if (looks > 0 && look.quiet && tasks.length === 0)
    return { state: { ...finished, until: look.at }, outcome: 'done' };
  return { state: finished, outcome: 'more' };
}

async function beginLook({ trx, now }: SearchTools, before: string | undefined, quiet: boolean) {
  const { rows } = await sql<{ xid: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as xid`.execute(trx);
  const xid = rows[0]?.xid ?? '0';
  // A database that was restored into another server counts its transactions anew: everything is read once more.
  const since = before !== undefined && BigInt(before) <= BigInt(xid) ? before : undefined;
  return { xid, since, at: now, quiet, table: 0, after: undefined };
}

interface Page {
  readonly hits: readonly OpenedRow[];
  /** The key of the last row; undefined: there are no more. */
  readonly last: readonly string[] | undefined;
  /** How much of a step it was, in rows. */
  readonly weight: number;
}

const DONE: Page = { hits: [], last: undefined, weight: 0 };

async function readPage(
  tools: SearchTools,
  table: SearchedTable,
  since: string | undefined,
  after: readonly string[] | undefined,
): Promise<Page> {
  const most = since === undefined ? table.rows : table.rows * PASSED;
  const fresh = since === undefined ? sql`true` : sql`age(t.xmin) <= age(${since}::xid8::xid)`;
  const { applicationId } = tools;
  const ours = applicationId === undefined ? sql`true` : table.isOf(applicationId);
  const values = table.columns.map(({ column }) => {
    const ref = sql.ref(`t.${column}`);
    return sql`case when fresh then ${ref}::text end as ${sql.ref(column)}`;
  });
  const { rows } = await sql<OpenedRow & { fresh: boolean }>`
    select ${sql.join([...keyColumns(table), ...values, sql`fresh`])}
      from (select t.*, (${fresh}) and coalesce((${ours}), false) as fresh from ${sql.table(table.table)} t
             ${after === undefined ? sql`` : sql`where (${keysOf(table)}) > (${keyValues(table, after)})`}
             order by ${keysOf(table)} limit ${sql.lit(most)}) t order by ${keysOf(table)}`.execute(
    tools.trx,
  );
  const read = rows.filter((row) => row.fresh);
  const hits: OpenedRow[] = [];
  for (const [index, row] of read.entries()) {
    if (index % BREATH === BREATH - 1) await breathe();
    const opened = await openIfFound(tools, table, row);
    if (opened === 'unreadable') tools.keep('unreadable', 1);
    else if (opened !== undefined) hits.push(row);
  }
  const last = rows.length < most ? undefined : rows.at(-1);
  return {
    hits,
    last: last === undefined ? undefined : table.key.map(({ column }) => last[`key_${column}`] ?? ''),
    weight: ((read.length + rows.length / PASSED) * STEP_ROWS) / table.rows,
  };
}

/** Reads them once more, locked: meanwhile they may have become something else. */
async function eraseHits(
  tools: SearchTools,
  table: SearchedTable,
  hits: readonly OpenedRow[],
  waitFor: Found['waitFor'],
): Promise<void> {
  const { trx, vault, mentions, now } = tools;
  await table.before?.(trx, table, hits);
  const values = table.columns.map(
    ({ column }) => sql`${sql.ref(`t.${column}`)}::text as ${sql.ref(column)}`,
  );
  const { rows } = await sql<OpenedRow>`
    select ${sql.join([...keyColumns(table), ...values])} from ${sql.table(table.table)} t
      join ${givenKeys(table, hits)} on ${sameKey(table)}
     order by ${keysOf(table)} for update of t`.execute(trx);
  const opened: OpenedRow[] = [];
  for (const row of rows) {
    const one = await openIfFound(tools, table, row);
    if (typeof one === 'object') opened.push(one);
  }
  if (opened.length === 0) return;
  const { count, keep } = tools;
  await table.erase({
    ...{ trx, vault, table, mentions, rows: opened, now: new Date(now) },
    ...{ count, keep, waitFor },
  });
}

/** The row opened, if it has the number. Rejects with `storage/key-missing`: this node may get the key yet. */
async function openIfFound(
  { vault, mentions }: Pick<SearchTools, 'vault' | 'mentions'>,
  table: SearchedTable,
  row: OpenedRow,
): Promise<OpenedRow | 'unreadable' | undefined> {
  const opened: Record<string, string | null> = { ...row };
  let found = false;
  for (const column of table.columns) {
    const value = row[column.column] ?? null;
    if (value === null) continue;
    const text = await readText(vault, column, value);
    if (text === undefined) return 'unreadable';
    opened[column.column] = text;
    found ||= await isFound(text, mentions);
  }
  return found ? opened : undefined;
}

/** Undefined: it is damaged. */
async function readText(
  vault: Vault,
  { place, packed }: SearchedColumn,
  value: string,
): Promise<string | undefined> {
  if (place === undefined) return value;
  try {
    const text = vault.open(value, place);
    return packed ? await unpack(text) : text;
  } catch (error) {
    if (error instanceof StorageError && error.code === 'storage/key-missing') throw error;
    return undefined;
  }
}

/** The thread has calls to serve. */
const breathe = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function isFound(text: string, mentions: Mentions): Promise<boolean> {
  for (let from = 0; from < text.length; from += PIECE) {
    if (from > 0) await breathe();
    if (mentions(text.slice(from, from + PIECE + OVERLAP))) return true;
  }
  return false;
}
