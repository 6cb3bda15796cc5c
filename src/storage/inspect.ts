import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import { openDatabase } from './database.ts';
import { inspectPrivacy, type PrivacyState } from './inspect-privacy.ts';
import { missingMigrations } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { checkVault } from './open-vault.ts';
import type { Schema } from './schema.ts';

/** A database as it is found, without a change to it. */
export type DatabaseState =
  /** Embedded, and nothing was stored yet: the first start makes it. */
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'embedded' | 'server';
      /** Names of migrations that the next start will apply; all of them for an empty database. */
      readonly pending: readonly string[];
      /** Milliseconds of each of a few questions, one after the other. */
      readonly pings: readonly number[];
      /** The database's clock and ours, ms since the epoch, read together. */
      readonly clock: { readonly theirs: number; readonly ours: number };
      /** Undefined while migrations are missing. */
      readonly privacy: PrivacyState | undefined;
    };

const PINGS = 5;

/**
 * Opens the database and looks at it, for `maskline doctor`: what `openStorage` would meet, without migrations and
 * without a new key. Rejects with the `StorageError` that `openStorage` would reject with.
 */
export async function inspectDatabase(options: {
  readonly databaseUrl: string;
  readonly dataFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}): Promise<DatabaseState> {
  const { databaseUrl, dataFolder, environment, clock } = options;
  const embedded = databaseUrl === '';
  if (embedded && !existsSync(join(dataFolder, 'database'))) return { kind: 'absent' };
  const { db, close } = await openDatabase(options);
  try {
    const pings: number[] = [];
    for (let ping = 0; ping < PINGS; ping++) {
      const begun = clock.monotonic();
      await sql`select 1`.execute(db);
      pings.push(clock.monotonic() - begun);
    }
    const theirs = await timeOf(db);
    const ours = clock.now();
    const pending = await pendingMigrations(db);
    // Before the first migration there is nothing that a key could be checked against.
    if (pending.length < MIGRATIONS.length) {
      const { MASKLINE_KEY: key, MASKLINE_KEY_FILE: keyFile } = environment;
      await checkVault({ db, dataFolder, key, keyFile, random: options.random });
    }
    const privacy = pending.length === 0 ? await inspectPrivacy(db) : undefined;
    return { kind: embedded ? 'embedded' : 'server', pending, pings, clock: { theirs, ours }, privacy };
  } finally {
    await close();
  }
}

async function timeOf(db: Kysely<Schema>): Promise<number> {
  const { rows } = await sql<{ ms: number }>`
    select floor(extract(epoch from clock_timestamp()) * 1000)::int8 as ms`.execute(db);
  return Number(rows[0]?.ms);
}

async function pendingMigrations(db: Kysely<Schema>): Promise<string[]> {
  const table = await sql<{ there: boolean }>`
    select to_regclass('schema_migrations') is not null as there`.execute(db);
  if (table.rows[0]?.there !== true) return MIGRATIONS.map(({ name }) => name);
  const { rows } = await sql<{ name: string }>`select name from schema_migrations`.execute(db);
  return missingMigrations(rows.map(({ name }) => name)).map(({ name }) => name);
}
