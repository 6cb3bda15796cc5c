/**
 * What the platform API needs of what is stored; `storage` implements it. Failures carry a `code` of
 * `storage/errors.ts`: `entry/conflict` (the name is taken), `entry/declared` (the settings file says so), `entry/unknown`,
 * `entry/invalid`. Times are milliseconds since the epoch.
 */
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { CallRecord } from '../records/ports.ts';
import type { TranscriptJob } from '../records/transcript-ports.ts';

/** The one account of an installation. */
export interface PlatformAccount {
  readonly id: number;
  /** When the database was made, `YYYY-MM-DD HH:mm:ss`, UTC. */
  readonly created: string;
}

/** What has a number of its own. */
export type Numbered = 'application' | 'rule' | 'scenario' | 'user' | 'phone' | 'session' | 'call' | 'record';

/** Numbers for our ids. A number is given when it is first asked for, stays for ever, and is never given again. */
export interface PlatformIds {
  numbers(kind: Numbered, refs: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Numbers that were never given are missing from the answer. */
  refs(kind: Numbered, numbers: readonly number[]): Promise<ReadonlyMap<number, string>>;
}

interface Entry {
  readonly id: string;
  /** Declared in the settings file, which alone changes it. */
  readonly declared: boolean;
  readonly modifiedAt: number;
}

export interface PlatformApplication extends Entry {
  readonly name: string;
}

export interface PlatformRule extends Entry {
  readonly applicationId: string;
  readonly name: string;
  readonly pattern: string;
  readonly exclude: string;
  /** For sessions that bring none. */
  readonly customData: string;
  /** In the order in which they run. */
  readonly scenarioIds: readonly string[];
}

export interface PlatformScenario extends Entry {
  /** undefined: shared by all applications. */
  readonly applicationId: string | undefined;
  readonly name: string;
}

export interface PlatformUser extends Entry {
  readonly applicationId: string;
  readonly name: string;
  readonly displayName: string;
  readonly customData: string;
  readonly active: boolean;
  readonly createdAt: number;
}

/** A service number. */
export interface PlatformPhone {
  readonly id: string;
  readonly number: PhoneNumber;
  /** undefined: attached, and bound to none. */
  readonly applicationId: string | undefined;
  readonly declared: boolean;
  readonly createdAt: number;
}

/** As `sip/user-agent` keeps a password. */
export interface PasswordDigests {
  readonly md5: string;
  readonly sha256: string;
}

export interface UserChange {
  readonly name?: string;
  readonly displayName?: string;
  readonly customData?: string;
  readonly active?: boolean;
  readonly ha1?: PasswordDigests;
}

/**
 * The directory as the platform API sees it: read from the database, so that what one node has written is there for the
 * next request to any other. A write has reached this node's calls when it resolves, and others' within a second.
 */
export interface PlatformDirectory {
  account(): Promise<PlatformAccount>;
  /** By name. */
  applications(): Promise<readonly PlatformApplication[]>;
  /** In the order in which they are tried. */
  rules(): Promise<readonly PlatformRule[]>;
  /** By name, without their sources. */
  scenarios(): Promise<readonly PlatformScenario[]>;
  sources(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** By name. */
  users(): Promise<readonly PlatformUser[]>;
  /** Oldest first. */
  phones(): Promise<readonly PlatformPhone[]>;

  addApplication(name: string): Promise<string>;
  renameApplication(id: string, name: string): Promise<void>;
  /** Their numbers stay, bound to none; everything else goes with them. All or none. */
  removeApplications(ids: readonly string[]): Promise<void>;

  addRule(rule: {
    readonly applicationId: string;
    readonly name: string;
    readonly pattern: string;
    readonly exclude: string;
    readonly scenarioIds: readonly string[];
  }): Promise<string>;
  changeRule(
    id: string,
    change: { readonly name?: string; readonly pattern?: string; readonly exclude?: string },
  ): Promise<void>;
  removeRules(ids: readonly string[]): Promise<void>;
  /** Among themselves; rules that are not named keep their places. */
  orderRules(ids: readonly string[]): Promise<void>;

  /** With `rewrite` the source of one of the same name is replaced. `ruleId`: bound to it, last. */
  addScenario(scenario: {
    readonly applicationId: string | undefined;
    readonly name: string;
    readonly source: string;
    readonly rewrite: boolean;
    readonly ruleId: string | undefined;
  }): Promise<string>;
  changeScenario(id: string, change: { readonly name?: string; readonly source?: string }): Promise<void>;
  /** Rules that run them go on without, unless the settings file declares the rule. */
  removeScenarios(ids: readonly string[]): Promise<void>;
  /** Sets what a rule runs, in this order. */
  setRuleScenarios(ruleId: string, scenarioIds: readonly string[]): Promise<void>;

  addUser(user: {
    readonly applicationId: string;
    readonly name: string;
    readonly ha1: PasswordDigests;
    readonly displayName: string;
    readonly customData: string;
    readonly active: boolean;
  }): Promise<string>;
  changeUser(id: string, change: UserChange): Promise<void>;
  removeUsers(ids: readonly string[]): Promise<void>;

  /** Rejects with `entry/conflict` when one is held already. All or none. */
  addPhones(numbers: readonly PhoneNumber[]): Promise<readonly string[]>;
  /** undefined: bound to none. */
  bindPhones(ids: readonly string[], applicationId: string | undefined): Promise<void>;
  removePhones(ids: readonly string[]): Promise<void>;
}

export interface HistoryFilter {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  readonly applicationId?: string | undefined;
  readonly sessionIds?: readonly string[] | undefined;
  readonly ruleName?: string | undefined;
  /** Of the whole session, seconds. */
  readonly minDuration?: number | undefined;
  readonly maxDuration?: number | undefined;
  /** Sessions with a leg to or from one of them. */
  readonly remoteNumbers?: readonly PhoneNumber[] | undefined;
  /** Sessions with a leg that one of our numbers was dialled for, or shown by. */
  readonly localNumbers?: readonly PhoneNumber[] | undefined;
  readonly newestFirst: boolean;
  readonly limit: number;
  readonly offset: number;
}

export type TranscriptStatus = TranscriptJob['status'];

export interface CallHistory {
  /** `total` is counted only when asked for. */
  search(
    filter: HistoryFilter,
    withTotal: boolean,
  ): Promise<{ readonly items: readonly CallRecord[]; readonly total: number | undefined }>;
  /** How far the transcripts of recordings are; those without one are missing from the answer. */
  transcripts(recordingIds: readonly string[]): Promise<ReadonlyMap<string, TranscriptStatus>>;
}
