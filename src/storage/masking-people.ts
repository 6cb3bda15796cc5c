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

interface Found {
  readonly ord: number;
  readonly id: string;
  readonly service: boolean;
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
  const given = JSON.stringify(numbers.flatMap((number, ord) => rowsOf(number, ord, tools)));
  for (let attempt = 1; attempt <= 3; attempt++) {
    // Rows that another transaction has just made are waited for, and seen by the next statement.
    const rows = await statement(trx, applicationId, given, now);
    const people = new Map(rows.map((row) => [row.ord, { token: row.id, isService: row.service }]));
    if (people.size === numbers.length) return numbers.map((_, ord) => people.get(ord) as KnownPerson);
  }
  throw new Error('people that were just written are not there');
}

/** One row for each key: what a person may stand under. */
function rowsOf(number: PhoneNumber, ord: number, { vault, random }: Pick<MaskingTools, 'vault' | 'random'>) {
  const { sealed, index: current } = vault.sealNumber(number, PERSON_PLACE);
  const id = `per_${random.uuid()}`;
  return vault.indexesOf(number).map((index) => ({ ord, id, sealed, current, index }));
}

/**
 * Inserted in the order of the indexes, so that two that make the same two people do not wait for each other. The lateral
 * queries with their limits make each look-up one along an index, whatever the planner believes of the tables' sizes.
 */
async function statement(
  trx: Kysely<Schema>,
  applicationId: string,
  given: string,
  now: Date,
): Promise<readonly Found[]> {
  const { rows } = await sql<Found>`
    with given as (
      select * from jsonb_to_recordset(${given}::jsonb) as t (ord int, id text, sealed text, current text, index text)),
    found as (
      select g.ord, min(p.id) as id from given g cross join lateral (
        select id from people where application_id = ${applicationId} and number_index = g.index limit 1) p
       group by g.ord),
    services as (
      select g.ord from given g cross join lateral (
        select id from numbers where kind = 'service' and number_index = g.index limit 1) n),
    added as (
      insert into people (id, application_id, number_sealed, number_index, created_at)
      select g.id, ${applicationId}, g.sealed, g.current, ${now} from given g
       where g.index = g.current and not exists (select from found where found.ord = g.ord)
       order by g.current
      on conflict (application_id, number_index) do nothing
      returning id),
    known as (
      select ord, id from found
      union all select g.ord, a.id from added a join given g on g.id = a.id and g.index = g.current)
    select known.ord, known.id, known.ord in (select ord from services) as service
      from known`.execute(trx);
  return rows;
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
  const { rows } = await sql`
    delete from people p
     where p.id in (select jsonb_array_elements_text(${JSON.stringify(tokens)}::jsonb))
       and not exists (select from masking_parties where person_id = p.id)
       and not exists (select from masking_blocks where person_id = p.id or counterpart_id = p.id)
       and not exists (select from masking_slots where person_id = p.id and free_after > ${now})
       and not exists (select from masking_calls where (caller = p.id or callee = p.id) and ended_at is null)
    returning p.id`.execute(trx);
  return rows.length;
}
