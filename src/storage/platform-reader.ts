import type { Kysely } from 'kysely';
import type {
  PlatformAccount,
  PlatformApplication,
  PlatformPhone,
  PlatformRule,
  PlatformScenario,
  PlatformUser,
} from '../platform-api/ports.ts';
import * as phones from './platform-phones.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** What the platform API reads of the directory. */
export class PlatformReader {
  protected readonly db: Kysely<Schema>;
  protected readonly vault: Vault;

  constructor(db: Kysely<Schema>, vault: Vault) {
    this.db = db;
    this.vault = vault;
  }

  async account(): Promise<PlatformAccount> {
    const rows = await this.db
      .selectFrom('meta')
      .selectAll()
      .where('name', 'in', ['platform.account_id', 'platform.created'])
      .execute();
    const values = new Map(rows.map(({ name, value }) => [name, value]));
    return {
      id: Number(values.get('platform.account_id')),
      created: values.get('platform.created') ?? '',
    };
  }

  async applications(): Promise<readonly PlatformApplication[]> {
    const rows = await this.db
      .selectFrom('applications')
      .select(['id', 'name', 'provenance', 'modified_at'])
      .orderBy('name')
      .execute();
    return rows.map((row) => ({ ...entry(row, row.modified_at), name: row.name }));
  }

  async rules(): Promise<readonly PlatformRule[]> {
    const rows = await this.db.selectFrom('rules').selectAll().orderBy('position').orderBy('name').execute();
    const steps = await this.db.selectFrom('rule_scenarios').selectAll().orderBy('position').execute();
    const stepsOf = Map.groupBy(steps, (step) => step.rule_id);
    return rows.map((row) => ({
      ...entry(row, row.modified_at),
      applicationId: row.application_id,
      name: row.name,
      pattern: row.pattern,
      exclude: row.pattern_exclude,
      customData: row.custom_data,
      scenarioIds: (stepsOf.get(row.id) ?? []).map((step) => step.scenario_id),
    }));
  }

  async scenarios(): Promise<readonly PlatformScenario[]> {
    const rows = await this.db
      .selectFrom('scenarios')
      .select(['id', 'application_id', 'name', 'provenance', 'updated_at'])
      .orderBy('name')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      ...entry(row, row.updated_at),
      applicationId: row.application_id ?? undefined,
      name: row.name,
    }));
  }

  async sources(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map();
    const rows = await this.db
      .selectFrom('scenarios')
      .select(['id', 'source'])
      .where('id', 'in', ids)
      .execute();
    return new Map(rows.map((row) => [row.id, row.source]));
  }

  async users(): Promise<readonly PlatformUser[]> {
    const rows = await this.db
      .selectFrom('users')
      .select(['id', 'application_id', 'username', 'provenance', 'display_name', 'custom_data', 'active'])
      .select(['created_at', 'modified_at'])
      .orderBy('username')
      .execute();
    return rows.map((row) => ({
      ...entry(row, row.modified_at),
      applicationId: row.application_id,
      name: row.username,
      displayName: row.display_name,
      customData: row.custom_data,
      active: row.active,
      createdAt: row.created_at.getTime(),
    }));
  }

  async phones(): Promise<readonly PlatformPhone[]> {
    return await phones.list(this.db, this.vault);
  }
}

function entry(row: { readonly id: string; readonly provenance: string }, modified: Date) {
  return { id: row.id, declared: row.provenance === 'settings', modifiedAt: modified.getTime() };
}
