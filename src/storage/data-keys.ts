/**
 * Changing the key under which numbers and secrets are sealed, while nodes run and calls go on:
 *
 * 1. a new key is added to the key file (`add`): it opens, and seals nothing;
 * 2. when every live process knows it, it seals (`activate`);
 * 3. when every live process seals with it, all rows are sealed anew (`resealAll`);
 * 4. when none needs the older keys, they are retired (`finish`), and their lines may go.
 *
 * Where this stands is in the database, so that it goes on after a kill at any moment, on any machine.
 */
import { type Kysely, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';
import type { KeyHolder, KeyHolders } from './key-holders.ts';
import { appendToKeyFile, freshKeyLine } from './key-ring.ts';
import { CHECK, CURRENT, type KeySource, keyPath, RETIRED, readRing, VAULT_LOCK } from './open-vault.ts';
import { countStale, resealTable } from './reseal.ts';
import type { Schema } from './schema.ts';
import { SEALED_TABLES } from './sealed-columns.ts';
import type { Vault } from './vault.ts';

export interface DataKeyStatus {
  /** The key that seals. */
  readonly current: string;
  /** Keys of this process's key file, in order. The last one is the newest. */
  readonly keys: readonly string[];
  /** Keys of the file that no row needs: their lines may go. */
  readonly retired: readonly string[];
  /** Rows that are not under the key that seals, by table; tables without any are left out. */
  readonly stale: Readonly<Record<string, number>>;
  readonly holders: readonly KeyHolder[];
}

export class DataKeys {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #holders: KeyHolders;
  readonly #source: KeySource;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(options: {
    readonly db: Kysely<Schema>;
    readonly vault: Vault;
    readonly holders: KeyHolders;
    readonly source: KeySource;
    readonly random: Random;
    readonly clock: Clock;
  }) {
    this.#db = options.db;
    this.#vault = options.vault;
    this.#holders = options.holders;
    this.#source = options.source;
    this.#random = options.random;
    this.#clock = options.clock;
  }

  async status(): Promise<DataKeyStatus> {
    await this.#holders.look();
    const keys = [...(readRing(this.#source)?.keys.keys() ?? [])];
    const retired = new Set(await this.#retired());
    const current = this.#vault.currentKeyId;
    const stale: Record<string, number> = {};
    for (const table of SEALED_TABLES) {
      const rows = await countStale(this.#db, table, current);
      if (rows > 0) stale[table.table] = rows;
    }
    return {
      current,
      keys,
      retired: keys.filter((id) => retired.has(id) && id !== current),
      stale,
      holders: await this.#holders.all(),
    };
  }

  /** A new line, and where it was added; `path` is undefined when the ring is in MASKLINE_KEY, where a person must add it. */
  async add(): Promise<{ readonly id: string; readonly line: string; readonly path: string | undefined }> {
    const line = freshKeyLine([...this.#vault.keyIds, ...(await this.#retired())], this.#random);
    const id = line.slice(0, line.indexOf(':'));
    if (this.#source.key !== undefined) return { id, line, path: undefined };
    const path = keyPath(this.#source);
    appendToKeyFile(path, line);
    await this.#holders.look();
    return { id, line, path };
  }

  /** Processes that do not know a key yet; nobody may seal with it before this is empty. */
  async without(id: string): Promise<readonly string[]> {
    return lacking(await this.#holders.all(), id);
  }

  /** Processes that seal with another key still. */
  async behind(id: string): Promise<readonly string[]> {
    const holders = await this.#holders.all();
    return holders.filter(({ current }) => current !== id).map(({ instance }) => instance);
  }

  /** From now on that key seals. Rejects with `storage/key-in-use` while a process does not know it. */
  async activate(id: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await lock(trx);
      const holders = await this.#holders.all(trx);
      const without = lacking(holders, id);
      if (without.length > 0)
        throw new StorageError(
          'storage/key-in-use',
          `These do not know the key "${id}" yet: ${without.join(', ')}.`,
        );
      await trx.updateTable('meta').set({ value: id }).where('name', '=', CURRENT).execute();
    });
    await this.#holders.look();
  }

  /**
   * Passes over all tables until no row is under an older key, or a pass gets no further.
   *
   * @param told is called now and then with a table and its rows done.
   */
  async resealAll(
    told: (table: string, rows: number) => void = () => {},
  ): Promise<{ readonly rows: number; readonly stuck: number }> {
    let rows = 0;
    for (;;) {
      let done = 0;
      let stuck = 0;
      for (const table of SEALED_TABLES) {
        const result = await resealTable(this.#db, this.#vault, table, (count) => told(table.table, count));
        done += result.done;
        stuck += result.stuck;
      }
      rows += done;
      if (done === 0) return { rows, stuck };
    }
  }

  /**
   * Retires every key but the one that seals. Rejects with `storage/key-in-use` while rows or processes need another one.
   *
   * @param actor for the audit log.
   */
  async finish(actor: string): Promise<readonly string[]> {
    const { current, stale } = await this.status();
    const behind = await this.behind(current);
    const [table] = Object.keys(stale);
    if (table !== undefined)
      throw new StorageError(
        'storage/key-in-use',
        `${stale[table]} rows of ${table} are under an older one.`,
      );
    if (behind.length > 0)
      throw new StorageError('storage/key-in-use', `These seal with an older one: ${behind.join(', ')}.`);
    return await this.#db.transaction().execute(async (trx) => {
      await lock(trx);
      const checks = await trx.selectFrom('meta').selectAll().where('name', 'like', `${CHECK}%`).execute();
      const older = checks.filter(({ name }) => name !== CHECK + current);
      const retired = older.map(({ name }) => name.slice(CHECK.length));
      for (const { name, value } of older) {
        await trx.deleteFrom('meta').where('name', '=', name).execute();
        await trx
          .insertInto('meta')
          .values({ name: RETIRED + name.slice(CHECK.length), value })
          .execute();
      }
      if (retired.length > 0)
        await trx
          .insertInto('audit_log')
          .values({
            at: new Date(this.#clock.now()),
            actor,
            action: 'data-key.rotated',
            application_id: null,
            subject: current,
            detail: JSON.stringify({ retired }),
          })
          .execute();
      return retired;
    });
  }

  async #retired(): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('meta')
      .select('name')
      .where('name', 'like', `${RETIRED}%`)
      .execute();
    return rows.map(({ name }) => name.slice(RETIRED.length));
  }
}

function lacking(holders: readonly KeyHolder[], id: string): readonly string[] {
  return holders.filter(({ keys }) => !keys.includes(id)).map(({ instance }) => instance);
}

async function lock(trx: Kysely<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(VAULT_LOCK)})`.execute(trx);
}
