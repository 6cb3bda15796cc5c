import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kysely } from 'kysely';
import { migrate } from '../../src/storage/migrate.ts';
import { MIGRATIONS } from '../../src/storage/migrations/index.ts';
import { PgliteClient } from '../../src/storage/pglite-client.ts';
import { pgliteDialect } from '../../src/storage/pglite-dialect.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/maskline', import.meta.url));
const LOCK_FILE = fileURLToPath(new URL('../../package-lock.json', import.meta.url));

/** One for each set of migrations and each version of what runs them. */
const TEMPLATE = join(
  CACHE,
  `migrated-${createHash('sha256').update(JSON.stringify(MIGRATIONS)).update(readFileSync(LOCK_FILE)).digest('hex').slice(0, 16)}`,
);

/**
 * Puts an empty embedded database with all tables into a data folder. It is made once and copied: the migrations would
 * take a quarter of the CPU of a short test.
 */
export async function putDatabase(dataFolder: string): Promise<void> {
  if (!existsSync(TEMPLATE)) await makeTemplate();
  cpSync(TEMPLATE, join(dataFolder, 'database'), { recursive: true });
}

/** Two processes may make it at once; the first to finish wins. */
async function makeTemplate(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${TEMPLATE}.${process.pid}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const client = new PgliteClient(unfinished);
  await client.open();
  const db = new Kysely<unknown>({ dialect: pgliteDialect(client) });
  await migrate(db);
  await db.destroy();
  await client.close();
  try {
    renameSync(unfinished, TEMPLATE);
  } catch {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
