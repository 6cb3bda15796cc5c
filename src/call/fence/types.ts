/**
 * The toll-fraud fence: what an application may dial at most, whoever asks for it. A script with a bug, a backend that
 * was broken into or a stolen API key can cost no more than this page allows.
 *
 * What is judged: every outbound leg that leaves towards a trunk or a foreign SIP host. Accounts of ours cost nothing and
 * are not judged. Destinations are judged by a pure function (`destination.ts`); three counters by `fence.ts`.
 *
 * Counters are shared by all nodes, and no dial waits for the database:
 *
 * - Calls at once and calls per minute are **units**. A unit of the first kind is held until its call ends, one of the
 *   second kind for 60 seconds, so that any 60 seconds are covered, not clock minutes. Each node leases units in advance,
 *   in one transaction for all applications; the sum of the leases never exceeds the limit, so the sum of the calls
 *   cannot either. A dial takes a leased unit from memory. Only a node whose lease is used up asks at once and lets the
 *   dial wait for that answer, for at most `LEASE_WAIT_MS`: the alternative would be to refuse it.
 * - Nodes hold a share of the calls at once, also without need; one that is refused units while others hold spare ones
 *   makes them give those back at their next renewal. Until then a dial may be refused although the limit is not reached:
 *   the price of not asking the database each time.
 * - A lease expires by the database's clock. A node that was killed loses its units within `LEASE_SECONDS`; at its next
 *   start at once, since its calls are gone. Units of the second kind outlive the minute that they were used in.
 * - When the database fails, a node is **frozen, neither open nor closed**: it goes on with the units that it holds and
 *   gets no more. While the database is down nobody gets more, so the limit holds. When it is only this node that cannot
 *   reach it, others may take over what it held, and the limit is exceeded by its share at most. Closed would turn every
 *   hiccup of a database into an outage of all calls; open would be an invitation.
 * - Daily minutes (UTC days) are counted as calls run and written behind every `SYNC_MS`; the answer is the total of all
 *   nodes. A day's limit may be exceeded by that delay, and by the calls that run when it is reached: no new ones begin,
 *   and the longest call bounds the old ones. Ending conversations because of an estimate of cost would punish people.
 */
import type { ErrorCode } from '../../kernel/errors.ts';
import type { PhoneNumber } from '../../kernel/phone-number.ts';

/** What an operator sets per application; `config/schema.ts` has the same with the reasons of the defaults. */
export interface FenceRules {
  /** ISO 3166 countries beside those of the service numbers; `*`: every country. */
  readonly countries: readonly string[];
  /** Allowed beside the countries, also where `premium` is false: E.164 with `+`, or the beginning of a short number. */
  readonly prefixes: readonly string[];
  /** Refused whatever else says; written like `prefixes`. */
  readonly denyPrefixes: readonly string[];
  /** Foreign SIP hosts that `callSIP` may reach: a host, `*.example.net`, or `*`. */
  readonly hosts: readonly string[];
  /** Whether premium-rate, shared-cost, personal and satellite numbers may be called. */
  readonly premium: boolean;
  readonly concurrentCalls: number;
  readonly callsPerMinute: number;
  readonly longestCallSeconds: number;
  readonly dailyMinutes: number;
}

export const FENCE_DEFAULTS: FenceRules = {
  countries: [],
  prefixes: [],
  denyPrefixes: [],
  hosts: [],
  premium: false,
  concurrentCalls: 100,
  callsPerMinute: 300,
  longestCallSeconds: 7_200,
  dailyMinutes: 10_000,
};

/** The fence of an application as the directory knows it. The same object as long as nothing has changed. */
export interface ApplicationFence {
  readonly rules: FenceRules;
  /** The service numbers: their countries are allowed. */
  readonly numbers: readonly PhoneNumber[];
}

/** Synchronous, from memory; storage implements it. */
export interface FenceDirectory {
  fencedApplications(): readonly string[];
  fenceOf(applicationId: string): ApplicationFence | undefined;
  /** Whether a call to the number rings a SIP account of ours instead of a trunk. */
  ringsAccount(number: PhoneNumber): boolean;
}

export type FenceRefusal = Extract<ErrorCode, `fence/${string}`>;

/** `concurrent`: held until the call ends. `minute`: held for 60 seconds. */
export type UnitKind = 'concurrent' | 'minute';

export interface LeaseWish {
  readonly applicationId: string;
  readonly unit: UnitKind;
  /** Of all nodes together. */
  readonly limit: number;
  /** What is in use here: granted in any case, because it is so. */
  readonly holding: number;
  /** What calls need now: others give back what they hold spare for it. */
  readonly needed: number;
  /** How many units this node would like to hold, those that it needs included. */
  readonly wanted: number;
}

export interface Lease {
  readonly applicationId: string;
  readonly unit: UnitKind;
  readonly units: number;
  /** Nodes that hold a lease of this kind, this one included. */
  readonly nodes: number;
  /** Another node needs more than it got. */
  readonly pressed: boolean;
}

/** Seconds that calls of an application have lasted. */
export interface UsedSeconds {
  readonly applicationId: string;
  readonly seconds: number;
}

/** The counters that nodes share; storage implements it. Rejects when the database cannot be reached. */
export interface FenceStore {
  /** Forgets what an earlier process under this node's name held for calls: they died with it. */
  begin(node: string, instance: string): Promise<void>;
  /** Renews and changes leases, all in one transaction. Expired leases of others count no more. */
  lease(node: string, instance: string, wishes: readonly LeaseWish[]): Promise<readonly Lease[]>;
  /** Adds to the totals of a UTC day (`2026-01-31`) and returns those of the named applications. */
  addSeconds(day: string, used: readonly UsedSeconds[]): Promise<readonly UsedSeconds[]>;
}

/** A lease of the kind `concurrent` that is not renewed ends after this time, by the database's clock. */
export const LEASE_SECONDS = 20;
/** One of the kind `minute`: its units may have been used until the last moment, and count for 60 seconds from then. */
export const MINUTE_LEASE_SECONDS = LEASE_SECONDS + 60;
/** How often leases are renewed and seconds written, milliseconds. */
export const SYNC_MS = 5_000;
/** How long a dial waits for the database when the leased units are used up, milliseconds. */
export const LEASE_WAIT_MS = 500;
