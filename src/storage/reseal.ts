/** Seals rows anew under the key that seals now, a few at a time, beside nodes that go on writing. */
import { type Kysely, sql } from 'kysely';
import { sqlState } from './errors.ts';
import type { Schema } from './schema.ts';
import type { SealedTable } from './sealed-columns.ts';
import { keyIdOf, type Vault } from './vault.ts';

type Row = Readonly<Record<string, string | null>>;

export interface Resealed {
  /** Rows that are under the new key now, or gone. */
  readonly done: number;
  /** Rows that cannot be, because another one has their index. */
  readonly stuck: number;
}

/** Somebody else's lock or row was in the way: the next pass has it. */
const AGAIN = new Set(['40P01', '40001', '55P03']);
const UNIQUE = '23505';

/** Rows of a table of which a column is not under the key. Reads all of it: for a command, not for a call. */
export async function countStale(db: Kysely<Schema>, table: SealedTable, keyId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${sql.table(table.table)} where ${stale(table, keyId)}`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

/**
 * One pass over a table. A row is replaced only if it is still as it was read, so that nothing is locked meanwhile; what a node
 * has changed in between is left for the next pass. To be killed does no harm: whatever is under the new key stays so.
 *
 * @param told is called after each step with the rows done so far.
 */
export async function resealTable(
  db: Kysely<Schema>,
  vault: Vault,
  table: SealedTable,
  told: (done: number) => void = () => {},
): Promise<Resealed> {
  if (table.twin === 'forget') return { done: await forget(db, table, vault.currentKeyId), stuck: 0 };
  let done = 0;
  let stuck = 0;
  let after: Row | undefined;
  for (;;) {
    const rows = await readStale(db, table, vault.currentKeyId, after);
    after = rows.at(-1);
    if (after === undefined) return { done, stuck };
    const result = await replace(db, vault, table, rows);
    done += result.done;
    stuck += result.stuck;
    told(done);
  }
}

async function replace(
  db: Kysely<Schema>,
  vault: Vault,
  table: SealedTable,
  rows: readonly Row[],
): Promise<Resealed> {
  const fresh = rows.map((row) => ({ before: row, after: sealedAnew(row, table, vault) }));
  try {
    return { done: await write(db, table, fresh), stuck: 0 };
  } catch (error) {
    const state = sqlState(error) ?? '';
    if (AGAIN.has(state)) return { done: 0, stuck: 0 };
    if (state !== UNIQUE) throw error;
    const [only] = fresh;
    if (fresh.length === 1 && only !== undefined) return await settleTwin(db, table, only);
  }
  // One of them has a twin: each by itself.
  let done = 0;
  let stuck = 0;
  for (const row of rows) {
    const one = await replace(db, vault, table, [row]);
    done += one.done;
    stuck += one.stuck;
  }
  return { done, stuck };
}

interface Replacement {
  readonly before: Row;
  readonly after: Row;
}

function sealedAnew(row: Row, table: SealedTable, vault: Vault): Row {
  const opened: Record<string, string | null> = { ...row };
  const after: Record<string, string | null> = {};
  for (const { column, place } of table.sealed) {
    const value = row[column] ?? null;
    opened[column] = value === null ? null : vault.open(value, place);
    const isCurrent = value === null || keyIdOf(value) === vault.currentKeyId;
    after[column] = isCurrent ? value : vault.seal(opened[column] ?? '', place);
  }
  for (const { column, textOf } of table.indexes) {
    const text = textOf(opened);
    after[column] = text === null ? null : vault.index(text);
  }
  return after;
}

async function readStale(
  db: Kysely<Schema>,
  table: SealedTable,
  keyId: string,
  after: Row | undefined,
): Promise<readonly Row[]> {
  const keys = sql.join(table.key.map(({ column }) => sql.ref(column)));
  const from = sql.join(
    table.key.map(({ column, type }) => sql`${after?.[column] ?? null}::${sql.raw(type)}`),
  );
  const wanted = new Set([...table.key.map(({ column }) => column), ...columnsOf(table)]);
  const { rows } = await sql<Row>`
    select ${sql.join([...wanted].map((column) => sql`${sql.ref(column)}::text as ${sql.ref(column)}`))}
      from ${sql.table(table.table)}
     where ${stale(table, keyId)} ${after === undefined ? sql`` : sql`and (${keys}) > (${from})`}
     order by ${sql.join(table.key.map(({ column }) => sql`${sql.table(table.table)}.${sql.ref(column)}`))} limit ${sql.lit(table.rows)}`.execute(
    db,
  );
  return rows;
}

async function write(db: Kysely<Schema>, table: SealedTable, rows: readonly Replacement[]): Promise<number> {
  const columns = columnsOf(table);
  const given = rows.map(({ before, after }) => [
    ...table.key.map(({ column }) => [`k_${column}`, before[column]]),
    ...columns.map((column) => [`b_${column}`, before[column]]),
    ...columns.map((column) => [`a_${column}`, after[column]]),
  ]);
  const shape = sql.join([
    ...table.key.map(({ column, type }) => sql`${sql.ref(`k_${column}`)} ${sql.raw(type)}`),
    ...columns.flatMap((column) => [
      sql`${sql.ref(`b_${column}`)} text`,
      sql`${sql.ref(`a_${column}`)} text`,
    ]),
  ]);
  const same = [
    ...table.key.map(({ column }) => sql`t.${sql.ref(column)} = given.${sql.ref(`k_${column}`)}`),
    ...columns.map(
      (column) => sql`t.${sql.ref(column)} is not distinct from given.${sql.ref(`b_${column}`)}`,
    ),
  ];
  const result = await sql`
    update ${sql.table(table.table)} as t
       set ${sql.join(columns.map((column) => sql`${sql.ref(column)} = given.${sql.ref(`a_${column}`)}`))}
      from jsonb_to_recordset(${JSON.stringify(given.map((entries) => Object.fromEntries(entries)))}::jsonb)
        as given (${shape})
     where ${sql.join(same, sql` and `)}`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

async function settleTwin(db: Kysely<Schema>, table: SealedTable, row: Replacement): Promise<Resealed> {
  if (table.twin === 'keep') return { done: 0, stuck: 1 };
  if (table.twin === 'merge') {
    await mergePerson(db, row.before.id ?? '', row.after.number_index ?? '');
    return { done: 1, stuck: 0 };
  }
  const where = table.key.map(({ column }) => sql`${sql.ref(column)} = ${row.before[column] ?? null}`);
  await sql`delete from ${sql.table(table.table)} where ${sql.join(where, sql` and `)}`.execute(db);
  return { done: 1, stuck: 0 };
}

/**
 * Two nodes gave one person two tokens, each under its key. The one under the new key stays; what names the other names it.
 * Where both had the same service number, it stays taken until the later of the two ends.
 */
async function mergePerson(db: Kysely<Schema>, gone: string, index: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const stays = sql`(select s.id from people s join people g on g.application_id = s.application_id
                        where g.id = ${gone} and s.number_index = ${index})`;
    await sql`
      update masking_slots s set free_after = greatest(s.free_after, g.free_after), ends_at = greatest(s.ends_at, g.ends_at)
        from masking_slots g
       where g.person_id = ${gone} and s.person_id = ${stays} and s.number_id = g.number_id and s.lane = g.lane`.execute(
      trx,
    );
    await sql`
      delete from masking_slots g using masking_slots s
       where g.person_id = ${gone} and s.person_id = ${stays} and s.number_id = g.number_id and s.lane = g.lane`.execute(
      trx,
    );
    await sql`update masking_slots set person_id = ${stays} where person_id = ${gone}`.execute(trx);
    await sql`update masking_parties set person_id = ${stays} where person_id = ${gone}`.execute(trx);
    await sql`update masking_blocks set person_id = ${stays} where person_id = ${gone}`.execute(trx);
    await sql`update masking_blocks set counterpart_id = ${stays} where counterpart_id = ${gone}`.execute(
      trx,
    );
    await sql`update masking_calls set caller = ${stays} where caller = ${gone}`.execute(trx);
    await sql`update masking_calls set callee = ${stays} where callee = ${gone}`.execute(trx);
    await sql`delete from people where id = ${gone}`.execute(trx);
  });
}

async function forget(db: Kysely<Schema>, table: SealedTable, keyId: string): Promise<number> {
  const result = await sql`
    delete from ${sql.table(table.table)} where ${stale(table, keyId)}`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

function columnsOf(table: SealedTable): readonly string[] {
  return [...table.sealed, ...table.indexes].map(({ column }) => column);
}

function stale(table: SealedTable, keyId: string) {
  return sql`(${sql.join(
    columnsOf(table).map((column) => sql`not starts_with(${sql.ref(column)}, ${`${keyId}.`})`),
    sql` or `,
  )})`;
}
