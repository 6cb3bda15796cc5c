import { type Kysely, sql, type Transaction } from 'kysely';
import type {
  AdminStore,
  ApplicationEntry,
  NumberEntry,
  ScenarioEntry,
  TrunkEntry,
  UserEntry,
} from '../http/ports.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { Directory } from './directory.ts';
import {
  DirectoryWriter,
  type Outcome,
  type Put,
  type RuleDeclaration,
  type UserDeclaration,
} from './directory-writer.ts';
import { StorageError, sqlState } from './errors.ts';
import { changeDirectory, refuseUsedScenarios } from './import-directory.ts';
import { refuseUsedNumbers } from './masking-close.ts';
import type { NumberKind, Schema } from './schema.ts';
import type { TrunkDeclaration } from './trunk-rows.ts';
import type { Vault } from './vault.ts';

type Entity = 'applications' | 'rules' | 'scenarios' | 'numbers' | 'trunks' | 'users';

/** Puts, lists and removes entries of the directory one by one, for the API and the command line. */
export class DirectoryAdmin implements AdminStore {
  readonly #db: Kysely<Schema>;
  readonly #directory: Directory;
  readonly #tools: { readonly vault: Vault; readonly random: Random; readonly clock: Clock };

  constructor(
    db: Kysely<Schema>,
    directory: Directory,
    tools: { readonly vault: Vault; readonly random: Random; readonly clock: Clock },
  ) {
    this.#db = db;
    this.#directory = directory;
    this.#tools = tools;
  }

  applications(): readonly ApplicationEntry[] {
    return this.#directory.snapshot.applications.map(({ id, name, provenance }) => ({
      id,
      name,
      declared: provenance === 'settings',
    }));
  }

  numbers(applicationId?: string): readonly NumberEntry[] {
    return this.#directory.snapshot.numbers
      .filter((entry) => applicationId === undefined || entry.applicationId === applicationId)
      .map(({ provenance, ...entry }) => ({ ...entry, declared: provenance === 'settings' }));
  }

  scenarios(applicationId?: string): readonly ScenarioEntry[] {
    return (
      this.#directory.snapshot.scenarios
        // Shared ones are the platform API's: they have no application to be named by here.
        .filter((entry) => entry.applicationId !== '')
        .filter((entry) => applicationId === undefined || entry.applicationId === applicationId)
        .map(({ applicationId, name, source, updatedAt, provenance }) => ({
          applicationId,
          name,
          source,
          updatedAt,
          declared: provenance === 'settings',
        }))
    );
  }

  trunks(): readonly TrunkEntry[] {
    return this.#directory.trunks().map(({ id, name, host, transport, register, prefixes, priority }) => ({
      id,
      name,
      host,
      transport,
      register,
      prefixes,
      priority,
    }));
  }

  async users(applicationId?: string): Promise<readonly UserEntry[]> {
    const { rows } = await sql<{ user_id: string; live: number }>`
      select user_id, count(*)::int as live from registrations
       where expires_at > ${new Date(this.#tools.clock.now())} group by user_id`.execute(this.#db);
    const live = new Map(rows.map((row) => [row.user_id, row.live]));
    return this.#directory.snapshot.users
      .filter((user) => applicationId === undefined || user.applicationId === applicationId)
      .map((user) => ({
        id: user.id,
        username: user.username,
        applicationId: user.applicationId,
        number: user.number,
        registered: live.get(user.id) ?? 0,
      }));
  }

  async addNumber(entry: {
    readonly applicationId: string;
    readonly kind: NumberKind;
    readonly number: PhoneNumber;
    readonly label: string;
  }): Promise<NumberEntry> {
    const { id } = await this.#write(async (writer) => {
      const put = await writer.number(entry.applicationId, entry);
      if (put.outcome !== 'created')
        throw new StorageError('entry/conflict', 'The application holds the number.');
      return put;
    });
    return { id, ...entry, declared: false };
  }

  async putApplication(name: string): Promise<Put> {
    return await this.#write((writer) => writer.application(name));
  }

  async putScenario(applicationId: string, name: string, source: string): Promise<Outcome> {
    return (await this.#write((writer) => writer.scenario(applicationId, name, source))).outcome;
  }

  /** `position` orders the rules of an application; the first that matches wins. */
  async putRule(applicationId: string, position: number, rule: RuleDeclaration): Promise<Put> {
    return await this.#write((writer) => writer.rule(applicationId, position, rule));
  }

  async putTrunk(trunk: TrunkDeclaration): Promise<Put> {
    return await this.#write((writer) => writer.trunk(trunk));
  }

  async putUser(applicationId: string, user: UserDeclaration): Promise<Put> {
    return await this.#write((writer) => writer.user(applicationId, user));
  }

  async removeNumber(id: string): Promise<void> {
    await this.#remove('numbers', id);
  }

  async removeScenario(applicationId: string, name: string): Promise<void> {
    const found = this.#directory.snapshot.scenarios.find(
      (one) => one.applicationId === applicationId && one.name === name,
    );
    if (found === undefined) throw new StorageError('entry/unknown');
    await this.#remove('scenarios', found.id);
  }

  async removeRule(id: string): Promise<void> {
    await this.#remove('rules', id);
  }

  async removeTrunk(id: string): Promise<void> {
    await this.#remove('trunks', id);
  }

  /** Also forgets the registrations of the account. */
  async removeUser(id: string): Promise<void> {
    await this.#remove('users', id);
  }

  /** Also removes everything that the application owns, its API keys too. Call records stay. */
  async removeApplication(id: string): Promise<void> {
    await this.#remove('applications', id);
  }

  async #write(put: (writer: DirectoryWriter) => Promise<Put>): Promise<Put> {
    const result = await this.#change(async (trx) => {
      const done = await put(new DirectoryWriter(trx, this.#tools, 'api'));
      return { result: done, changed: done.outcome !== 'unchanged' };
    });
    return result;
  }

  async #remove(entity: Entity, id: string): Promise<void> {
    await this.#change(async (trx) => {
      const row = await trx.selectFrom(entity).select('provenance').where('id', '=', id).executeTakeFirst();
      if (row === undefined) throw new StorageError('entry/unknown');
      if (row.provenance === 'settings') throw new StorageError('entry/declared');
      if (entity === 'scenarios') await refuseUsedScenarios(trx, [id]);
      if (entity === 'numbers') await refuseUsedNumbers(trx, [id], new Date(this.#tools.clock.now()));
      // A scenario that a rule runs cannot go before the rule, by whichever cascade.
      if (entity === 'applications') await trx.deleteFrom('rules').where('application_id', '=', id).execute();
      await trx.deleteFrom(entity).where('id', '=', id).execute();
      return { result: undefined, changed: true };
    });
  }

  async #change<T>(
    change: (trx: Transaction<Schema>) => Promise<{ readonly result: T; readonly changed: boolean }>,
  ): Promise<T> {
    try {
      const result = await changeDirectory(this.#db, change);
      await this.#directory.refresh();
      return result;
    } catch (error) {
      // 23505 unique_violation, 23503 foreign_key_violation (PostgreSQL appendix A).
      if (sqlState(error) === '23505') throw new StorageError('entry/conflict', undefined, { cause: error });
      if (sqlState(error) === '23503') {
        throw new StorageError('entry/unknown', 'The application is not there.', { cause: error });
      }
      throw error;
    }
  }
}
