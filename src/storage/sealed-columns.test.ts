import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { embeddedPlaces } from '../../test/kit/storage-places.ts';
import { silentLogger } from '../kernel/logger.ts';
import { systemRandom } from '../kernel/random.ts';
import { openDatabase } from './database.ts';
import { SEALED_TABLES } from './sealed-columns.ts';

const places = embeddedPlaces();
afterAll(() => places.close());

test('a change of keys knows every sealed column, every blind index, and every primary key of their tables', async () => {
  const { dataFolder } = await places.fresh();
  const database = await openDatabase({
    databaseUrl: '',
    dataFolder,
    random: systemRandom,
    log: silentLogger,
  });
  const { rows: columns } = await sql<{ name: string }>`
    select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and column_name ~ '(^|_)(sealed|index)$' order by 1`.execute(database.db);
  const { rows: keys } = await sql<{ name: string; type: string }>`
    select k.table_name || '.' || k.column_name as name, c.data_type as type
      from information_schema.key_column_usage k
      join information_schema.table_constraints t using (constraint_name, table_schema)
      join information_schema.columns c on c.table_name = k.table_name and c.column_name = k.column_name
     where t.constraint_type = 'PRIMARY KEY' and k.table_schema = 'public'`.execute(database.db);
  await database.close();

  const known = SEALED_TABLES.flatMap(({ table, sealed, indexes }) =>
    [...sealed, ...indexes].map(({ column }) => `${table}.${column}`),
  );
  expect(known.sort()).toEqual(columns.map(({ name }) => name).sort());
  const tables = new Set(SEALED_TABLES.map(({ table }) => `${table}`));
  const used = SEALED_TABLES.flatMap(({ table, key }) =>
    key.map(({ column, type }) => `${table}.${column} ${type}`),
  );
  const there = keys
    .filter(({ name }) => tables.has(name.split('.')[0] ?? ''))
    .map(({ name, type }) => `${name} ${type}`);
  expect(used.sort()).toEqual(there.sort());
});
