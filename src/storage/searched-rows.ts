/** Rows of any table in which a number was found: what is known of them, and how they are taken away or changed. */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Mentions } from '../kernel/number-spellings.ts';
import type { ErasedKind, KeptKind } from '../retention/ports.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** Opened; by column. */
export type OpenedRow = Readonly<Record<string, string | null>>;

export interface SearchedColumn {
  readonly column: string;
  /** Sealed under this name. */
  readonly place?: string;
  /** Deflated before it was sealed. */
  readonly packed?: true;
  readonly type?: 'text' | 'jsonb';
}

export interface SearchedTable {
  readonly table: keyof Schema & string;
  readonly key: readonly { readonly column: string; readonly type: 'text' | 'bigint' | 'integer' }[];
  readonly columns: readonly SearchedColumn[];
  /** Rows of one statement. */
  readonly rows: number;
  /** Whether row `t` belongs to an application. */
  readonly isOf: (applicationId: string) => RawBuilder<unknown>;
  /** What has to be locked before these rows, in the order in which others lock it. */
  readonly before?: (
    trx: Transaction<Schema>,
    table: SearchedTable,
    rows: readonly OpenedRow[],
  ) => Promise<void>;
  /** What becomes of rows that have the number. They are locked. */
  readonly erase: (found: Found) => Promise<void>;
  /** They stand still: once is enough. */
  readonly once?: true;
}

/** Rows that have the number, and what may be done to them. */
export interface Found {
  readonly trx: Transaction<Schema>;
  readonly vault: Vault;
  readonly table: SearchedTable;
  readonly rows: readonly OpenedRow[];
  readonly mentions: Mentions;
  readonly now: Date;
  count(kind: ErasedKind, rows: number): void;
  /** It stays, and the receipt says so. */
  keep(kind: KeptKind, rows: number): void;
  /** Rows of call lists that are being called: their sessions may write it there once more. */
  waitFor(taskIds: readonly number[]): void;
}

/** They go, and count as that. */
export function gone(kind: ErasedKind): SearchedTable['erase'] {
  return async ({ trx, table, rows, count }) => {
    await sql`
      delete from ${sql.table(table.table)} t using ${givenKeys(table, rows)} where ${sameKey(table)}`.execute(
      trx,
    );
    count(kind, rows.length);
  };
}

/** They stay, with other values. Sealed columns are given as they are to be read. */
export function changed(
  kind: ErasedKind,
  changeOf: (row: OpenedRow, mentions: Mentions) => OpenedRow,
): SearchedTable['erase'] {
  return async (found) => {
    for (const row of found.rows) await changeRow(found, row, changeOf(row, found.mentions));
    found.count(kind, found.rows.length);
  };
}

async function changeRow({ trx, vault, table }: Found, row: OpenedRow, change: OpenedRow): Promise<void> {
  const values = Object.entries(change).map(([column, text]) => {
    const { place, type = 'text' } = table.columns.find((one) => one.column === column) ?? { column };
    const value = text === null || place === undefined ? text : vault.seal(text, place);
    return sql`${sql.ref(column)} = ${value}::${sql.raw(type)}`;
  });
  await sql`
    update ${sql.table(table.table)} as t set ${sql.join(values)}
      from ${givenKeys(table, [row])} where ${sameKey(table)}`.execute(trx);
}

export function keyColumns({ key }: SearchedTable) {
  return key.map(({ column }) => sql`${sql.ref(`t.${column}`)}::text as ${sql.ref(`key_${column}`)}`);
}

export function keysOf({ key }: SearchedTable) {
  return sql.join(key.map(({ column }) => sql.ref(`t.${column}`)));
}

export function keyValues({ key }: SearchedTable, values: readonly string[]) {
  return sql.join(key.map(({ type }, index) => sql`${values[index] ?? null}::${sql.raw(type)}`));
}

export function givenKeys({ key }: SearchedTable, rows: readonly OpenedRow[]) {
  const shape = key.map(({ column, type }) => sql`${sql.ref(column)} ${sql.raw(type)}`);
  const keys = rows.map((row) => Object.fromEntries(key.map(({ column }) => [column, row[`key_${column}`]])));
  return sql`jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) as given (${sql.join(shape)})`;
}

export function sameKey({ key }: SearchedTable) {
  const same = key.map(({ column }) => sql`${sql.ref(`t.${column}`)} = ${sql.ref(`given.${column}`)}`);
  return sql.join(same, sql` and `);
}
