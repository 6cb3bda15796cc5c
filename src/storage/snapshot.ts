import type { Kysely } from 'kysely';
import { FENCE_DEFAULTS, type FenceRules } from '../call/fence/types.ts';
import type { Logger } from '../kernel/logger.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { TrunkSettings, UserAccount } from '../sip/user-agent/types.ts';
import { compilePattern } from './rule-pattern.ts';
import type { NumberKind, Provenance, Schema } from './schema.ts';
import { joinTrunk } from './trunk-rows.ts';
import type { Vault } from './vault.ts';

export const NUMBER_PLACE = 'numbers.number';
export const HA1_PLACE = 'users.ha1';
export const USER_NUMBER_PLACE = 'users.number';

export interface SnapshotRule {
  readonly id: string;
  readonly name: string;
  readonly pattern: string;
  readonly matches: (dialled: string) => boolean;
  readonly scenarios: readonly { readonly name: string; readonly source: string }[];
  readonly customData: string;
}

export interface SnapshotScenario {
  readonly id: string;
  /** Empty: shared by all applications. */
  readonly applicationId: string;
  readonly name: string;
  readonly source: string;
  readonly provenance: Provenance;
  readonly updatedAt: number;
}

export interface SnapshotNumber {
  readonly id: string;
  readonly applicationId: string;
  readonly kind: NumberKind;
  readonly number: PhoneNumber;
  readonly label: string;
  readonly provenance: Provenance;
}

/** Everything that a call asks for, as it stood at one version. Never changes; a new version is a new snapshot. */
export interface Snapshot {
  readonly version: string;
  readonly applications: readonly {
    readonly id: string;
    readonly name: string;
    readonly provenance: Provenance;
    readonly fence: FenceRules;
  }[];
  readonly scenarios: readonly SnapshotScenario[];
  /** By application, in order. */
  readonly rules: ReadonlyMap<string, readonly SnapshotRule[]>;
  readonly numbers: readonly SnapshotNumber[];
  readonly trunks: readonly TrunkSettings[];
  readonly users: readonly (UserAccount & {
    readonly provenance: Provenance;
    /** False: nobody can register with the account, and it cannot be called. */
    readonly active: boolean;
  })[];
}

export async function directoryVersion(db: Kysely<Schema>): Promise<string> {
  const row = await db
    .selectFrom('meta')
    .select('value')
    .where('name', '=', 'directory.version')
    .executeTakeFirstOrThrow();
  return row.value;
}

/** Loads all of it. The version is read first: if somebody writes meanwhile, the next poll loads again. */
export async function loadSnapshot(db: Kysely<Schema>, vault: Vault, log: Logger): Promise<Snapshot> {
  const version = await directoryVersion(db);
  const applications = await db.selectFrom('applications').selectAll().orderBy('name').execute();
  const scenarios = (await db.selectFrom('scenarios').selectAll().orderBy('name').execute()).map((row) => ({
    id: row.id,
    applicationId: row.application_id ?? '',
    name: row.name,
    source: row.source,
    provenance: row.provenance,
    updatedAt: row.updated_at.getTime(),
  }));
  const numbers = await db.selectFrom('numbers').selectAll().orderBy('created_at').orderBy('id').execute();
  const trunks = await db.selectFrom('trunks').selectAll().orderBy('name').execute();
  const users = await db.selectFrom('users').selectAll().orderBy('username').execute();
  return {
    version,
    // A rule that came with a later version has its default.
    applications: applications.map((row) => ({ ...row, fence: { ...FENCE_DEFAULTS, ...row.fence } })),
    scenarios,
    rules: await loadRules(db, scenarios, log),
    numbers: numbers.map((row) => ({
      id: row.id,
      applicationId: row.application_id,
      kind: row.kind,
      number: vault.openNumber(row.number_sealed, NUMBER_PLACE),
      label: row.label,
      provenance: row.provenance,
    })),
    trunks: trunks.map((row) => joinTrunk(row, vault)),
    users: users.map((row) => ({
      id: row.id,
      applicationId: row.application_id,
      username: row.username,
      ha1: JSON.parse(vault.open(row.ha1_sealed, HA1_PLACE)) as UserAccount['ha1'],
      ...(row.number_sealed === null
        ? {}
        : { number: vault.openNumber(row.number_sealed, USER_NUMBER_PLACE) }),
      provenance: row.provenance,
      active: row.active,
    })),
  };
}

async function loadRules(
  db: Kysely<Schema>,
  scenarios: readonly SnapshotScenario[],
  log: Logger,
): Promise<Map<string, SnapshotRule[]>> {
  const rules = await db.selectFrom('rules').selectAll().orderBy('position').orderBy('name').execute();
  const steps = await db.selectFrom('rule_scenarios').selectAll().orderBy('position').execute();
  const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
  const stepsOf = Map.groupBy(steps, (step) => step.rule_id);
  const out = new Map<string, SnapshotRule[]>();
  for (const row of rules) {
    const list = out.get(row.application_id) ?? [];
    out.set(row.application_id, list);
    try {
      list.push({
        id: row.id,
        name: row.name,
        pattern: row.pattern,
        matches: compileMatch(row.pattern, row.pattern_exclude),
        scenarios: (stepsOf.get(row.id) ?? []).flatMap((step) => byId.get(step.scenario_id) ?? []),
        customData: row.custom_data,
      });
    } catch (error) {
      // Checked when it was written; a row changed by hand must not keep the server from starting.
      log.error({ err: error, rule: row.name }, 'a rule is left out: its pattern is not valid');
    }
  }
  return out;
}

/** The whole number must match the pattern, and not the excluded one. */
function compileMatch(pattern: string, exclude: string): (dialled: string) => boolean {
  const matches = compilePattern(pattern);
  if (exclude === '') return matches;
  const excluded = compilePattern(exclude);
  return (dialled) => matches(dialled) && !excluded(dialled);
}
