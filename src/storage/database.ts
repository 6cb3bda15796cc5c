import { join } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import { PgliteClient } from './pglite-client.ts';
import { pgliteDialect } from './pglite-dialect.ts';
import type { Schema } from './schema.ts';

export interface OpenDatabase {
  readonly db: Kysely<Schema>;
  /** True for a PostgreSQL server, which other nodes may write to as well. */
  readonly shared: boolean;
  close(): Promise<void>;
}

/** Opens the database, without migrating it. Rejects with a `StorageError` that says what to do. */
export async function openDatabase(options: {
  readonly databaseUrl: string | undefined;
  readonly dataFolder: string;
  readonly random: Random;
  readonly log: Logger;
}): Promise<OpenDatabase> {
  return options.databaseUrl === undefined || options.databaseUrl === ''
    ? await openEmbedded(options.dataFolder, options.random)
    : await openServer(options.databaseUrl, options.log);
}

async function openEmbedded(dataFolder: string, random: Random): Promise<OpenDatabase> {
  const lock = lockFolder(dataFolder, random);
  const client = new PgliteClient(join(dataFolder, 'database'));
  const db = new Kysely<Schema>({ dialect: pgliteDialect(client) });
  const close = async (): Promise<void> => {
    await db.destroy();
    await client.close();
    lock.release();
  };
  try {
    await client.open();
  } catch (error) {
    await close();
    throw error;
  }
  return { db, shared: false, close };
}

/** Reads int8 as a number: nothing of ours counts beyond 2^53, and the embedded database does the same. */
const INT8 = 20;
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

async function openServer(databaseUrl: string, log: Logger): Promise<OpenDatabase> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    // Enough for the API beside the one writer of records; a node needs no more.
    max: 8,
    connectionTimeoutMillis: 5_000,
    // Nothing of ours takes a second; a query that hangs must not hold a connection for ever.
    statement_timeout: 30_000,
    application_name: 'maskline',
    types: types as pg.CustomTypesConfig,
  });
  // A connection that breaks while idle is replaced with the next query; without a listener it would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'));
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    await db.destroy();
    // The message of the driver may quote the URL with its password.
    throw new StorageError('storage/unreachable', (error as { code?: string }).code, { cause: error });
  }
  return { db, shared: true, close: () => db.destroy() };
}
