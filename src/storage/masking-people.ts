import { type Kysely, sql } from 'kysely';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import { type MaskingTools, PERSON_PLACE } from './masking-tools.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

export interface KnownPerson {
  /** `per_` and a UUID. */
  readonly token: string;
  /** The number is a service number of the installation. */
  readonly isService: boolean;
}

/**
 * The people with these numbers in an application, in the same order; those that are new are made. While keys of the vault
 * are being changed a number is found under any of them, and written under the current one.
 */
export async function findOrMakePeople(
  trx: Kysely<Schema>,
  tools: Pick<MaskingTools, 'vault' | 'random'>,
  applicationId: string,
  numbers: readonly PhoneNumber[],
  now: Date,
): Promise<readonly KnownPerson[]> {
  const indexes = numbers.map((number) => tools.vault.indexesOf(number));
  for (let attempt = 1; attempt <= 3; attempt++) {
    const rows = await lookUp(trx, applicationId, indexes.flat());
    const people = indexes.map((own) => rows.find((row) => !row.service && own.includes(row.number_index)));
    const services = indexes.map((own) => rows.some((row) => row.service && own.includes(row.number_index)));
    const missing = numbers.filter((_, at) => people[at] === undefined);
    if (missing.length === 0)
      return people.map((row, at) => ({ token: row?.id ?? '', isService: services[at] === true }));
    // Those that another transaction is just making are waited for, and seen by the next look.
    await make(trx, tools, applicationId, missing, now);
  }
  throw new Error('people that were just written are not there');
}

interface Found {
  readonly id: string;
  readonly number_index: string;
  readonly service: boolean;
}

/** Who is found stays until this transaction ends: nobody is forgotten or erased while a session is being made for them. */
async function lookUp(
  trx: Kysely<Schema>,
  applicationId: string,
  indexes: readonly string[],
): Promise<readonly Found[]> {
  const { rows } = await sql<Found>`
    select * from (
      select id, number_index, false as service from people
       where application_id = ${applicationId} and number_index in (${sql.join(indexes)}) for key share) found
    union all
    select id, number_index, true from numbers
     where kind = 'service' and number_index in (${sql.join(indexes)})`.execute(trx);
  return rows;
}

/** In the order of the indexes, so that two that make the same two people do not wait for each other. */
async function make(
  trx: Kysely<Schema>,
  { vault, random }: Pick<MaskingTools, 'vault' | 'random'>,
  applicationId: string,
  numbers: readonly PhoneNumber[],
  now: Date,
): Promise<void> {
  const rows = numbers.map((number) => {
    const { sealed, index } = vault.sealNumber(number, PERSON_PLACE);
    return {
      id: `per_${random.uuid()}`,
      application_id: applicationId,
      number_sealed: sealed,
      number_index: index,
      created_at: now,
    };
  });
  rows.sort((one, other) => (one.number_index < other.number_index ? -1 : 1));
  await trx
    .insertInto('people')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['application_id', 'number_index']).doNothing())
    .execute();
}

/** Token of a person who is known already. */
export async function tokenOf(
  db: Kysely<Schema>,
  vault: Vault,
  applicationId: string,
  number: PhoneNumber,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('people')
    .select('id')
    .where('application_id', '=', applicationId)
    .where('number_index', 'in', vault.indexesOf(number))
    .executeTakeFirst();
  return row?.id;
}

/**
 * Deletes those whom nothing needs any more: no session, no block, no running call, and no number that is still cooling off
 * after them. Who is kept for the cool-off is forgotten by a later call.
 *
 * @returns how many were deleted.
 */
export async function forgetPeople(
  trx: Kysely<Schema>,
  tokens: readonly string[],
  now: Date,
): Promise<number> {
  if (tokens.length === 0) return 0;
  // In a statement of its own: what is looked at after the lock is what was written before it. Who is in use is passed over.
  const { rows: free } = await sql<{ id: string }>`
    select id from people where id in (select jsonb_array_elements_text(${JSON.stringify(tokens)}::jsonb))
     order by id for update skip locked`.execute(trx);
  if (free.length === 0) return 0;
  const held = JSON.stringify(free.map(({ id }) => id));
  const { rows } = await sql`
    with gone as (
      delete from people p
       where p.id in (select jsonb_array_elements_text(${held}::jsonb))
         and not exists (select from masking_parties where person_id = p.id)
         and not exists (select from masking_blocks where person_id = p.id or counterpart_id = p.id)
         and not exists (select from masking_slots where person_id = p.id and free_after > ${now})
         and not exists (select from masking_calls where (caller = p.id or callee = p.id) and ended_at is null)
      returning p.id),
    slots as (delete from masking_slots where person_id in (select id from gone))
    select id from gone`.execute(trx);
  return rows.length;
}
