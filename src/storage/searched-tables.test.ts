import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { embeddedPlaces } from '../../test/kit/storage-places.ts';
import { silentLogger } from '../kernel/logger.ts';
import { systemRandom } from '../kernel/random.ts';
import { openDatabase } from './database.ts';
import { SEARCHED_TABLES } from './searched-tables.ts';

const places = embeddedPlaces();
afterAll(() => places.close());

/** Columns that no erasure reads, by why it need not. */
const NOT_READ: Readonly<Record<string, RegExp>> = {
  'ids that we draw, and names of our own nodes and processes':
    /(^|[._])(id|seq|xid|node|instance|claim|provenance|caller|callee|subject|ref)$/,
  'blind indexes, which nothing but the key leads back from': /_index$/,
  'words of ours, from a closed list':
    /\.(status|state|mode|kind|lane|direction|by_whom|closed_reason|ended_by|unit|type|types|action|actor|what|transport|strategy|current|keys|language|time_zone|scopes|prefix|hash|public_key)$/,
  'numbers of people, found by their index': /^(people|call_legs)\.\w*number\w*|^call_legs\.callerid/,
  'service numbers, which are ours: an erasure refuses them': /^platform_phones\.number_sealed$/,
  'secrets that we made, or that open a door': /\.(secrets_sealed|ha1_sealed|request_hash)$/,
  'the erasure itself: the number goes with its last step': /^erasures\./,
  'paths of ids': /^(file_removals|recordings)\.path$/,
  'hours, and measures of a call': /\.(windows|media)$/,
  'digits that we drew or checked to be no number, and who met where as a hash':
    /^masking_(extensions|parties|slots|sessions)\.(digits|extension|company|session_before)$/,
  'our own bookkeeping': /^(meta|schema_migrations|call_events)\.(name|value)$/,
};

test('an erasure reads every column that may hold a text of customers, or it stands here why not', async () => {
  const { dataFolder } = await places.fresh();
  const { db, close } = await openDatabase({
    ...{ databaseUrl: '', dataFolder, random: systemRandom, log: silentLogger },
  });
  const { rows } = await sql<{ name: string }>`
    select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and data_type in ('text', 'jsonb', 'ARRAY', 'json', 'character varying')
     order by 1`.execute(db);
  await close();
  const there = new Set(rows.map(({ name }) => name));
  const read = SEARCHED_TABLES.flatMap(({ table, columns }) =>
    columns.map(({ column }) => `${table}.${column}`),
  );
  expect(read.filter((name) => !there.has(name))).toEqual([]);
  const known = new Set(read);
  const left = [...there].filter(
    (name) => !known.has(name) && !Object.values(NOT_READ).some((pattern) => pattern.test(name)),
  );
  expect(left).toEqual([]);
  // Each reason is still needed.
  const unused = Object.entries(NOT_READ).filter(
    ([, pattern]) => ![...there].some((name) => !known.has(name) && pattern.test(name)),
  );
  expect(unused).toEqual([]);
});
