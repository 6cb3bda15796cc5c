import { type Kysely, type Selectable, sql } from 'kysely';
import { maskNumbersIn } from '../kernel/phone-number.ts';
import { MaskingError, type PoolStore } from '../masking/ports.ts';
import type { NumberPool, PoolNumber } from '../masking/types.ts';
import { appendEvents } from './append-events.ts';
import { StorageError } from './errors.ts';
import { changeDirectory } from './import-directory.ts';
import { DEFAULT_POOL, DEFAULT_RULES } from './masking-pool-rows.ts';
import { countryOf } from './masking-regions.ts';
import { inTransaction } from './masking-retry.ts';
import { lockNumbers, textArray } from './masking-slots.ts';
import type { MaskingTools } from './masking-tools.ts';
import type { Schema } from './schema.ts';
import { NUMBER_PLACE } from './snapshot.ts';

type NumberChange = Parameters<PoolStore['changeNumber']>[2];
type NumberRow = Selectable<Schema['numbers']> & { readonly sessions: number };

/**
 * Pools and their numbers. The pool `default` has the id `default` in each application: it is there without a row, and has one
 * only when somebody has changed how it is used.
 */
export class SqlPools implements PoolStore {
  readonly #db: Kysely<Schema>;
  readonly #tools: MaskingTools;
  readonly #refresh: () => Promise<void>;

  /** @param refresh makes this node's calls see what was changed. */
  constructor(db: Kysely<Schema>, tools: MaskingTools, refresh: () => Promise<void>) {
    this.#db = db;
    this.#tools = tools;
    this.#refresh = refresh;
  }

  /** `default` first, then by name. */
  async pools(applicationId: string | undefined): Promise<readonly NumberPool[]> {
    let applications = this.#db.selectFrom('applications').select('id').orderBy('name');
    let pools = this.#db.selectFrom('number_pools').selectAll().orderBy('name');
    if (applicationId !== undefined) {
      applications = applications.where('id', '=', applicationId);
      pools = pools.where('application_id', '=', applicationId);
    }
    const rows = Map.groupBy((await pools.execute()).map(readPool), (pool) => pool.applicationId);
    return (await applications.execute()).flatMap(({ id }) => {
      const own = rows.get(id) ?? [];
      const implicit = { id: DEFAULT_POOL, applicationId: id, name: DEFAULT_POOL, ...DEFAULT_RULES };
      const first = own.find(({ name }) => name === DEFAULT_POOL) ?? implicit;
      return [first, ...own.filter(({ name }) => name !== DEFAULT_POOL)];
    });
  }

  /** What changes of a pool holds for sessions that are made from now on. */
  async putPool(pool: Omit<NumberPool, 'id'>): Promise<NumberPool> {
    const rules = { cool_off_seconds: pool.coolOffSeconds, sharing: pool.sharing };
    const row = await this.#db
      .insertInto('number_pools')
      .values({
        id: `pool_${this.#tools.random.uuid()}`,
        application_id: pool.applicationId,
        name: pool.name,
        ...rules,
      })
      .onConflict((conflict) => conflict.columns(['application_id', 'name']).doUpdateSet(rules))
      .returningAll()
      .executeTakeFirstOrThrow();
    return readPool(row);
  }

  /** Of `default`, which cannot be missing, only how it is used is forgotten. */
  async removePool(id: string, applicationId: string | undefined): Promise<void> {
    let query = this.#db.deleteFrom('number_pools');
    query = id === DEFAULT_POOL ? query.where('name', '=', DEFAULT_POOL) : query.where('id', '=', id);
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    const isOne = id !== DEFAULT_POOL || applicationId !== undefined;
    const gone = isOne ? await query.returning('id').execute() : [];
    if (gone.length === 0 && (id !== DEFAULT_POOL || applicationId === undefined)) throw unknownPool();
  }

  async numbers(filter: {
    readonly applicationId: string | undefined;
    readonly poolId?: string;
  }): Promise<readonly PoolNumber[]> {
    return (await this.#rows(this.#db, filter)).map((row) => this.#read(row));
  }

  /** @throws StorageError `entry/unknown`; `entry/declared` for the label of a number that the settings file declares. */
  async changeNumber(
    id: string,
    applicationId: string | undefined,
    change: NumberChange,
  ): Promise<PoolNumber> {
    const row = await this.#change(id, applicationId, change);
    if (change.label !== undefined) await this.#refresh();
    return this.#read(row);
  }

  async #change(id: string, applicationId: string | undefined, change: NumberChange): Promise<NumberRow> {
    const run = async (trx: Kysely<Schema>): Promise<NumberRow> => {
      // Sessions that are being made with this number come before or after.
      await lockNumbers(trx, [id], 'alone');
      const [before] = await this.#rows(trx, { applicationId, id });
      if (before === undefined) throw new StorageError('entry/unknown');
      if (change.label !== undefined && before.provenance === 'settings')
        throw new StorageError('entry/declared');
      const columns = await this.#columns(trx, before, change);
      if (Object.keys(columns).length > 0)
        await trx.updateTable('numbers').set(columns).where('id', '=', id).execute();
      if (columns.status === 'quarantined' && before.status === 'active')
        await this.#tellQuarantine(trx, before, columns.quarantine_reason);
      return (await this.#rows(trx, { applicationId, id }))[0] as NumberRow;
    };
    if (change.label === undefined) return await inTransaction(this.#db, this.#tools, run);
    return await changeDirectory(this.#db, async (trx) => ({ result: await run(trx), changed: true }));
  }

  async #columns(trx: Kysely<Schema>, before: NumberRow, change: NumberChange) {
    const { pool, region, tags, label, status, quarantineReason } = change;
    const quarantined = (status ?? before.status) === 'quarantined';
    return {
      ...(pool === undefined ? {} : { pool_id: await poolId(trx, before.application_id, pool) }),
      ...(region === undefined ? {} : { region }),
      ...(tags === undefined ? {} : { tags: sql<string[]>`${textArray(tags)}` }),
      ...(label === undefined ? {} : { label }),
      ...(status === undefined ? {} : { status }),
      ...(quarantined ? {} : { quarantine_reason: null }),
      ...(quarantined && quarantineReason !== undefined ? { quarantine_reason: quarantineReason } : {}),
    };
  }

  async #tellQuarantine(
    trx: Kysely<Schema>,
    { id, application_id }: NumberRow,
    reason: string | null | undefined,
  ) {
    await appendEvents(trx, this.#tools.random, [
      {
        applicationId: application_id,
        subject: id,
        type: 'number.quarantined',
        at: this.#tools.clock.now(),
        data: { number: id, reason: typeof reason === 'string' ? maskNumbersIn(reason) : null },
      },
    ]);
  }

  /** In the order in which numbers are given. */
  async #rows(
    db: Kysely<Schema>,
    { applicationId, poolId, id }: { applicationId: string | undefined; poolId?: string; id?: string },
  ): Promise<readonly NumberRow[]> {
    const now = new Date(this.#tools.clock.now());
    // A slot ends with its session, so that the sessions need not be read.
    const sessions = sql<number>`(
      (select count(distinct s.session_id) from masking_slots s
        where s.number_id = numbers.id and s.free_after > ${now} and s.ends_at > ${now})
      + (select count(distinct e.session_id) from masking_extensions e join masking_sessions m on m.id = e.session_id
          where e.number_id = numbers.id and e.free_after > ${now} and m.status = 'open' and m.expires_at > ${now}))::int`;
    let query = db
      .selectFrom('numbers')
      .selectAll()
      .select(sessions.as('sessions'))
      .where('kind', '=', 'service')
      .orderBy('created_at')
      .orderBy('id');
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    if (id !== undefined) query = query.where('id', '=', id);
    if (poolId !== undefined)
      query =
        poolId === DEFAULT_POOL ? query.where('pool_id', 'is', null) : query.where('pool_id', '=', poolId);
    return await query.execute();
  }

  #read(row: NumberRow): PoolNumber {
    const number = this.#tools.vault.openNumber(row.number_sealed, NUMBER_PLACE);
    return {
      id: row.id,
      applicationId: row.application_id,
      poolId: row.pool_id ?? DEFAULT_POOL,
      number,
      label: row.label,
      country: countryOf(number),
      region: row.region ?? undefined,
      tags: row.tags,
      status: row.status,
      quarantineReason: row.quarantine_reason ?? undefined,
      sessions: row.sessions,
    };
  }
}

function readPool(row: Selectable<Schema['number_pools']>): NumberPool {
  return {
    id: row.name === DEFAULT_POOL ? DEFAULT_POOL : row.id,
    applicationId: row.application_id,
    name: row.name,
    coolOffSeconds: row.cool_off_seconds,
    sharing: row.sharing,
  };
}

async function poolId(trx: Kysely<Schema>, applicationId: string, name: string): Promise<string | null> {
  if (name === DEFAULT_POOL) return null;
  const row = await trx
    .selectFrom('number_pools')
    .select('id')
    .where('application_id', '=', applicationId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw unknownPool();
  return row.id;
}

function unknownPool(): MaskingError {
  return new MaskingError('masking/unknown-pool', 'The application has no such pool.');
}
