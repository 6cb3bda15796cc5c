import type { Transaction } from 'kysely';
import { FENCE_DEFAULTS, type FenceRules } from '../call/fence/types.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { Ha1Set } from '../sip/user-agent/types.ts';
import { StorageError } from './errors.ts';
import { closeOnNumbers } from './masking-close.ts';
import { compilePattern } from './rule-pattern.ts';
import type { NumberKind, Provenance, Schema } from './schema.ts';
import { HA1_PLACE, NUMBER_PLACE, USER_NUMBER_PLACE } from './snapshot.ts';
import { sealSecrets, splitTrunk, type TrunkDeclaration } from './trunk-rows.ts';
import type { Vault } from './vault.ts';

export interface RuleDeclaration {
  readonly name: string;
  readonly pattern: string;
  /** Names of scenarios of the same application, in the order in which they run. */
  readonly scenarios: readonly string[];
  readonly customData?: string;
}

export interface UserDeclaration {
  readonly username: string;
  readonly ha1: Ha1Set;
  readonly number?: PhoneNumber;
}

export interface NumberDeclaration {
  readonly kind: NumberKind;
  readonly number: PhoneNumber;
  readonly label?: string;
}

export type Outcome = 'created' | 'updated' | 'unchanged';
export interface Put {
  readonly id: string;
  readonly outcome: Outcome;
}

/**
 * Puts entries into the directory within one transaction: creates them, changes them, or leaves them alone when they
 * are so already. Written by the API (`api`), an entry that the settings file declares is refused with
 * `entry/declared`; written by the settings file, an entry becomes the file's.
 */
export class DirectoryWriter {
  readonly #trx: Transaction<Schema>;
  readonly #vault: Vault;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #provenance: Provenance;

  constructor(
    trx: Transaction<Schema>,
    tools: { readonly vault: Vault; readonly random: Random; readonly clock: Clock },
    provenance: Provenance,
  ) {
    this.#trx = trx;
    this.#vault = tools.vault;
    this.#random = tools.random;
    this.#clock = tools.clock;
    this.#provenance = provenance;
  }

  async application(name: string, fence: FenceRules = FENCE_DEFAULTS): Promise<Put> {
    const found = await this.#trx
      .selectFrom('applications')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    const row = { name, provenance: this.#provenance, fence: JSON.stringify(fence) };
    return await this.#put(
      found,
      found?.provenance === this.#provenance && sameJson(found.fence, JSON.parse(row.fence)),
      (id) =>
        this.#trx
          .insertInto('applications')
          .values({ id, ...row })
          .execute(),
      (id) => this.#trx.updateTable('applications').set(row).where('id', '=', id).execute(),
    );
  }

  async scenario(applicationId: string, name: string, source: string): Promise<Put> {
    const found = await this.#trx
      .selectFrom('scenarios')
      .selectAll()
      .where('application_id', '=', applicationId)
      .where('name', '=', name)
      .executeTakeFirst();
    const row = {
      application_id: applicationId,
      name,
      source,
      provenance: this.#provenance,
      updated_at: new Date(this.#clock.now()),
    };
    return await this.#put(
      found,
      found?.provenance === this.#provenance && found.source === source,
      (id) =>
        this.#trx
          .insertInto('scenarios')
          .values({ id, ...row })
          .execute(),
      (id) => this.#trx.updateTable('scenarios').set(row).where('id', '=', id).execute(),
    );
  }

  async rule(applicationId: string, position: number, rule: RuleDeclaration): Promise<Put> {
    compilePattern(rule.pattern);
    const scenarioIds = await this.#scenarioIds(applicationId, rule);
    const found = await this.#trx
      .selectFrom('rules')
      .selectAll()
      .where('application_id', '=', applicationId)
      .where('name', '=', rule.name)
      .executeTakeFirst();
    const row = {
      application_id: applicationId,
      name: rule.name,
      position,
      pattern: rule.pattern,
      custom_data: rule.customData ?? '',
      provenance: this.#provenance,
    };
    const same =
      found !== undefined &&
      equalColumns(found, row) &&
      (await this.#stepsOf(found.id)).join() === scenarioIds.join();
    return await this.#put(
      found,
      same,
      async (id) => {
        await this.#trx
          .insertInto('rules')
          .values({ id, ...row })
          .execute();
        await this.#writeSteps(id, scenarioIds);
      },
      async (id) => {
        await this.#trx.updateTable('rules').set(row).where('id', '=', id).execute();
        await this.#writeSteps(id, scenarioIds);
      },
    );
  }

  async number(applicationId: string, entry: NumberDeclaration): Promise<Put> {
    let query = this.#trx
      .selectFrom('numbers')
      .selectAll()
      .where('kind', '=', entry.kind)
      .where('number_index', 'in', this.#vault.indexesOf(entry.number));
    // A service number is held once in the installation, a verified one may be shown by several applications.
    if (entry.kind === 'verified') query = query.where('application_id', '=', applicationId);
    const found = await query.executeTakeFirst();
    if (found !== undefined && found.application_id !== applicationId && this.#provenance === 'api') {
      throw new StorageError('entry/conflict', 'Another application holds the number.');
    }
    if (found !== undefined && found.application_id !== applicationId) await this.#leavePool(found.id);
    const { sealed, index } = this.#vault.sealNumber(entry.number, NUMBER_PLACE);
    const row = {
      application_id: applicationId,
      kind: entry.kind,
      label: entry.label ?? '',
      provenance: this.#provenance,
    };
    const created = new Date(this.#clock.now());
    return await this.#put(
      found,
      found !== undefined && equalColumns(found, row),
      (id) =>
        this.#trx
          .insertInto('numbers')
          .values({ id, ...row, number_sealed: sealed, number_index: index, created_at: created })
          .execute(),
      (id) => this.#trx.updateTable('numbers').set(row).where('id', '=', id).execute(),
    );
  }

  /** A number that goes to another application leaves its pool and its sessions behind. */
  async #leavePool(id: string): Promise<void> {
    await closeOnNumbers(this.#trx, { random: this.#random, clock: this.#clock }, [id]);
    await this.#trx.updateTable('numbers').set({ pool_id: null }).where('id', '=', id).execute();
  }

  async trunk(trunk: TrunkDeclaration): Promise<Put> {
    const columns = splitTrunk(trunk);
    const found = await this.#trx
      .selectFrom('trunks')
      .selectAll()
      .where('name', '=', trunk.name)
      .executeTakeFirst();
    const same =
      found !== undefined &&
      found.provenance === this.#provenance &&
      sameJson(found.settings, JSON.parse(columns.settings)) &&
      this.#vault.open(found.secrets_sealed, 'trunks.secrets') === columns.secrets;
    const row = () => ({
      name: columns.name,
      settings: columns.settings,
      secrets_sealed: sealSecrets(columns, this.#vault),
      provenance: this.#provenance,
    });
    return await this.#put(
      found,
      same,
      (id) =>
        this.#trx
          .insertInto('trunks')
          .values({ id, ...row() })
          .execute(),
      (id) => this.#trx.updateTable('trunks').set(row()).where('id', '=', id).execute(),
    );
  }

  async user(applicationId: string, user: UserDeclaration): Promise<Put> {
    const found = await this.#trx
      .selectFrom('users')
      .selectAll()
      .where('username', '=', user.username)
      .executeTakeFirst();
    if (found !== undefined && found.application_id !== applicationId && this.#provenance === 'api') {
      throw new StorageError('entry/conflict', 'Another application has an account of that name.');
    }
    const ha1 = JSON.stringify({ md5: user.ha1.md5, sha256: user.ha1.sha256 });
    const number =
      user.number === undefined ? undefined : this.#vault.sealNumber(user.number, USER_NUMBER_PLACE);
    const same =
      found !== undefined &&
      found.application_id === applicationId &&
      found.provenance === this.#provenance &&
      found.number_index === (number?.index ?? null) &&
      this.#vault.open(found.ha1_sealed, HA1_PLACE) === ha1;
    const row = {
      application_id: applicationId,
      username: user.username,
      ha1_sealed: this.#vault.seal(ha1, HA1_PLACE),
      number_sealed: number?.sealed ?? null,
      number_index: number?.index ?? null,
      provenance: this.#provenance,
    };
    return await this.#put(
      found,
      same,
      (id) =>
        this.#trx
          .insertInto('users')
          .values({ id, ...row })
          .execute(),
      (id) => this.#trx.updateTable('users').set(row).where('id', '=', id).execute(),
    );
  }

  async #put(
    found: { readonly id: string; readonly provenance: Provenance } | undefined,
    same: boolean,
    insert: (id: string) => Promise<unknown>,
    update: (id: string) => Promise<unknown>,
  ): Promise<Put> {
    if (found === undefined) {
      const id = this.#random.uuid();
      await insert(id);
      return { id, outcome: 'created' };
    }
    if (found.provenance === 'settings' && this.#provenance === 'api')
      throw new StorageError('entry/declared');
    if (same) return { id: found.id, outcome: 'unchanged' };
    await update(found.id);
    return { id: found.id, outcome: 'updated' };
  }

  async #scenarioIds(applicationId: string, rule: RuleDeclaration): Promise<string[]> {
    const rows = await this.#trx
      .selectFrom('scenarios')
      .select(['id', 'name'])
      .where('application_id', '=', applicationId)
      .where('name', 'in', rule.scenarios.length === 0 ? [''] : [...rule.scenarios])
      .execute();
    const ids = new Map(rows.map((row) => [row.name, row.id]));
    return rule.scenarios.map((name) => {
      const id = ids.get(name);
      if (id === undefined) {
        throw new StorageError(
          'entry/invalid',
          `Rule "${rule.name}" names the scenario "${name}", which is not there.`,
        );
      }
      return id;
    });
  }

  async #stepsOf(ruleId: string): Promise<string[]> {
    const rows = await this.#trx
      .selectFrom('rule_scenarios')
      .select('scenario_id')
      .where('rule_id', '=', ruleId)
      .orderBy('position')
      .execute();
    return rows.map((row) => row.scenario_id);
  }

  async #writeSteps(ruleId: string, scenarioIds: readonly string[]): Promise<void> {
    await this.#trx.deleteFrom('rule_scenarios').where('rule_id', '=', ruleId).execute();
    const rows = scenarioIds.map((id, position) => ({ rule_id: ruleId, position, scenario_id: id }));
    if (rows.length > 0) await this.#trx.insertInto('rule_scenarios').values(rows).execute();
  }
}

function equalColumns(found: object, row: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(row).every(([name, value]) => (found as Record<string, unknown>)[name] === value);
}

/** jsonb does not keep the order of keys. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
