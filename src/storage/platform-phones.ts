/** Service numbers for the platform API: those that applications hold, and those that none holds yet. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { PlatformPhone } from '../platform-api/ports.ts';
import type { DirectoryTools } from './directory-changes.ts';
import { StorageError } from './errors.ts';
import type { Schema } from './schema.ts';
import { NUMBER_PLACE } from './snapshot.ts';
import type { Vault } from './vault.ts';

type Trx = Transaction<Schema>;

/** Oldest first. */
export async function list(db: Kysely<Schema>, vault: Vault): Promise<readonly PlatformPhone[]> {
  const held = await db
    .selectFrom('numbers')
    .select(['id', 'number_sealed', 'application_id', 'provenance', 'created_at'])
    .where('kind', '=', 'service')
    .execute();
  const free = await db.selectFrom('platform_phones').selectAll().execute();
  const all = [
    ...held.map((row) => ({
      id: row.id,
      number: vault.openNumber(row.number_sealed, NUMBER_PLACE),
      applicationId: row.application_id,
      declared: row.provenance === 'settings',
      createdAt: row.created_at.getTime(),
    })),
    ...free.map((row) => ({
      id: row.id,
      number: vault.openNumber(row.number_sealed, NUMBER_PLACE),
      applicationId: undefined,
      declared: false,
      createdAt: row.created_at.getTime(),
    })),
  ];
  return all.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

/** Held by no application yet. */
export async function add(
  trx: Trx,
  { vault, random, clock }: DirectoryTools,
  numbers: readonly PhoneNumber[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const number of numbers) {
    const indexes = vault.indexesOf(number);
    const held = await trx
      .selectFrom('numbers')
      .select('id')
      .where('kind', '=', 'service')
      .where('number_index', 'in', indexes)
      .unionAll(trx.selectFrom('platform_phones').select('id').where('number_index', 'in', indexes))
      .executeTakeFirst();
    if (held !== undefined) throw new StorageError('entry/conflict', 'The number is held.');
    const { sealed, index } = vault.sealNumber(number, NUMBER_PLACE);
    const id = random.uuid();
    const created = new Date(clock.now());
    await trx
      .insertInto('platform_phones')
      .values({ id, number_sealed: sealed, number_index: index, created_at: created })
      .execute();
    ids.push(id);
  }
  return ids;
}

/** Those of the ids that no application holds become the application's. */
export async function hold(trx: Trx, ids: readonly string[], applicationId: string): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    with moved as (delete from platform_phones where id in (${sql.join(ids)}) returning *)
    insert into numbers (id, application_id, kind, number_sealed, number_index, label, provenance, created_at)
      select id, ${applicationId}, 'service', number_sealed, number_index, '', 'api', created_at from moved`.execute(
    trx,
  );
}

/** Those of these numbers that applications hold, but not this one. */
export async function notOf(
  trx: Trx,
  ids: readonly string[],
  applicationId: string | undefined,
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  let query = trx.selectFrom('numbers').select('id').where('id', 'in', ids);
  if (applicationId !== undefined) query = query.where('application_id', '<>', applicationId);
  return (await query.execute()).map(({ id }) => id);
}

/** Numbers that an application holds become nobody's. */
export async function release(trx: Trx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    with moved as (delete from numbers where id in (${sql.join(ids)}) returning *)
    insert into platform_phones (id, number_sealed, number_index, created_at)
      select id, number_sealed, number_index, created_at from moved`.execute(trx);
}
