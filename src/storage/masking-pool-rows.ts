import type { Kysely } from 'kysely';
import { MaskingError } from '../masking/ports.ts';
import type { NumberWish } from '../masking/types.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** Has the numbers that no other pool has. It needs no row; with one, the row says how it is used. */
export const DEFAULT_POOL = 'default';

/**
 * An hour, as `maskline numbers plan` counts when it is not told otherwise: so long somebody may still call back from the
 * list of calls of their phone and mean the one before. A day would be safer still, and would need a number for each
 * counterpart that a driver has in a day: several times as many.
 */
export const DEFAULT_COOL_OFF_SECONDS = 3_600;

export const DEFAULT_RULES = { coolOffSeconds: DEFAULT_COOL_OFF_SECONDS, sharing: false } as const;

/** The pool that a wish means. */
export interface FoundPool {
  /** What `numbers.pool_id` of its numbers is; null: `default`. */
  readonly id: string | null;
  readonly name: string;
  readonly coolOffSeconds: number;
  readonly sharing: boolean;
  /** Id of the number that is wished, and no other. */
  readonly explicitId: string | undefined;
  /** What the pool says of its numbers, by id; empty unless a region is wished. */
  readonly regions: ReadonlyMap<string, string>;
}

/** @throws MaskingError `masking/unknown-pool`, `masking/number-taken`. */
export async function findPool(
  db: Kysely<Schema>,
  vault: Vault,
  applicationId: string,
  wish: NumberWish,
): Promise<FoundPool> {
  const explicit = await explicitNumber(db, vault, applicationId, wish);
  let query = db.selectFrom('number_pools').selectAll().where('application_id', '=', applicationId);
  // A number that is wished without its pool brings its own.
  query =
    wish.pool === undefined && typeof explicit?.pool_id === 'string'
      ? query.where('id', '=', explicit.pool_id)
      : query.where('name', '=', wish.pool ?? DEFAULT_POOL);
  const row = await query.executeTakeFirst();
  const name = row?.name ?? wish.pool ?? DEFAULT_POOL;
  if (row === undefined && name !== DEFAULT_POOL)
    throw new MaskingError(
      'masking/unknown-pool',
      'The application has no pool of that name.',
      '/number/pool',
    );
  const id = name === DEFAULT_POOL || row === undefined ? null : row.id;
  if (explicit !== undefined && explicit.pool_id !== id) throw notOfPool(name);
  return {
    id,
    name,
    coolOffSeconds: row?.cool_off_seconds ?? DEFAULT_RULES.coolOffSeconds,
    sharing: row?.sharing ?? DEFAULT_RULES.sharing,
    explicitId: explicit?.id,
    regions: wish.region === undefined ? new Map() : await regionsOf(db, applicationId),
  };
}

async function explicitNumber(db: Kysely<Schema>, vault: Vault, applicationId: string, wish: NumberWish) {
  if (wish.explicit === undefined) return undefined;
  const row = await db
    .selectFrom('numbers')
    .select(['id', 'pool_id'])
    .where('application_id', '=', applicationId)
    .where('kind', '=', 'service')
    .where('number_index', 'in', vault.indexesOf(wish.explicit))
    .executeTakeFirst();
  if (row === undefined) throw notOfPool(wish.pool ?? DEFAULT_POOL);
  return row;
}

function notOfPool(name: string): MaskingError {
  return new MaskingError(
    'masking/number-taken',
    `The number is not one of the pool "${name}".`,
    '/number/explicit',
  );
}

async function regionsOf(db: Kysely<Schema>, applicationId: string): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('numbers')
    .select(['id', 'region'])
    .where('application_id', '=', applicationId)
    .where('kind', '=', 'service')
    .where('region', 'is not', null)
    .execute();
  return new Map(rows.map(({ id, region }) => [id, region ?? '']));
}
