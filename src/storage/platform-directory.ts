import type { Kysely } from 'kysely';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { PasswordDigests, PlatformDirectory, UserChange } from '../platform-api/ports.ts';
import { DirectoryChanges, type DirectoryTools } from './directory-changes.ts';
import { StorageError } from './errors.ts';
import { refuseUsedNumbers } from './masking-close.ts';
import * as phones from './platform-phones.ts';
import { PlatformReader } from './platform-reader.ts';
import { compilePattern } from './rule-pattern.ts';
import type { Schema } from './schema.ts';
import { HA1_PLACE } from './snapshot.ts';

/** Rules of the API come after those of the settings file, which are numbered from 0. */
const FIRST_POSITION = 10_000;

type Row<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** The directory for the platform API. What the settings file declares is refused with `entry/declared`. */
export class SqlPlatformDirectory extends PlatformReader implements PlatformDirectory {
  readonly #tools: DirectoryTools;
  readonly #changes: DirectoryChanges;

  constructor(db: Kysely<Schema>, tools: DirectoryTools, refresh: () => Promise<void>) {
    super(db, tools.vault);
    this.#tools = tools;
    this.#changes = new DirectoryChanges(db, refresh);
  }

  async addApplication(name: string): Promise<string> {
    const id = this.#tools.random.uuid();
    const row = { id, name, provenance: 'api' as const, modified_at: this.#now() };
    await this.#changes.run((trx) => trx.insertInto('applications').values(row).execute());
    return id;
  }

  async renameApplication(id: string, name: string): Promise<void> {
    const row = { name, modified_at: this.#now() };
    await this.#changes.own('applications', [id], (trx) =>
      trx.updateTable('applications').set(row).where('id', '=', id).execute(),
    );
  }

  async removeApplications(ids: readonly string[]): Promise<void> {
    await this.#changes.own('applications', ids, async (trx) => {
      const held = await trx
        .selectFrom('numbers')
        .select('id')
        .where('application_id', 'in', ids)
        .where('kind', '=', 'service')
        .execute();
      await phones.release(
        trx,
        held.map(({ id }) => id),
      );
      // A scenario that a rule runs cannot go before the rule, by whichever cascade.
      await trx.deleteFrom('rules').where('application_id', 'in', ids).execute();
      await trx.deleteFrom('applications').where('id', 'in', ids).execute();
    });
  }

  async addRule(rule: {
    readonly applicationId: string;
    readonly name: string;
    readonly pattern: string;
    readonly exclude: string;
    readonly scenarioIds: readonly string[];
  }): Promise<string> {
    checkPatterns(rule);
    const id = this.#tools.random.uuid();
    await this.#changes.run(async (trx) => {
      const last = await trx
        .selectFrom('rules')
        .select((eb) => eb.fn.max('position').as('position'))
        .where('application_id', '=', rule.applicationId)
        .executeTakeFirst();
      const position = Math.max(FIRST_POSITION, (last?.position ?? 0) + 1);
      await trx
        .insertInto('rules')
        .values({
          id,
          application_id: rule.applicationId,
          name: rule.name,
          position,
          pattern: rule.pattern,
          pattern_exclude: rule.exclude,
          custom_data: '',
          provenance: 'api',
          modified_at: this.#now(),
        })
        .execute();
      await this.#changes.writeSteps(trx, id, rule.scenarioIds);
    });
    return id;
  }

  async changeRule(
    id: string,
    change: { readonly name?: string; readonly pattern?: string; readonly exclude?: string },
  ): Promise<void> {
    checkPatterns(change);
    const row = defined({
      name: change.name,
      pattern: change.pattern,
      pattern_exclude: change.exclude,
      modified_at: this.#now(),
    });
    await this.#changes.own('rules', [id], (trx) =>
      trx.updateTable('rules').set(row).where('id', '=', id).execute(),
    );
  }

  async removeRules(ids: readonly string[]): Promise<void> {
    await this.#changes.own('rules', ids, (trx) => trx.deleteFrom('rules').where('id', 'in', ids).execute());
  }

  async orderRules(ids: readonly string[]): Promise<void> {
    await this.#changes.own('rules', ids, async (trx) => {
      const rows = await trx.selectFrom('rules').select('position').where('id', 'in', ids).execute();
      const places = rows.map(({ position }) => position).sort((a, b) => a - b);
      // Rules that were made before positions were given one by one may share one.
      for (let at = 1; at < places.length; at++) {
        places[at] = Math.max(places[at] ?? 0, (places[at - 1] ?? 0) + 1);
      }
      for (const [at, id] of ids.entries()) {
        const position = places[at] ?? FIRST_POSITION;
        await trx
          .updateTable('rules')
          .set({ position, modified_at: this.#now() })
          .where('id', '=', id)
          .execute();
      }
    });
  }

  async addScenario(scenario: {
    readonly applicationId: string | undefined;
    readonly name: string;
    readonly source: string;
    readonly rewrite: boolean;
    readonly ruleId: string | undefined;
  }): Promise<string> {
    const { applicationId = null, name, source, rewrite, ruleId } = scenario;
    const fresh = this.#tools.random.uuid();
    const now = this.#now();
    return await this.#changes.run(async (trx) => {
      const found = await trx
        .selectFrom('scenarios')
        .select(['id', 'provenance'])
        .where('name', '=', name)
        .where('application_id', applicationId === null ? 'is' : '=', applicationId)
        .executeTakeFirst();
      if (found !== undefined && !rewrite) throw new StorageError('entry/conflict');
      if (found?.provenance === 'settings') throw new StorageError('entry/declared');
      const id = found?.id ?? fresh;
      const row = { source, updated_at: now };
      if (found !== undefined) await trx.updateTable('scenarios').set(row).where('id', '=', id).execute();
      else {
        await trx
          .insertInto('scenarios')
          .values({ ...row, id, application_id: applicationId, name, provenance: 'api' })
          .execute();
      }
      if (ruleId !== undefined) {
        await this.#changes.mine(trx, 'rules', [ruleId]);
        const steps = await this.#changes.stepsOf(trx, ruleId);
        if (!steps.includes(id)) await this.#changes.writeSteps(trx, ruleId, [...steps, id]);
      }
      return id;
    });
  }

  async changeScenario(
    id: string,
    change: { readonly name?: string; readonly source?: string },
  ): Promise<void> {
    const row = defined({ ...change, updated_at: this.#now() });
    await this.#changes.own('scenarios', [id], (trx) =>
      trx.updateTable('scenarios').set(row).where('id', '=', id).execute(),
    );
  }

  async removeScenarios(ids: readonly string[]): Promise<void> {
    await this.#changes.own('scenarios', ids, async (trx) => {
      const users = await trx
        .selectFrom('rule_scenarios')
        .select('rule_id')
        .distinct()
        .where('scenario_id', 'in', ids)
        .execute();
      const rules = users.map(({ rule_id }) => rule_id);
      await this.#changes.mine(trx, 'rules', rules);
      await trx.deleteFrom('rule_scenarios').where('scenario_id', 'in', ids).execute();
      await trx.deleteFrom('scenarios').where('id', 'in', ids).execute();
    });
  }

  async setRuleScenarios(ruleId: string, scenarioIds: readonly string[]): Promise<void> {
    await this.#changes.own('rules', [ruleId], async (trx) => {
      await this.#changes.writeSteps(trx, ruleId, scenarioIds);
      await trx.updateTable('rules').set({ modified_at: this.#now() }).where('id', '=', ruleId).execute();
    });
  }

  async addUser(user: {
    readonly applicationId: string;
    readonly name: string;
    readonly ha1: PasswordDigests;
    readonly displayName: string;
    readonly customData: string;
    readonly active: boolean;
  }): Promise<string> {
    const id = this.#tools.random.uuid();
    const row = {
      id,
      application_id: user.applicationId,
      username: user.name,
      ha1_sealed: this.#sealHa1(user.ha1),
      number_sealed: null,
      number_index: null,
      provenance: 'api' as const,
      display_name: user.displayName,
      custom_data: user.customData,
      active: user.active,
      created_at: this.#now(),
      modified_at: this.#now(),
    };
    await this.#changes.run((trx) => trx.insertInto('users').values(row).execute());
    return id;
  }

  async changeUser(id: string, change: UserChange): Promise<void> {
    const row = defined({
      username: change.name,
      ha1_sealed: change.ha1 === undefined ? undefined : this.#sealHa1(change.ha1),
      display_name: change.displayName,
      custom_data: change.customData,
      active: change.active,
      modified_at: this.#now(),
    });
    await this.#changes.own('users', [id], async (trx) => {
      await trx.updateTable('users').set(row).where('id', '=', id).execute();
      // Phones that registered with the old name or password are nobody's any more.
      if (change.name !== undefined || change.ha1 !== undefined || change.active === false) {
        await trx.deleteFrom('registrations').where('user_id', '=', id).execute();
      }
    });
  }

  async removeUsers(ids: readonly string[]): Promise<void> {
    await this.#changes.own('users', ids, (trx) => trx.deleteFrom('users').where('id', 'in', ids).execute());
  }

  async addPhones(numbers: readonly PhoneNumber[]): Promise<readonly string[]> {
    return await this.#changes.run((trx) => phones.add(trx, this.#tools, numbers));
  }

  async bindPhones(ids: readonly string[], applicationId: string | undefined): Promise<void> {
    await this.#changes.run(async (trx) => {
      const bound = await this.#changes.mine(trx, 'numbers', ids, 'some');
      const leaving = await phones.notOf(trx, bound, applicationId);
      await refuseUsedNumbers(trx, leaving, this.#now());
      if (applicationId === undefined) await phones.release(trx, bound);
      else {
        // A pool is one of the application that the number leaves.
        const row = { application_id: applicationId, pool_id: null };
        if (leaving.length > 0)
          await trx.updateTable('numbers').set(row).where('id', 'in', leaving).execute();
        await phones.hold(trx, ids, applicationId);
      }
    });
  }

  async removePhones(ids: readonly string[]): Promise<void> {
    await this.#changes.run(async (trx) => {
      const bound = await this.#changes.mine(trx, 'numbers', ids, 'some');
      await refuseUsedNumbers(trx, bound, this.#now());
      if (bound.length > 0) await trx.deleteFrom('numbers').where('id', 'in', bound).execute();
      await trx.deleteFrom('platform_phones').where('id', 'in', ids).execute();
    });
  }

  #sealHa1({ md5, sha256 }: PasswordDigests): string {
    return this.#tools.vault.seal(JSON.stringify({ md5, sha256 }), HA1_PLACE);
  }

  #now(): Date {
    return new Date(this.#tools.clock.now());
  }
}

function checkPatterns(rule: { readonly pattern?: string; readonly exclude?: string }): void {
  if (rule.pattern !== undefined) compilePattern(rule.pattern);
  if (rule.exclude === undefined || rule.exclude === '') return;
  try {
    compilePattern(rule.exclude);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new StorageError(error.code, error.detail?.replace('The pattern', 'The excluded pattern'));
  }
}

/** Without the columns that stay. */
function defined<T extends object>(row: T): Row<T> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Row<T>;
}
