import { type Kysely, sql, type Transaction } from 'kysely';
import type { FenceRules } from '../call/fence/types.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import {
  DirectoryWriter,
  type NumberDeclaration,
  type Put,
  type RuleDeclaration,
  type UserDeclaration,
} from './directory-writer.ts';
import { StorageError } from './errors.ts';
import { closeOnNumbers } from './masking-close.ts';
import type { Schema } from './schema.ts';
import { NUMBER_PLACE } from './snapshot.ts';
import type { TrunkDeclaration } from './trunk-rows.ts';
import type { Vault } from './vault.ts';

/** What a settings file declares of the directory. */
export interface DirectoryDeclaration {
  readonly trunks: readonly TrunkDeclaration[];
  readonly applications: readonly {
    readonly name: string;
    /** Default: `FENCE_DEFAULTS`. */
    readonly fence?: FenceRules;
    /** Service numbers. */
    readonly numbers: readonly PhoneNumber[];
    readonly verifiedNumbers: readonly PhoneNumber[];
    readonly users: readonly UserDeclaration[];
    readonly scenarios: readonly { readonly name: string; readonly source: string }[];
    /** In order: the first that matches wins. */
    readonly rules: readonly RuleDeclaration[];
  }[];
}

/** One thing that changed, for the log: `scenario taxi/masking`. Numbers are masked. */
export interface DirectoryChange {
  readonly outcome: 'created' | 'updated' | 'removed';
  readonly entry: string;
}

/** All writers of the directory take turns; nodes may start at the same moment. */
const LOCK = 7_210_429;

/** Runs a change of the directory in one transaction and tells other nodes (`directory.version`) if `changed`. */
export async function changeDirectory<T>(
  db: Kysely<Schema>,
  change: (trx: Transaction<Schema>) => Promise<{ readonly result: T; readonly changed: boolean }>,
): Promise<T> {
  return await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx);
    const { result, changed } = await change(trx);
    if (changed) {
      await sql`update meta set value = (value::bigint + 1)::text where name = 'directory.version'`.execute(
        trx,
      );
    }
    return result;
  });
}

/**
 * Makes the directory what the settings file says: creates and changes what is declared, and removes what an earlier
 * file declared and this one does not. Entries made by the API stay. Saying the same twice changes nothing.
 */
export async function importDirectory(
  db: Kysely<Schema>,
  tools: { readonly vault: Vault; readonly random: Random; readonly clock: Clock },
  declared: DirectoryDeclaration,
): Promise<readonly DirectoryChange[]> {
  refuseDuplicates(declared, tools.vault);
  return await changeDirectory(db, async (trx) => {
    const writer = new DirectoryWriter(trx, tools, 'settings');
    const kept = new Set<string>();
    const changes: DirectoryChange[] = [];
    const note = async (entry: string, putting: Promise<Put>): Promise<string> => {
      const { id, outcome } = await putting;
      kept.add(id);
      if (outcome !== 'unchanged') changes.push({ outcome, entry });
      return id;
    };
    for (const application of declared.applications) await importApplication(application, writer, note);
    for (const trunk of declared.trunks) await note(`trunk ${trunk.name}`, writer.trunk(trunk));
    changes.push(...(await removeGone(trx, tools, kept)));
    return { result: changes, changed: changes.length > 0 };
  });
}

async function importApplication(
  application: DirectoryDeclaration['applications'][number],
  writer: DirectoryWriter,
  note: (entry: string, putting: Promise<Put>) => Promise<string>,
): Promise<void> {
  const { name } = application;
  const id = await note(`application ${name}`, writer.application(name, application.fence));
  for (const scenario of application.scenarios) {
    await note(`scenario ${name}/${scenario.name}`, writer.scenario(id, scenario.name, scenario.source));
  }
  for (const [position, rule] of application.rules.entries()) {
    await note(`rule ${name}/${rule.name}`, writer.rule(id, position, rule));
  }
  const numbers: NumberDeclaration[] = [
    ...application.numbers.map((number) => ({ kind: 'service' as const, number })),
    ...application.verifiedNumbers.map((number) => ({ kind: 'verified' as const, number })),
  ];
  for (const entry of numbers) {
    await note(`${entry.kind} number ${name}/${entry.number.masked}`, writer.number(id, entry));
  }
  for (const user of application.users) {
    await note(`user ${name}/${user.username}`, writer.user(id, user));
  }
}

/** In an order in which nothing is removed that another thing still needs. */
const REMOVABLE = ['rules', 'scenarios', 'numbers', 'users', 'trunks', 'applications'] as const;

/** What of a row the log names. */
interface Removable {
  readonly id: string;
  readonly name?: string;
  readonly username?: string;
}

async function removeGone(
  trx: Transaction<Schema>,
  tools: { readonly random: Random; readonly clock: Clock },
  kept: ReadonlySet<string>,
): Promise<DirectoryChange[]> {
  const changes: DirectoryChange[] = [];
  for (const table of REMOVABLE) {
    const rows: readonly Removable[] = await trx
      .selectFrom(table)
      .selectAll()
      .where('provenance', '=', 'settings')
      .execute();
    const gone = rows.filter((row) => !kept.has(row.id));
    if (gone.length === 0) continue;
    const ids = gone.map((row) => row.id);
    if (table === 'scenarios') await refuseUsedScenarios(trx, ids);
    if (table === 'numbers') await closeOnNumbers(trx, tools, ids);
    await trx.deleteFrom(table).where('id', 'in', ids).execute();
    for (const row of gone) {
      changes.push({
        outcome: 'removed',
        entry: `${table.slice(0, -1)} ${row.name ?? row.username ?? row.id}`,
      });
    }
  }
  return changes;
}

/** A rule made by the API may still run a scenario that the file no longer has. */
export async function refuseUsedScenarios(trx: Transaction<Schema>, ids: readonly string[]): Promise<void> {
  const used = await trx
    .selectFrom('rule_scenarios')
    .innerJoin('rules', 'rules.id', 'rule_scenarios.rule_id')
    .select('rules.name')
    .where('rule_scenarios.scenario_id', 'in', [...ids])
    .executeTakeFirst();
  if (used !== undefined) {
    throw new StorageError('entry/in-use', `The rule "${used.name}" runs the scenario.`);
  }
}

function refuseDuplicates(declared: DirectoryDeclaration, vault: Vault): void {
  const seen = new Set<string>();
  const once = (key: string, what: string): void => {
    if (seen.has(key)) throw new StorageError('entry/invalid', `${what} is declared twice.`);
    seen.add(key);
  };
  for (const trunk of declared.trunks) once(`trunk ${trunk.name}`, `The trunk "${trunk.name}"`);
  for (const application of declared.applications) {
    const { name } = application;
    once(`application ${name}`, `The application "${name}"`);
    for (const one of application.scenarios)
      once(`scenario ${name} ${one.name}`, `The scenario "${one.name}"`);
    for (const one of application.rules) once(`rule ${name} ${one.name}`, `The rule "${one.name}"`);
    for (const one of application.users) once(`user ${one.username}`, `The user "${one.username}"`);
    for (const number of application.numbers) {
      once(`number ${vault.sealNumber(number, NUMBER_PLACE).index}`, `The service number ${number.masked}`);
    }
  }
}
