/**
 * How long it takes to find out who is meant by a call: `resolve` on the real tables, one call after the other, callers drawn
 * at random. 1 000 000 live sessions on a PostgreSQL server, 100 000 on the embedded database; a quarter as many drivers, so
 * that each has four, on 20 service numbers.
 *
 * Left out: the network between node and database (both on this machine), writers at the same time, cold caches. The server
 * runs with 32 MB of shared buffers and without fsync, like those of the tests; what it reads comes from the page cache.
 * Rows that no call asks about hold as many bytes as sealed ones, but nothing that opens.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { systemClock } from '../src/kernel/clock.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { PhoneNumber } from '../src/kernel/phone-number.ts';
import { systemRandom } from '../src/kernel/random.ts';
import { resolve } from '../src/masking/resolve.ts';
import type { Question } from '../src/masking/types.ts';
import { openDatabase } from '../src/storage/database.ts';
import { SqlResolutionStore } from '../src/storage/masking-resolution-store.ts';
import { PERSON_PLACE } from '../src/storage/masking-tools.ts';
import { migrate } from '../src/storage/migrate.ts';
import type { Schema } from '../src/storage/schema.ts';
import { NUMBER_PLACE } from '../src/storage/snapshot.ts';
import { Vault } from '../src/storage/vault.ts';
import { startPostgres } from '../test/kit/postgres-server.ts';
import { seededRandom } from '../test/kit/seeded-random.ts';
import { type BenchResult, BenchSkipped, percentile } from './figures.ts';

const APPLICATION = 'taxi';
const NUMBERS = 20;
const PER_DRIVER = 4;
/** Sessions whose people are real; they lie evenly among the others. */
const REAL = 10_000;
const WARM_UP = 2_000;
const CALLS = 20_000;
const EXPLAINED = 1_000;
/** Rows of one statement: a statement of ours may take 30 s. */
const CHUNK = 20_000;

export async function benchMaskingResolve(): Promise<BenchResult> {
  const server = await onServer(1_000_000);
  const embedded = await onEmbedded(100_000);
  const figures = [
    { at: 'server', what: 'with 1 000 000 live sessions on PostgreSQL', ...server },
    { at: 'embedded', what: 'with 100 000 on the embedded database', ...embedded },
  ];
  return {
    name: 'masking-resolve',
    figures: figures.flatMap(({ at, what, ms, insideMs, loadSeconds }) => [
      {
        id: `masking-resolve.${at}.p50`,
        what: `who is meant ${what}, p50`,
        measured: percentile(ms, 0.5),
        unit: 'ms',
      },
      {
        id: `masking-resolve.${at}.p99`,
        what: 'the same, p99',
        measured: percentile(ms, 0.99),
        unit: 'ms',
        aim: { at: 'most' as const, value: 3 },
        note: `${ms.length} calls, one after the other; worst ${ms.at(-1)?.toFixed(1)} ms; filled in ${Math.round(loadSeconds)} s`,
      },
      {
        id: `masking-resolve.${at}.inside`,
        what: 'of which planning and execution of the main statement, by the database’s own clock, p50',
        measured: percentile(insideMs, 0.5),
        unit: 'ms',
        note: `p99 ${percentile(insideMs, 0.99).toFixed(2)} ms`,
      },
    ]),
    leavesOut: 'a network between node and database, writers at the same time, cold caches',
    peer: 'none publishes such a figure',
    details: figures.map(({ at, plan, loadSeconds }) => ({ at, plan, loadSeconds })),
  };
}

async function onServer(sessions: number): Promise<Measured> {
  const server = await startPostgres().catch((error: Error) => {
    throw new BenchSkipped(error.message);
  });
  try {
    return await measure(sessions, await server.createDatabase());
  } finally {
    await server.stop();
  }
}

async function onEmbedded(sessions: number): Promise<Measured> {
  return await measure(sessions, undefined);
}

interface Measured {
  /** Sorted. */
  readonly ms: readonly number[];
  readonly loadSeconds: number;
  /** Planning and execution of the main statement, as the database says itself; sorted. */
  readonly insideMs: readonly number[];
  readonly plan: readonly string[];
}

async function measure(sessions: number, databaseUrl: string | undefined): Promise<Measured> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'maskline-bench-'));
  const database = await openDatabase({ databaseUrl, dataFolder, random: systemRandom, log: silentLogger });
  try {
    const { db } = database;
    await migrate(db);
    const vault = new Vault(
      { currentId: 'k1', keys: new Map([['k1', systemRandom.bytes(32)]]) },
      systemRandom,
    );
    const begun = performance.now();
    await fill(db, vault, sessions);
    const loadSeconds = (performance.now() - begun) / 1000;
    const store = new SqlResolutionStore(db, { vault, clock: systemClock, random: systemRandom });
    const { insideMs, plan } = await explainMany(db, store, sessions);
    const ms = await resolveMany(store, sessions);
    return { ms: ms.toSorted((a, b) => a - b), loadSeconds, insideMs, plan };
  } finally {
    await database.close();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

async function explainMany(db: Kysely<Schema>, store: SqlResolutionStore, sessions: number) {
  const random = seededRandom(4);
  const insideMs: number[] = [];
  let plan: string[] = [];
  for (let count = 0; count < EXPLAINED; count++) {
    const query = store.candidatesQuery(question(random.int(REAL), sessions));
    const { rows } = await sql<Record<string, string>>`explain (analyze, summary) ${query}`.execute(db);
    plan = rows.flatMap((row) => Object.values(row));
    const times = plan.flatMap((line) => /^(?:Planning|Execution) Time: ([\d.]+) ms/.exec(line)?.[1] ?? []);
    insideMs.push(times.reduce((sum, time) => sum + Number(time), 0));
  }
  return { insideMs: insideMs.toSorted((a, b) => a - b), plan };
}

async function resolveMany(store: SqlResolutionStore, sessions: number): Promise<number[]> {
  const random = seededRandom(3);
  const tools = {
    store,
    numbers: { isServiceNumber: () => true, isVerifiedNumber: () => false },
    pull: { ask: async () => ({ kind: 'unknown' }) as const },
    intercept: { ask: async () => ({ kind: 'allow' }) as const },
    clock: systemClock,
  };
  const ms: number[] = [];
  for (let call = -WARM_UP; call < CALLS; call++) {
    const index = random.int(REAL);
    const asked = question(index, sessions);
    const begun = performance.now();
    const { decision } = await resolve(asked, tools);
    if (call >= 0) ms.push(performance.now() - begun);
    if (decision.kind !== 'connect' || decision.callees[0]?.number.equals(driverOf(index)) !== true)
      throw new Error(`call ${call} was not connected with whom it meant`);
  }
  return ms;
}

/** The client of the n-th real session calls; their numbers follow each other, so that nothing has to be remembered. */
const clientOf = (index: number): PhoneNumber => PhoneNumber.parse(`+790${String(10_000_000 + index)}`);
const driverOf = (index: number): PhoneNumber => PhoneNumber.parse(`+791${String(10_000_000 + index)}`);
const serviceOf = (index: number): PhoneNumber =>
  PhoneNumber.parse(`+7495777${String(index).padStart(4, '0')}`);

/** Where the n-th real session stands among all of them, from 1. */
const placeOf = (index: number, sessions: number): number => 1 + index * Math.floor(sessions / REAL);
/** Session n is on number n % 20: a driver's four sessions follow each other, so that they are on four numbers. */
const question = (index: number, sessions: number): Question => ({
  ...{
    applicationId: APPLICATION,
    caller: clientOf(index),
    dialled: serviceOf(placeOf(index, sessions) % NUMBERS),
  },
  ...{ extension: undefined, chosen: undefined, callId: 'call' },
});

async function fill(db: Kysely<Schema>, vault: Vault, sessions: number): Promise<void> {
  await db.insertInto('applications').values({ id: APPLICATION, name: 'taxi', provenance: 'api' }).execute();
  for (let index = 0; index < NUMBERS; index++) {
    const { sealed, index: blind } = vault.sealNumber(serviceOf(index), NUMBER_PLACE);
    const row = { number_sealed: sealed, number_index: blind, created_at: new Date() };
    await db
      .insertInto('numbers')
      .values({
        id: `n${index}`,
        application_id: APPLICATION,
        kind: 'service',
        label: '',
        provenance: 'api',
        ...row,
      })
      .execute();
  }
  await sql`create table bench_real (person text primary key, sealed text, index text)`.execute(db);
  for (let from = 0; from < REAL; from += 1_000) {
    const people = Array.from({ length: 1_000 }, (_, offset) =>
      realPeople(from + offset, sessions, vault),
    ).flat();
    await sql`insert into bench_real select * from jsonb_to_recordset(${JSON.stringify(people)}::jsonb)
      as t (person text, sealed text, index text) on conflict do nothing`.execute(db);
  }
  for (let from = 1; from <= sessions; from += CHUNK) {
    const to = Math.min(from + CHUNK - 1, sessions);
    for (const statement of chunkOf(from, to)) await statement.execute(db);
  }
  for (const table of ['people', 'masking_sessions', 'masking_parties', 'masking_slots', 'numbers'])
    await sql`analyze ${sql.table(table)}`.execute(db);
}

function realPeople(index: number, sessions: number, vault: Vault) {
  const place = placeOf(index, sessions);
  const row = (person: string, number: PhoneNumber) => {
    const { sealed, index: blind } = vault.sealNumber(number, PERSON_PLACE);
    return { person, sealed, index: blind };
  };
  return [row(`c${place}`, clientOf(index)), row(driverId(place), driverOf(index))];
}

const driverId = (place: number): string => `d${Math.floor(place / PER_DRIVER)}`;

/** Ids as long as real ones; what is not real is random text of the same length. */
function chunkOf(from: number, to: number) {
  const range = sql`generate_series(${sql.lit(from)}, ${sql.lit(to)}) i`;
  const lived = sql`now() + interval '2 hours'`;
  const person = (name: RawBuilder<unknown>) => sql`'per_' || md5(${name}) || ${name}`;
  const driver = sql`'d' || (i / ${sql.lit(PER_DRIVER)})`;
  /** A driver's orders may lie in two chunks. */
  const people = (name: RawBuilder<unknown>) => sql`
    insert into people (id, application_id, number_sealed, number_index, created_at)
    select ${person(sql`p.name`)}, ${APPLICATION}, coalesce(r.sealed, 'k1.' || md5(p.name) || md5(p.name || 'x')),
           coalesce(r.index, 'k1.' || md5(p.name || 'i') || substr(md5(p.name), 1, 11)), now()
      from (select distinct ${name} as name from ${range}) p left join bench_real r on r.person = p.name
    on conflict do nothing`;
  const id = (prefix: string) => sql`${sql.lit(prefix)} || md5(i::text) || i`;
  return [
    people(sql`'c' || i`),
    people(driver),
    sql`insert into masking_sessions (id, application_id, external_id, mode, status, rules, created_at, expires_at)
    select ${id('ms_')}, ${APPLICATION}, 'order-' || i, 'axb', 'open',
           '{"ttlSeconds":7200,"sliding":false,"record":false,"transcribe":false}', now(), ${lived} from ${range}`,
    sql`insert into masking_parties (id, session_id, position, person_id, number_id, role, label)
    select 'mp_' || md5(i::text || p) || i || p, ${id('ms_')}, p,
           case p when 0 then ${person(driver)} else ${person(sql`'c' || i`)} end,
           'n' || i % ${sql.lit(NUMBERS)}, case p when 0 then 'driver' else 'client' end, 'order ' || i
      from ${range}, generate_series(0, 1) p`,
    sql`insert into masking_slots (person_id, number_id, lane, session_id, free_after)
    select case p when 0 then ${person(driver)} else ${person(sql`'c' || i`)} end,
           'n' || i % ${sql.lit(NUMBERS)}, '', ${id('ms_')}, ${lived} from ${range}, generate_series(0, 1) p`,
  ];
}
