import { type Kysely, sql } from 'kysely';
import { MaskingError } from '../masking/ports.ts';
import type { NumberWish } from '../masking/types.ts';
import type { FoundPool } from './masking-pool-rows.ts';
import { inPool, isTaken, type NumberSearch, textArray } from './masking-slots.ts';
import { ANYONE, NEVER } from './masking-tools.ts';
import type { Schema } from './schema.ts';

interface Shortage {
  readonly total: number;
  readonly quarantined: number;
  /** Active ones that are not as the wish says: tags, region. */
  readonly unfit: number;
  /** Active and fitting, and held by a session or its cool-off. */
  readonly taken: number;
  /** When the first of these is free again, as far as is known now. */
  readonly next: Date | null;
}

/**
 * Why there is no number for these people, with the figures that say what would help. Read in the transaction that found
 * none, before it is given up.
 */
export async function noNumber(
  db: Kysely<Schema>,
  search: NumberSearch,
  wish: NumberWish,
  pool: FoundPool,
): Promise<MaskingError> {
  const shortage = await read(db, search);
  if (wish.explicit !== undefined) {
    const why =
      shortage.quarantined > 0
        ? 'The number is in quarantine.'
        : `The number is not free for these people. ${whenFree(shortage, search.now)}`;
    return new MaskingError('masking/number-taken', why.trim(), '/number/explicit');
  }
  return new MaskingError('masking/no-number', describe(shortage, pool.name, search.now));
}

async function read(db: Kysely<Schema>, search: NumberSearch): Promise<Shortage> {
  const { wish, now, people } = search;
  const taken = isTaken(search, sql`n.id`, undefined);
  const who =
    search.use === 'anyone' ? sql`` : sql`and x.person_id = any (${textArray([...people, ANYONE])})`;
  const { rows } = await sql<Shortage>`
    with pool as (
      select n.id, n.status,
             (${wish.tags.length === 0 ? sql`true` : sql`n.tags @> ${textArray(wish.tags)}`})
         and (${wish.strict && search.inRegion !== undefined ? sql`n.id = any (${textArray(search.inRegion)})` : sql`true`}) as fits,
             ${search.sharing ? sql`false` : sql`(${taken})`} as taken
        from numbers n
       where ${inPool(search)} ${search.only === undefined ? sql`` : sql`and n.id = ${search.only}`})
    select count(*)::int as total,
           (count(*) filter (where status <> 'active'))::int as quarantined,
           (count(*) filter (where status = 'active' and not fits))::int as unfit,
           (count(*) filter (where status = 'active' and fits and taken))::int as taken,
           min(free.at) filter (where status = 'active' and fits and taken) as next
      from pool left join lateral (
        select max(x.free_after) as at from masking_slots x
         where x.number_id = pool.id and x.free_after > ${now} ${who}) free on true`.execute(db);
  return rows[0] as Shortage;
}

/** Figures and advice; no number stands in it. */
function describe(shortage: Shortage, pool: string, now: Date): string {
  const { total, quarantined, unfit, taken } = shortage;
  if (total === 0) return `The pool "${pool}" has no numbers; add some to it.`;
  const parts = [
    ...(taken > 0
      ? [`${taken} ${taken === 1 ? 'is' : 'are'} held by these people's sessions or their cool-off`]
      : []),
    ...(quarantined > 0 ? [`${quarantined} in quarantine`] : []),
    ...(unfit > 0 ? [`${unfit} without the wished tags or region`] : []),
  ];
  const free = total - taken - quarantined - unfit;
  if (free > 0) parts.push(`${free} free, which is not enough`);
  const help = [
    ...(taken > 0 ? ['close sessions that are over', 'shorten the cool-off'] : []),
    ...(quarantined > 0 ? ['take numbers out of quarantine'] : []),
    ...(unfit > 0 ? ['wish for less'] : []),
    'or add numbers: `maskline numbers plan` says how many are needed',
  ].join(', ');
  return [
    `The pool "${pool}" has ${total} ${total === 1 ? 'number' : 'numbers'}: ${parts.join(', ')}.`,
    whenFree(shortage, now),
    `${help[0]?.toUpperCase()}${help.slice(1)}.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

const MINUTE_MS = 60_000;

function whenFree({ taken, next }: Shortage, now: Date): string {
  if (taken === 0) return '';
  const minutes =
    next === null || next >= NEVER ? Number.POSITIVE_INFINITY : (next.getTime() - now.getTime()) / MINUTE_MS;
  if (minutes > 60) return 'None of these becomes free within an hour.';
  const told = Math.max(1, Math.ceil(minutes));
  return `The first becomes free in ${told} ${told === 1 ? 'minute' : 'minutes'}, cool-off included.`;
}
