import { type Kysely, sql } from 'kysely';
import { StorageError } from './errors.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';

/** Any constant number: nodes that start together on one database take turns. */
const LOCK = 7_210_427;

/**
 * Brings the database up to date: all missing migrations in one transaction, under a lock, each one remembered.
 * Returns the names of those that ran. Throws `storage/newer` when the database knows one that we do not.
 */
export async function migrate<T>(
  db: Kysely<T>,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<string[]> {
  return await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx);
    await sql`create table if not exists schema_migrations (
      name text primary key, applied_at timestamptz not null default now())`.execute(trx);
    const { rows } = await sql<{ name: string }>`select name from schema_migrations`.execute(trx);
    const missing = missingMigrations(
      rows.map((row) => row.name),
      migrations,
    );
    for (const migration of missing) {
      for (const statement of migration.statements) await sql.raw(statement).execute(trx);
      await sql`insert into schema_migrations (name) values (${migration.name})`.execute(trx);
    }
    return missing.map((migration) => migration.name);
  });
}

/** What is still to be applied, in order. Throws `storage/newer` for a name that we do not know. */
export function missingMigrations(
  applied: readonly string[],
  migrations: readonly Migration[] = MIGRATIONS,
): readonly Migration[] {
  const unknown = applied.find((name) => !migrations.some((migration) => migration.name === name));
  if (unknown !== undefined) throw new StorageError('storage/newer', `It knows the migration ${unknown}.`);
  return migrations.filter(({ name }) => !applied.includes(name));
}
