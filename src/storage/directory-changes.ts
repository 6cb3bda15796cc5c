import type { Kysely, Transaction } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { StorageError, sqlState } from './errors.ts';
import { changeDirectory } from './import-directory.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

export interface DirectoryTools {
  readonly vault: Vault;
  readonly random: Random;
  readonly clock: Clock;
}

type Owned = 'applications' | 'rules' | 'scenarios' | 'users' | 'numbers';

/** Changes of the directory by requests: in turn, told to other nodes, and never of what the settings file declares. */
export class DirectoryChanges {
  readonly #db: Kysely<Schema>;
  readonly #refresh: () => Promise<void>;

  /** @param refresh reloads what this node's calls know. */
  constructor(db: Kysely<Schema>, refresh: () => Promise<void>) {
    this.#db = db;
    this.#refresh = refresh;
  }

  async run<T>(change: (trx: Transaction<Schema>) => Promise<T>): Promise<T> {
    try {
      const result = await changeDirectory(this.#db, async (trx) => ({
        result: await change(trx),
        changed: true,
      }));
      await this.#refresh();
      return result;
    } catch (error) {
      // 23505 unique_violation, 23503 foreign_key_violation (PostgreSQL appendix A).
      if (sqlState(error) === '23505') throw new StorageError('entry/conflict', undefined, { cause: error });
      if (sqlState(error) === '23503') throw new StorageError('entry/unknown', undefined, { cause: error });
      throw error;
    }
  }

  /** Runs a change of entries that are there and not declared. */
  async own(
    table: Owned,
    ids: readonly string[],
    change: (trx: Transaction<Schema>) => Promise<unknown>,
  ): Promise<void> {
    if (ids.length === 0) return;
    await this.run(async (trx) => {
      await this.mine(trx, table, ids);
      await change(trx);
    });
  }

  /**
   * Throws `entry/declared` when one of the entries is, and `entry/unknown` when one is not there unless `some` is asked
   * for; resolves with those that are there.
   */
  async mine(
    trx: Transaction<Schema>,
    table: Owned,
    ids: readonly string[],
    which: 'all' | 'some' = 'all',
  ): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const rows = await trx
      .selectFrom(table)
      .select(['id', 'provenance'])
      .where('id', 'in', [...ids])
      .execute();
    if (rows.some(({ provenance }) => provenance === 'settings')) throw new StorageError('entry/declared');
    if (which === 'all' && rows.length < new Set(ids).size) throw new StorageError('entry/unknown');
    return rows.map(({ id }) => id);
  }

  async stepsOf(trx: Transaction<Schema>, ruleId: string): Promise<readonly string[]> {
    const rows = await trx
      .selectFrom('rule_scenarios')
      .select('scenario_id')
      .where('rule_id', '=', ruleId)
      .orderBy('position')
      .execute();
    return rows.map(({ scenario_id }) => scenario_id);
  }

  async writeSteps(trx: Transaction<Schema>, ruleId: string, scenarioIds: readonly string[]): Promise<void> {
    await trx.deleteFrom('rule_scenarios').where('rule_id', '=', ruleId).execute();
    const rows = scenarioIds.map((id, position) => ({ rule_id: ruleId, position, scenario_id: id }));
    if (rows.length > 0) await trx.insertInto('rule_scenarios').values(rows).execute();
  }
}
