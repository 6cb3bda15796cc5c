import { type Kysely, sql } from 'kysely';
import type { Random } from '../kernel/random.ts';
import { drawExtensions } from './extension-digits.ts';
import type { Schema } from './schema.ts';

export interface WantedExtension {
  readonly partyId: string;
  /** Undefined: drawn. */
  readonly wished: string | undefined;
}

export interface ExtensionTerms {
  readonly sessionId: string;
  readonly numberId: string;
  readonly coolOffSeconds: number;
  readonly freeAfter: Date;
  readonly now: Date;
}

/** Draws that are tried before a number counts as full: each has two dozen extensions. */
const DRAWS = 5;

/**
 * Takes an extension of a number for each party. The caller has the number's lock alone (`lockNumbers`).
 *
 * @returns by party; undefined where a wished one is somebody's, or none was found: nothing was written then.
 */
export async function takeExtensions(
  trx: Kysely<Schema>,
  random: Random,
  terms: ExtensionTerms,
  wanted: readonly WantedExtension[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const wishes = wanted.flatMap(({ wished }) => wished ?? []);
  if (wishes.length > 0 && (await freeOf(trx, terms, wishes)).length < wishes.length) return undefined;
  const digits = await draw(trx, random, terms, wanted.length - wishes.length, wishes);
  if (digits === undefined) return undefined;
  const rest = [...digits];
  const taken = wanted.map(({ partyId, wished }) => [partyId, wished ?? rest.shift() ?? ''] as const);
  const rows = taken.map(([partyId, one]) => ({
    number_id: terms.numberId,
    digits: one,
    party_id: partyId,
    session_id: terms.sessionId,
    cool_off_seconds: terms.coolOffSeconds,
    free_after: terms.freeAfter,
  }));
  await trx
    .insertInto('masking_extensions')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['number_id', 'digits']).doUpdateSet((eb) => ({
        party_id: eb.ref('excluded.party_id'),
        session_id: eb.ref('excluded.session_id'),
        cool_off_seconds: eb.ref('excluded.cool_off_seconds'),
        free_after: eb.ref('excluded.free_after'),
      })),
    )
    .execute();
  return new Map(taken);
}

async function draw(
  trx: Kysely<Schema>,
  random: Random,
  terms: ExtensionTerms,
  count: number,
  besides: readonly string[],
): Promise<readonly string[] | undefined> {
  const found: string[] = [];
  for (let attempt = 1; found.length < count && attempt <= DRAWS; attempt++) {
    for (const one of await freeOf(trx, terms, drawExtensions(random))) {
      if (found.length < count && ![...besides, ...found].some((other) => overlap(one, other)))
        found.push(one);
    }
  }
  return found.length < count ? undefined : found;
}

/** One is the beginning of the other: nobody could tell which one is being typed. */
export function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** Those of them that overlap with no extension that is somebody's, in the order given. */
async function freeOf(
  trx: Kysely<Schema>,
  { numberId, now }: ExtensionTerms,
  digits: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly digits: string }>`
    select c.digits from jsonb_array_elements_text(${JSON.stringify(digits)}::jsonb) with ordinality c (digits, ord)
     where not exists (
       select from masking_extensions e where e.number_id = ${numberId} and e.free_after > ${now}
          and (e.digits in (left(c.digits, 4), left(c.digits, 5), c.digits)
            or (e.digits > c.digits and e.digits < c.digits || ':')))
     order by c.ord`.execute(trx);
  return rows.map((row) => row.digits);
}
