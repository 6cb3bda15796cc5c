import { inflateRawSync } from 'node:zlib';
import { type Kysely, sql } from 'kysely';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { openVault } from '../../src/storage/open-vault.ts';
import type { Schema } from '../../src/storage/schema.ts';
import { SEALED_TABLES } from '../../src/storage/sealed-columns.ts';
import type { Vault } from '../../src/storage/vault.ts';
import type { StoragePlace } from './storage-places.ts';

const PACKED = ['call_traces', 'event_logs'];

/** Opens the database with its keys, beside no storage: the embedded one is opened by one at a time. */
export async function withVault<T>(
  place: StoragePlace,
  use: (db: Kysely<Schema>, vault: Vault) => Promise<T>,
): Promise<T> {
  const { databaseUrl, dataFolder } = place;
  const opened = await openDatabase({ databaseUrl, dataFolder, random: systemRandom, log: silentLogger });
  try {
    const source = { dataFolder, key: undefined, keyFile: undefined };
    return await use(opened.db, await openVault({ db: opened.db, random: systemRandom, ...source }));
  } finally {
    await opened.close();
  }
}

/** Every row of every table, with all that is sealed in it opened, as whoever has the database and its key can read it. */
export async function openedRows(
  db: Kysely<Schema>,
  vault: Vault,
): Promise<readonly { table: string; text: string }[]> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
  const all: { table: string; text: string }[] = [];
  for (const { name } of tables) {
    const { rows } = await sql<{ row: Record<string, unknown> }>`
      select row_to_json(t) as row from ${sql.table(name)} t`.execute(db);
    const sealed = SEALED_TABLES.find(({ table }) => table === name)?.sealed ?? [];
    for (const { row } of rows) all.push({ table: name, text: opened(row, sealed, vault, name) });
  }
  return all;
}

function opened(
  row: Readonly<Record<string, unknown>>,
  sealed: readonly { readonly column: string; readonly place: string }[],
  vault: Vault,
  table: string,
): string {
  const open: Record<string, unknown> = { ...row };
  for (const { column, place } of sealed) {
    const value = row[column];
    if (typeof value !== 'string') continue;
    const text = vault.open(value, place);
    open[column] = PACKED.includes(table) ? inflateRawSync(Buffer.from(text, 'base64')).toString() : text;
  }
  // Blind indexes are random text to whoever has no key.
  return JSON.stringify(
    Object.fromEntries(Object.entries(open).filter(([column]) => !/_index$/.test(column))),
  );
}
