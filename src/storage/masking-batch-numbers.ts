import { sql, type Transaction } from 'kysely';
import type { NewSession, NumberWish } from '../masking/types.ts';
import type { FoundPool } from './masking-pool-rows.ts';
import { numbersInRegion } from './masking-regions.ts';
import { type FreeNumber, freeNumbers, textArray } from './masking-slots.ts';
import type { MaskingTools } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/** People who look for a number together. */
export interface Seeker {
  readonly tokens: readonly string[];
  readonly company: string;
}

/** More numbers than any pool has. */
const ALL = 1_000_000;

/**
 * For each of these, the number that `freeNumbers` would give them first, from the numbers of the pool and what their people
 * have. Whether it is theirs is decided when it is taken.
 *
 * @param like a session with the wish of all of them.
 * @returns in their order; undefined: none is free.
 */
export async function chooseNumbers(
  trx: Transaction<Schema>,
  tools: MaskingTools,
  pool: FoundPool,
  like: NewSession,
  seekers: readonly Seeker[],
  now: Date,
): Promise<readonly (FreeNumber | undefined)[]> {
  const { applicationId, numbers: wish } = like;
  // For nobody: in the pool's order, those that nobody has for anyone.
  const numbers = await freeNumbers(
    trx,
    {
      ...{ applicationId, poolId: pool.id, sharing: pool.sharing, use: 'people', people: [], company: '' },
      wish: { ...wish, prefer: 'any' },
      inRegion: numbersInRegion(tools.serviceNumbers(applicationId), wish.region, undefined, pool.regions),
      only: undefined,
      now,
    },
    ALL,
  );
  const held = await heldBy(trx, seekers, now);
  const liked = await likedBy(trx, wish.prefer, applicationId, seekers, held);
  return seekers.map((seeker) => {
    const taken = new Set(
      seeker.tokens.flatMap((token) =>
        (held.get(token) ?? [])
          .filter(({ company, over }) => !(over && company === seeker.company))
          .map((slot) => slot.number_id),
      ),
    );
    const free = numbers.filter(({ id }) => !taken.has(id));
    return free.find(({ id }) => liked(seeker, id)) ?? free[0];
  });
}

interface HeldNumber {
  readonly person_id: string;
  readonly number_id: string;
  /** Who met there; empty: the number is theirs by an extension. */
  readonly company: string;
  /** Its session has ended, and it cools off. */
  readonly over: boolean;
}

type Held = ReadonlyMap<string, readonly HeldNumber[]>;

/** What people have, as `isTaken` says. */
async function heldBy(trx: Transaction<Schema>, seekers: readonly Seeker[], now: Date): Promise<Held> {
  const people = textArray([...new Set(seekers.flatMap(({ tokens }) => tokens))]);
  const { rows } = await sql<HeldNumber>`
    select x.person_id, x.number_id, x.company, x.ends_at <= ${now} as over
      from masking_slots x where x.person_id = any (${people}) and x.free_after > ${now}
    union all
    select p.person_id, p.number_id, '', false
      from masking_parties p join masking_extensions x
        on x.number_id = p.number_id and x.digits = p.extension and x.session_id = p.session_id
     where p.person_id = any (${people}) and p.extension is not null and x.free_after > ${now}`.execute(trx);
  return Map.groupBy(rows, ({ person_id }) => person_id);
}

/** Which numbers go before others that come first in the pool. */
async function likedBy(
  trx: Transaction<Schema>,
  prefer: NumberWish['prefer'],
  applicationId: string,
  seekers: readonly Seeker[],
  held: Held,
): Promise<(seeker: Seeker, number: string) => boolean> {
  if (prefer === 'any')
    return ({ tokens, company }, number) =>
      tokens.some((token) =>
        (held.get(token) ?? []).some((slot) => slot.number_id === number && slot.company === company),
      );
  if (prefer === 'sticky') {
    const companies = textArray(seekers.map(({ company }) => company));
    const { rows: met } = await sql<{ readonly who: string; readonly number_id: string }>`
      select distinct s.company as who, p.number_id from masking_sessions s join masking_parties p on p.session_id = s.id
       where s.application_id = ${applicationId} and s.company = any (${companies})`.execute(trx);
    const known = new Set(met.map(({ who, number_id }) => `${who} ${number_id}`));
    return ({ company }, number) => known.has(`${company} ${number}`);
  }
  const people = textArray([...new Set(seekers.flatMap(({ tokens }) => tokens))]);
  const { rows: had } = await sql<{ readonly who: string; readonly number_id: string }>`
    select distinct p.person_id as who, p.number_id from masking_parties p where p.person_id = any (${people})`.execute(
    trx,
  );
  const known = new Set(had.map(({ who, number_id }) => `${who} ${number_id}`));
  return ({ tokens }, number) => !tokens.some((token) => known.has(`${token} ${number}`));
}
