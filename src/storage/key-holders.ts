/** Which processes use the database, which keys they hold, and under which of them they seal. */
import { hostname } from 'node:os';
import { type Kysely, sql } from 'kysely';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';
import { introduce, type KeySource, readRing, VAULT_LOCK } from './open-vault.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** How often a process looks at its key file, and at which key seals. */
export const LOOK_MS = 5_000;
/** A process that has said nothing for so long is gone: twelve looks. By the database's clock. */
const GONE_SECONDS = 60;

export interface KeyHolder {
  /** Machine, process and a token: `node-a:4711:9f3c`. */
  readonly instance: string;
  readonly keys: readonly string[];
  readonly current: string;
}

export interface KeyHoldersOptions {
  readonly db: Kysely<Schema>;
  readonly vault: Vault;
  readonly source: KeySource;
  /** Other processes use the database, too. */
  readonly shared: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Keeps this process's vault at what its key file and the database say, and says so in the database: a key that is added to
 * the file is known within seconds, without a restart, and may seal once every live process has said that it knows it.
 */
export class KeyHolders {
  readonly #options: KeyHoldersOptions;
  readonly #instance: string;
  #timer: TimerHandle | undefined;
  #closed = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: KeyHoldersOptions) {
    this.#options = options;
    this.#instance = `${hostname()}:${process.pid}:${options.random.token(4)}`;
  }

  static async open(options: KeyHoldersOptions): Promise<KeyHolders> {
    const holders = new KeyHolders(options);
    await holders.look();
    if (options.shared) holders.#arm();
    return holders;
  }

  /** Looks now. Rejects with `storage/key-wrong` and its like when what stands in the file cannot be. */
  async look(): Promise<void> {
    const { db, vault, source, random } = this.#options;
    await db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(VAULT_LOCK)})`.execute(trx);
      const ring = readRing(source);
      if (ring === undefined) throw new StorageError('storage/key-missing', 'Its file has vanished.');
      if (ring.keys.size !== vault.keyIds.length || (await currentOf(trx)) !== vault.currentKeyId)
        await introduce(trx, vault, ring, random);
      await sql`
        insert into key_holders (instance, keys, current, seen_at)
          values (${this.#instance}, ${vault.keyIds}, ${vault.currentKeyId}, clock_timestamp())
          on conflict (instance) do update
            set keys = excluded.keys, current = excluded.current, seen_at = excluded.seen_at`.execute(trx);
    });
  }

  /** Of the processes that live. */
  async all(db: Kysely<Schema> = this.#options.db): Promise<readonly KeyHolder[]> {
    const { rows } = await sql<KeyHolder>`
      select instance, keys, current from key_holders
       where seen_at > clock_timestamp() - ${sql.lit(`${GONE_SECONDS} seconds`)}::interval
       order by instance`.execute(db);
    return rows;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#running;
    const { db, log } = this.#options;
    try {
      await sql`
        delete from key_holders where instance = ${this.#instance}
           or seen_at < clock_timestamp() - interval '1 day'`.execute(db);
    } catch (error) {
      // The others take it for gone in a minute.
      log.debug({ err: error }, 'this process is still in the list of those that hold keys');
    }
  }

  #arm(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#running = this.look()
        .catch((error: unknown) =>
          this.#options.log.warn({ err: error }, 'the keys of the data could not be looked at'),
        )
        .then(() => {
          if (!this.#closed) this.#arm();
        });
    }, LOOK_MS);
  }
}

async function currentOf(db: Kysely<Schema>): Promise<string | undefined> {
  const row = await db
    .selectFrom('meta')
    .select('value')
    .where('name', '=', 'vault.current')
    .executeTakeFirst();
  return row?.value;
}
