import { type Kysely, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { KeyValueStore, StoredValue } from '../scenario/ports.ts';
import { StorageError } from './errors.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const KEY = 'app_storage.key';
const VALUE = 'app_storage.value';

const DAY = 86_400;
/** voximplant.com/docs/references/voxengine/voximplantapi/setkeyvalueitemrequest: 30 days are the default, 90 the most. */
const DEFAULT_TTL_SECONDS = 30 * DAY;
const MAX_TTL_SECONDS = 90 * DAY;
/** Keys of an application are counted again after so many puts: a count for each would read all of them. */
const COUNT_EVERY = 1_000;
/** A full storage is counted again after this time, milliseconds. */
const RECOUNT_MS = 5_000;
/** How often this node deletes what has expired, milliseconds, and how many rows at once. */
const SWEEP_MS = 60_000;
const SWEEP_ROWS = 1_000;

interface Count {
  readonly rows: number;
  readonly at: number;
  puts: number;
}

/** The key-value storage of applications. */
export class SqlAppStorage implements KeyValueStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #counts = new Map<string, Count>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** @param maxKeys of one application; nodes that write at once may exceed it by what they write between two counts. */
  constructor(db: Kysely<Schema>, vault: Vault, clock: Clock, maxKeys: number) {
    this.#db = db;
    this.#vault = vault;
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  async get(applicationId: string, key: string): Promise<StoredValue | undefined> {
    const row = await this.#db
      .selectFrom('app_storage')
      .select(['key_sealed', 'value_sealed', 'expires_at'])
      .where('application_id', '=', applicationId)
      .where('key_index', 'in', this.#indexes(applicationId, key))
      .where('expires_at', '>', this.#now())
      .executeTakeFirst();
    return row === undefined ? undefined : this.#open(row);
  }

  async put(
    applicationId: string,
    key: string,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<StoredValue> {
    await this.#checkRoom(applicationId, key);
    const ttl = Math.max(0, Math.min(ttlSeconds ?? DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS));
    const expiresAt = this.#clock.now() + ttl * 1000;
    const current = this.#vault.index(textOf(applicationId, key));
    const changing = {
      value_sealed: this.#vault.seal(value, VALUE),
      expires_at: new Date(expiresAt),
    };
    const older = this.#indexes(applicationId, key).filter((index) => index !== current);
    await this.#db.transaction().execute(async (trx) => {
      // While keys of the vault are being changed, the same key may stand under an older index.
      if (older.length > 0) await deleteRows(trx, applicationId, older).execute();
      await trx
        .insertInto('app_storage')
        .values({
          application_id: applicationId,
          key_index: current,
          namespace_index: this.#vault.index(textOf(applicationId, namespaceOf(key))),
          key_sealed: this.#vault.seal(key, KEY),
          ...changing,
        })
        .onConflict((conflict) => conflict.columns(['application_id', 'key_index']).doUpdateSet(changing))
        .execute();
    });
    await this.#sweep();
    return { key, value, expiresAt };
  }

  async remove(applicationId: string, key: string): Promise<StoredValue | undefined> {
    const rows = await deleteRows(this.#db, applicationId, this.#indexes(applicationId, key))
      .returning(['key_sealed', 'value_sealed', 'expires_at'])
      .execute();
    const row = rows.find(({ expires_at }) => expires_at.getTime() > this.#clock.now());
    return row === undefined ? undefined : this.#open(row);
  }

  async list(
    applicationId: string,
    page: { readonly namespace?: string; readonly limit: number; readonly offset: number },
  ): Promise<{ readonly items: readonly StoredValue[]; readonly total: number }> {
    let query = this.#db
      .selectFrom('app_storage')
      .where('application_id', '=', applicationId)
      .where('expires_at', '>', this.#now());
    if (page.namespace !== undefined)
      query = query.where('namespace_index', 'in', this.#indexes(applicationId, page.namespace));
    const rows = await query
      .select(['key_sealed', 'value_sealed', 'expires_at'])
      .orderBy('key_index')
      .limit(page.limit)
      .offset(page.offset)
      .execute();
    const { total } = await query
      .select((eb) => eb.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    return { items: rows.map((row) => this.#open(row)), total };
  }

  #open(row: { key_sealed: string; value_sealed: string; expires_at: Date }): StoredValue {
    return {
      key: this.#vault.open(row.key_sealed, KEY),
      value: this.#vault.open(row.value_sealed, VALUE),
      expiresAt: row.expires_at.getTime(),
    };
  }

  #indexes(applicationId: string, key: string): string[] {
    return this.#vault.indexesOfText(textOf(applicationId, key));
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }

  /** A key that is there may always be written again. */
  async #checkRoom(applicationId: string, key: string): Promise<void> {
    let count = this.#counts.get(applicationId);
    const now = this.#clock.now();
    const isFull = (one: Count): boolean => one.rows + one.puts >= this.#maxKeys;
    if (count === undefined || count.puts >= COUNT_EVERY || (isFull(count) && now - count.at > RECOUNT_MS)) {
      const { rows } = await this.#db
        .selectFrom('app_storage')
        .select((eb) => eb.fn.countAll<number>().as('rows'))
        .where('application_id', '=', applicationId)
        .where('expires_at', '>', this.#now())
        .executeTakeFirstOrThrow();
      count = { rows, at: now, puts: 0 };
      this.#counts.set(applicationId, count);
    }
    if (!isFull(count)) count.puts += 1;
    else if ((await this.get(applicationId, key)) === undefined)
      throw new StorageError('storage/full', `At most ${this.#maxKeys} keys.`);
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    await sql`
      delete from app_storage where (application_id, key_index) in (
        select application_id, key_index from app_storage where expires_at <= ${new Date(now)} limit ${sql.lit(SWEEP_ROWS)}
           for update skip locked)`.execute(this.#db);
  }
}

function deleteRows(db: Kysely<Schema>, applicationId: string, indexes: readonly string[]) {
  return db
    .deleteFrom('app_storage')
    .where('application_id', '=', applicationId)
    .where('key_index', 'in', indexes);
}

/** Equal keys of two applications have different indexes. */
function textOf(applicationId: string, key: string): string {
  return `app_storage ${applicationId} ${key}`;
}

/** What is before the first colon; the key itself when there is none. */
function namespaceOf(key: string): string {
  const colon = key.indexOf(':');
  return colon < 0 ? key : key.slice(0, colon);
}
