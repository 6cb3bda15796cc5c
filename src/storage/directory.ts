import type { ApplicationFence, FenceDirectory } from '../call/fence/types.ts';
import type { CallDirectory, Route, ScenarioSource } from '../call/types.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { ShowableNumbers } from '../masking/masked-identity.ts';
import type { TrunkSettings, UserAccount, UserAgentDirectory } from '../sip/user-agent/types.ts';
import type { Snapshot, SnapshotRule } from './snapshot.ts';

/** How soon a node sees what another node changed, milliseconds. One small query each time. */
const POLL_MS = 1_000;

/** Maps for the questions that a call asks. */
interface Lookup {
  readonly snapshot: Snapshot;
  readonly serviceNumbers: ReadonlyMap<string, string>;
  readonly verified: ReadonlySet<string>;
  readonly applications: ReadonlyMap<string, { readonly id: string; readonly name: string }>;
  readonly scenarios: ReadonlyMap<string, ScenarioSource>;
  readonly fences: ReadonlyMap<string, ApplicationFence>;
  readonly usersByName: ReadonlyMap<string, UserAccount>;
  readonly usersByNumber: ReadonlyMap<string, UserAccount>;
}

/**
 * What calls need to know, answered from memory. The snapshot never changes; `refresh` replaces it as a whole, after
 * every write of this node at once and, with `poll`, within a second of a write of another node.
 */
export class Directory implements CallDirectory, UserAgentDirectory, ShowableNumbers, FenceDirectory {
  /** Called after each reload, of what another node has written too. */
  onReloaded: (() => void) | undefined;
  readonly #load: () => Promise<Snapshot>;
  readonly #version: () => Promise<string>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #lookup: Lookup;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: TimerHandle | undefined;
  #closed = false;

  private constructor(
    first: Snapshot,
    sources: { readonly load: () => Promise<Snapshot>; readonly version: () => Promise<string> },
    clock: Clock,
    log: Logger,
  ) {
    this.#lookup = index(first);
    this.#load = sources.load;
    this.#version = sources.version;
    this.#clock = clock;
    this.#log = log;
  }

  static async open(options: {
    readonly load: () => Promise<Snapshot>;
    readonly version: () => Promise<string>;
    readonly clock: Clock;
    readonly log: Logger;
    /** Whether other nodes may write, too. */
    readonly poll: boolean;
  }): Promise<Directory> {
    const directory = new Directory(await options.load(), options, options.clock, options.log);
    if (options.poll) directory.#schedule();
    return directory;
  }

  get snapshot(): Snapshot {
    return this.#lookup.snapshot;
  }

  /** Loads again. What was written before the call is seen after it, also when a load is under way already. */
  refresh(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#reload().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.refresh();
      });
    return this.#next;
  }

  close(): void {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
  }

  applicationOfNumber(number: PhoneNumber): { readonly id: string; readonly name: string } | undefined {
    const id = this.#lookup.serviceNumbers.get(keyOf(number));
    return id === undefined ? undefined : this.#lookup.applications.get(id);
  }

  routeFor(applicationId: string, dialled: PhoneNumber): Route | undefined {
    const application = this.#lookup.applications.get(applicationId);
    const digits = dialled.reveal('lookup');
    const rule = this.#lookup.snapshot.rules.get(applicationId)?.find((one) => one.matches(digits));
    if (application === undefined || rule === undefined) return undefined;
    return routeOf(application, rule);
  }

  /** What a rule starts, whatever its pattern. */
  routeOfRule(applicationId: string, ruleId: string): Route | undefined {
    const application = this.#lookup.applications.get(applicationId);
    const rule = this.#lookup.snapshot.rules.get(applicationId)?.find(({ id }) => id === ruleId);
    return application === undefined || rule === undefined ? undefined : routeOf(application, rule);
  }

  scenarioByName(applicationId: string, name: string): ScenarioSource | undefined {
    return this.#lookup.scenarios.get(`${applicationId} ${name}`);
  }

  isServiceNumber(applicationId: string, number: PhoneNumber): boolean {
    return this.#lookup.serviceNumbers.get(keyOf(number)) === applicationId;
  }

  isVerifiedNumber(applicationId: string, number: PhoneNumber): boolean {
    return this.#lookup.verified.has(`${applicationId} ${keyOf(number)}`);
  }

  isUser(applicationId: string, username: string): boolean {
    return this.#lookup.usersByName.get(username)?.applicationId === applicationId;
  }

  fencedApplications(): readonly string[] {
    return [...this.#lookup.fences.keys()];
  }

  fenceOf(applicationId: string): ApplicationFence | undefined {
    return this.#lookup.fences.get(applicationId);
  }

  ringsAccount(number: PhoneNumber): boolean {
    return this.userByNumber(number) !== undefined;
  }

  trunks(): readonly TrunkSettings[] {
    return this.#lookup.snapshot.trunks;
  }

  userByName(username: string): UserAccount | undefined {
    return this.#lookup.usersByName.get(username);
  }

  userByNumber(number: PhoneNumber): UserAccount | undefined {
    return this.#lookup.usersByNumber.get(keyOf(number));
  }

  async #reload(): Promise<void> {
    this.#lookup = index(await this.#load());
    this.onReloaded?.();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => void this.#poll(), POLL_MS);
  }

  async #poll(): Promise<void> {
    try {
      if ((await this.#version()) !== this.snapshot.version) await this.refresh();
    } catch (error) {
      // Calls go on with what is known; the next second tries again.
      this.#log.warn({ err: error }, 'the directory could not be read from the database');
    }
    if (!this.#closed) this.#schedule();
  }
}

function routeOf(application: { readonly id: string; readonly name: string }, rule: SnapshotRule): Route {
  return {
    applicationId: application.id,
    applicationName: application.name,
    ruleName: rule.name,
    scenarios: rule.scenarios.map(({ name, source }) => ({ name, source })),
    ...(rule.customData === '' ? {} : { customData: rule.customData }),
  };
}

function index(snapshot: Snapshot): Lookup {
  const users = snapshot.users.filter(({ active }) => active);
  const of = (kind: string) => snapshot.numbers.filter((entry) => entry.kind === kind);
  const held = Map.groupBy(of('service'), ({ applicationId }) => applicationId);
  return {
    snapshot,
    serviceNumbers: new Map(of('service').map((entry) => [keyOf(entry.number), entry.applicationId])),
    verified: new Set(of('verified').map((entry) => `${entry.applicationId} ${keyOf(entry.number)}`)),
    applications: new Map(snapshot.applications.map((one) => [one.id, { id: one.id, name: one.name }])),
    scenarios: new Map(
      snapshot.scenarios.map((one) => [
        `${one.applicationId} ${one.name}`,
        { name: one.name, source: one.source },
      ]),
    ),
    fences: new Map(
      snapshot.applications.map(({ id, fence: rules }) => [
        id,
        { rules, numbers: (held.get(id) ?? []).map(({ number }) => number) },
      ]),
    ),
    usersByName: new Map(users.map((user) => [user.username, user])),
    usersByNumber: new Map(
      users.flatMap((user) => (user.number === undefined ? [] : [[keyOf(user.number), user] as const])),
    ),
  };
}

/** Numbers are the same with and without the plus sign, whichever the trunk sends. */
function keyOf(number: PhoneNumber): string {
  return number.reveal('lookup').replace(/^\+/, '');
}
