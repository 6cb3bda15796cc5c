import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { embeddedPlaces } from '../../test/kit/storage-places.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { systemRandom } from '../kernel/random.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { EmbeddedUpkeep, LOOK_MS } from './embedded-upkeep.ts';
import type { Schema } from './schema.ts';

const places = embeddedPlaces();
afterAll(() => places.close());

let database: OpenDatabase;
let db: Kysely<Schema>;
const clock = new VirtualClock();

beforeAll(async () => {
  const { dataFolder } = await places.fresh();
  database = await openDatabase({
    databaseUrl: undefined,
    dataFolder,
    random: systemRandom,
    log: silentLogger,
  });
  db = database.db;
});

beforeEach(async () => {
  await sql`drop table if exists things`.execute(db);
  await sql`create table things (id int primary key, body text not null)`.execute(db);
  await sql`alter table things alter body set storage plain`.execute(db);
});

afterAll(() => database.close());

const tell = async (what: string): Promise<number> => {
  const { rows } = await sql<Record<string, unknown>>`select (${sql.raw(what)})::float8 as it`.execute(db);
  return Number(rows[0]?.it);
};
const pages = (): Promise<number> => tell(`pg_relation_size('things') / 8192`);
/** Since the last checkpoint: so much is read again after a kill. */
const logBytes = (): Promise<number> =>
  tell('select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn) from pg_control_checkpoint()');

describe('the embedded database, looked after', () => {
  it('keeps a table whose rows change from growing, and the planner informed', async () => {
    const upkeep = new EmbeddedUpkeep(db, { clock, log: silentLogger });
    await sql`insert into things select i, repeat('x', 100) from generate_series(1, 5000) i`.execute(db);
    await upkeep.look();
    expect(await tell(`select reltuples from pg_class where relname = 'things'`)).toBe(5_000);
    const before = await pages();
    for (let round = 0; round < 10; round++) {
      await sql`update things set body = reverse(body)`.execute(db);
      await upkeep.look();
    }
    // One generation of dead rows beside the living ones, not ten.
    expect(await pages()).toBeLessThan(before * 2.5);
    expect(await tell(`select n_dead_tup from pg_stat_user_tables where relname = 'things'`)).toBe(0);
    await upkeep.close();
  });

  it('ends the log that no recovery needs any more', async () => {
    const upkeep = new EmbeddedUpkeep(db, { clock, log: silentLogger }, 8 * 2 ** 20);
    const write = () => sql`update things set body = reverse(body)`.execute(db);
    await sql`insert into things select i, repeat('x', 7000) from generate_series(1, 200) i`.execute(db);
    await sql`checkpoint`.execute(db);
    await write();
    const little = await logBytes();
    await upkeep.look();
    expect(await logBytes()).toBeGreaterThanOrEqual(little);
    for (let round = 0; round < 6; round++) await write();
    expect(await logBytes()).toBeGreaterThan(8 * 2 ** 20);
    await upkeep.look();
    expect(await logBytes()).toBeLessThan(2 ** 20);
    await upkeep.close();
  });

  it('looks each minute, one look after the other, and not after it was closed', async () => {
    const upkeep = new EmbeddedUpkeep(db, { clock, log: silentLogger });
    const analyzed = () => tell(`select analyze_count from pg_stat_user_tables where relname = 'things'`);
    await sql`insert into things select i, 'x' from generate_series(1, 5000) i`.execute(db);
    await clock.advance(LOOK_MS - 1);
    expect(await analyzed()).toBe(0);
    await clock.advance(1);
    await expect.poll(analyzed).toBe(1);
    await upkeep.close();
    await sql`update things set body = 'y'`.execute(db);
    await clock.advance(10 * LOOK_MS);
    await sql`select pg_stat_force_next_flush()`.execute(db);
    expect(await analyzed()).toBe(1);
  });

  it('goes on after a look that failed', async () => {
    const warnings: unknown[] = [];
    const log = { ...silentLogger, warn: (details: unknown) => void warnings.push(details) };
    const upkeep = new EmbeddedUpkeep(db, { clock, log });
    await db.destroy();
    await expect(upkeep.look()).rejects.toThrow();
    for (const count of [1, 2, 3]) {
      await clock.advance(LOOK_MS);
      await expect.poll(() => warnings.length).toBe(count);
    }
    await upkeep.close();
  });
});
