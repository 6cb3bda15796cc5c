import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { NumberWish, SessionMode } from '../masking/types.ts';
import { ANYONE } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/**
 * How a session uses its number. `people`: each of its parties has it for themselves. `anyone`: whoever calls it is meant.
 * `digits`: callers type an extension after it.
 */
export type NumberUse = 'people' | 'anyone' | 'digits';

export function useOf(mode: SessionMode): NumberUse {
  if (mode === 'axn') return 'anyone';
  return mode === 'extension' ? 'digits' : 'people';
}

/** Who looks for a number, and of which kind. */
export interface NumberSearch {
  readonly applicationId: string;
  /** Null: `default`. */
  readonly poolId: string | null;
  readonly sharing: boolean;
  readonly use: NumberUse;
  /** Tokens of those who need the number for themselves. */
  readonly people: readonly string[];
  /** Names all people of the session. */
  readonly company: string;
  readonly wish: Pick<NumberWish, 'prefer' | 'strict' | 'tags'>;
  /** Numbers of the wished region; undefined: none is wished. */
  readonly inRegion: readonly string[] | undefined;
  /** This one and no other. */
  readonly only: string | undefined;
  readonly now: Date;
}

export interface FreeNumber {
  readonly id: string;
  readonly number_sealed: string;
  /** Session whose number it was for anyone, last. */
  readonly was_anyones: string | null;
}

/**
 * Numbers that are free for all of these people, the one to take first in front: one that they have met on before, where
 * that is wished or its cool-off is still theirs, then those of the region, and of these the first in the pool's order.
 * The first and not the one that is used least: that keeps the number of numbers near the least that can do
 * (`masking/plan-numbers.ts`).
 */
export async function freeNumbers(
  db: Kysely<Schema>,
  search: NumberSearch,
  limit: number,
): Promise<readonly FreeNumber[]> {
  const { wish } = search;
  const taken = isTaken(search, sql`n.id`, undefined);
  const order = [...preferences(search), ...(search.sharing ? [sql`(${taken})`] : [])];
  const { rows } = await sql<FreeNumber>`
    select n.id, n.number_sealed, (
        select x.session_id from masking_slots x
         where x.person_id = ${ANYONE} and x.number_id = n.id and x.lane = '') as was_anyones
      from numbers n
     where ${inPool(search)} and n.status = 'active'
       ${search.only === undefined ? sql`` : sql`and n.id = ${search.only}`}
       ${wish.tags.length === 0 ? sql`` : sql`and n.tags @> ${textArray(wish.tags)}`}
       ${wish.strict && search.inRegion !== undefined ? sql`and n.id = any (${textArray(search.inRegion)})` : sql``}
       ${search.sharing ? sql`` : sql`and not (${taken})`}
     order by ${sql.join([...order, sql`n.created_at`, sql`n.id`])} limit ${sql.lit(limit)}`.execute(db);
  return rows;
}

/** Numbers of the pool, whatever their state. */
export function inPool(search: Pick<NumberSearch, 'applicationId' | 'poolId'>): RawBuilder<boolean> {
  const pool = search.poolId === null ? sql`n.pool_id is null` : sql`n.pool_id = ${search.poolId}`;
  return sql<boolean>`n.application_id = ${search.applicationId} and n.kind = 'service' and ${pool}`;
}

/** False sorts first. */
function preferences({
  wish,
  company,
  people,
  inRegion,
  applicationId,
  now,
}: NumberSearch): RawBuilder<unknown>[] {
  const region = inRegion === undefined || wish.strict ? [] : [sql`n.id <> all (${textArray(inRegion)})`];
  if (wish.prefer === 'avoid') {
    const had = sql`n.id in (select p.number_id from masking_parties p where p.person_id = any (${textArray(people)}))`;
    return [had, ...region];
  }
  if (wish.prefer === 'sticky') {
    // By the person, too: in `axyb` each party has had another one.
    const met = sql`n.id not in (select p.number_id from masking_sessions s join masking_parties p on p.session_id = s.id
      where s.application_id = ${applicationId} and s.company = ${company} and p.person_id = any (${textArray(people)}))`;
    return [met, ...region];
  }
  // Otherwise the two would cool off on two numbers, and need more of them than the least that can do.
  const cooling = sql`n.id not in (select s.number_id from masking_slots s
    where s.person_id = any (${textArray(people)}) and s.company = ${company} and s.free_after > ${now})`;
  return [cooling, ...region];
}

/**
 * Whether a number cannot be given to these people, in a pool that is not shared: somebody of them has it, its cool-off
 * included, or it is used in a way that would make calls of theirs ambiguous. The same people may have it during their own
 * cool-off.
 *
 * @param except a session whose own slots do not count.
 */
export function isTaken(
  { use, people, company, now }: Pick<NumberSearch, 'use' | 'people' | 'company' | 'now'>,
  number: RawBuilder<unknown>,
  except: string | undefined,
): RawBuilder<boolean> {
  const given = { use, people: textArray(people), anyone: textArray([...people, ANYONE]), now };
  return isTakenBy(
    { ...given, company: sql`${company}` },
    number,
    except === undefined ? undefined : sql`${except}`,
  );
}

/** Who wants a number, as expressions of a statement that asks for many at once. */
export interface Takers {
  readonly use: NumberUse;
  /** text[]: the people. */
  readonly people: RawBuilder<unknown>;
  /** text[]: the people, and `ANYONE`. */
  readonly anyone: RawBuilder<unknown>;
  readonly company: RawBuilder<unknown>;
  readonly now: Date;
}

/** `isTaken`, of people and a number that the statement names. */
export function isTakenBy(
  { use, people, anyone, company, now }: Takers,
  number: RawBuilder<unknown>,
  except: RawBuilder<unknown> | undefined,
): RawBuilder<boolean> {
  const notOwn = except === undefined ? sql`` : sql`and x.session_id <> ${except}`;
  const held = sql`x.free_after > ${now} and not (x.company = ${company} and x.ends_at <= ${now}) ${notOwn}`;
  const digits = sql`x.free_after > ${now} ${notOwn}`;
  // By the person, who has a few numbers, and never by the number, which thousands of people have.
  const slotOfThem = sql<boolean>`${number} in (
    select x.number_id from masking_slots x where x.person_id = any (${anyone}) and ${held})`;
  if (use === 'digits') return slotOfThem;
  if (use === 'anyone') {
    // With its order and its limit, this is one step along an index; an `exists` may read the whole table instead.
    return sql<boolean>`coalesce(
      (select true from masking_slots x where x.number_id = ${number} and ${held} order by x.free_after desc limit 1),
      (select true from masking_extensions x where x.number_id = ${number} and ${digits} limit 1), false)`;
  }
  return sql<boolean>`${slotOfThem} or ${number} in (
    select p.number_id from masking_parties p join masking_extensions x
      on x.number_id = p.number_id and x.digits = p.extension and x.session_id = p.session_id
     where p.person_id = any (${people}) and p.extension is not null and ${digits})`;
}

/** That a person has a number until a moment. */
export interface WantedSlot {
  readonly person: string;
  readonly numberId: string;
}

export interface SlotTerms {
  readonly sessionId: string;
  readonly sharing: boolean;
  readonly use: NumberUse;
  readonly company: string;
  readonly endsAt: Date;
  readonly coolOffSeconds: number;
  readonly freeAfter: Date;
  readonly now: Date;
}

/** First half of the advisory locks of numbers; any number that nothing else uses. */
const LOCK = 7_210_432;

export interface Taken {
  /** All of them are ours now; otherwise some are, and the transaction must not be kept. */
  readonly all: boolean;
  /** Sessions that had them, whose time is over, and that stand as open still. */
  readonly before: readonly string[];
}

/**
 * Takes slots, those included whose time is over. The primary key decides: of two transactions that want the same slot the
 * second waits for the first, and then finds it taken (PITFALLS row 31). People are taken in one order, so that no two wait
 * for each other.
 *
 * Whoever wants a number for some people shares its lock with others who do; who wants it for anyone, or for extensions,
 * has it alone until the transaction ends, and so does who takes the number away. So `isTaken` in the next statement sees
 * what the key alone cannot see.
 */
export async function takeSlots(
  trx: Kysely<Schema>,
  terms: SlotTerms,
  wanted: readonly WantedSlot[],
  numberIds: readonly string[],
): Promise<Taken> {
  await lockNumbers(trx, numberIds, terms.use === 'people' ? 'shared' : 'alone');
  return await writeSlots(
    trx,
    wanted.map((slot) => ({ ...slot, terms })),
    terms.now,
  );
}

/** The same of many sessions, none of which has a slot that another one of them wants; their numbers are locked. */
export async function writeSlots(
  trx: Kysely<Schema>,
  wanted: readonly (WantedSlot & { readonly terms: Omit<SlotTerms, 'use' | 'now'> })[],
  now: Date,
): Promise<Taken> {
  if (wanted.length === 0) return { all: true, before: [] };
  const ordered = wanted.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const taken = await trx
    .insertInto('masking_slots')
    .values(
      ordered.map(({ person, numberId, terms }) => ({
        person_id: person,
        number_id: numberId,
        lane: terms.sharing ? terms.sessionId : '',
        session_id: terms.sessionId,
        company: terms.company,
        ends_at: terms.endsAt,
        cool_off_seconds: terms.coolOffSeconds,
        free_after: terms.freeAfter,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['person_id', 'number_id', 'lane'])
        .doUpdateSet((eb) => ({
          session_before: eb.ref('masking_slots.session_id'),
          session_id: eb.ref('excluded.session_id'),
          company: eb.ref('excluded.company'),
          ends_at: eb.ref('excluded.ends_at'),
          cool_off_seconds: eb.ref('excluded.cool_off_seconds'),
          free_after: eb.ref('excluded.free_after'),
        }))
        .where((eb) =>
          eb.or([
            eb('masking_slots.free_after', '<=', now),
            eb.and([
              eb('masking_slots.company', '=', eb.ref('excluded.company')),
              eb('masking_slots.ends_at', '<=', now),
            ]),
          ]),
        ),
    )
    .returning('session_before')
    .execute();
  const before = [...new Set(taken.flatMap(({ session_before }) => session_before ?? []))];
  return { all: taken.length === wanted.length, before: await expired(trx, before, now) };
}

/**
 * Of these sessions, those whose time is over and that stand as open still. A session that goes on without somebody is not
 * over, though that person's slot was.
 */
export async function expired(
  trx: Kysely<Schema>,
  ids: readonly string[],
  now: Date,
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const rows = await trx
    .selectFrom('masking_sessions')
    .select('id')
    .where('id', 'in', ids)
    .where('status', '=', 'open')
    .where('expires_at', '<=', now)
    .execute();
  return rows.map((row) => row.id);
}

/** The same of all sessions on a number: few, since somebody writes down what has expired. */
export async function expiredOn(
  trx: Kysely<Schema>,
  numberId: string,
  now: Date,
): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly id: string }>`
    select m.id from masking_sessions m where m.status = 'open' and m.expires_at <= ${now} and exists (
      select from masking_parties p where p.session_id = m.id and p.number_id = ${numberId})`.execute(trx);
  return rows.map((row) => row.id);
}

const keyOf = ({ person, numberId }: WantedSlot): string => `${person} ${numberId}`;

/** Until the transaction ends. In one order, whoever asks. */
export async function lockNumbers(
  trx: Kysely<Schema>,
  numberIds: readonly string[],
  how: 'shared' | 'alone',
): Promise<void> {
  const lock = sql.raw(how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock');
  if (numberIds.length === 1) {
    await sql`select ${lock}(hashtextextended(${numberIds[0]}, ${sql.lit(LOCK)}))`.execute(trx);
    return;
  }
  await sql`
    select ${lock}(hashtextextended(id, ${sql.lit(LOCK)}))
      from (select distinct value as id from jsonb_array_elements_text(${JSON.stringify(numberIds)}::jsonb) order by value)
        sorted`.execute(trx);
}

/** As one parameter, however many there are. Quoted as PostgreSQL's manual says in 8.15.2. */
export function textArray(values: readonly string[]): RawBuilder<unknown> {
  const quoted = values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`);
  return sql`${`{${quoted.join(',')}}`}::text[]`;
}
