/**
 * The masking service in types: who may reach whom, through which service numbers, until when. ARCHITECTURE, "The masking
 * service", says why it is cut so. Numbers of people are `PhoneNumber`s here, which do not print themselves; outside, a person
 * is a token.
 */
import type { PhoneNumber } from '../kernel/phone-number.ts';

/**
 * `axb`: two parties reach each other by the same number. `axyb`: each by a number of their own. `axn`: anyone who calls the
 * number reaches the first party, who reaches the last caller. `axg`: the first party reaches the others, one after the other,
 * and each of them reaches the first. `extension`: whoever types a party's extension after the number reaches that party.
 */
export type SessionMode = 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';

/** `in-progress`: a call of it is up. What has expired is closed, whether or not anybody has written that down yet. */
export type SessionStatus = 'open' | 'in-progress' | 'closed';

export type ClosedReason = 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';

/** What somebody hears: a text to be spoken, or a sound by its URL. */
export type Announcement =
  | { readonly kind: 'say'; readonly text: string; readonly language: string | undefined }
  | { readonly kind: 'play'; readonly url: string };

/** A party as a request names it. */
export interface NewParty {
  readonly number: PhoneNumber;
  /** `driver`, `client`: the customer's own word. */
  readonly role: string;
  /** How the spoken menu names this party's order to the others; never anybody's number. */
  readonly label: string;
  /** Heard by this party when it answers, before it is joined. */
  readonly announcement: Announcement | undefined;
  /** `extension` only: wished digits; drawn when absent. */
  readonly extension: string | undefined;
}

export interface Party {
  readonly id: string;
  /** Of the person, in this application: the same in all sessions, and all that outsiders without `numbers:read` see. */
  readonly token: string;
  /** Undefined: the person was erased, and the session is closed. */
  readonly number: PhoneNumber | undefined;
  readonly role: string;
  readonly label: string;
  readonly announcement: Announcement | undefined;
  /** What this party dials to reach the other side, and sees when it is called. */
  /** Undefined: we do not hold it any more, and the session is closed. */
  readonly serviceNumber: PhoneNumber | undefined;
  readonly serviceNumberId: string;
  /** Typed after a service number, reaches this party. */
  readonly extension: string | undefined;
}

/** Which service number is wished. */
export interface NumberWish {
  /** Name of a pool of the application; absent: `default`. */
  readonly pool: string | undefined;
  /** `sticky`: one that these people have met on before, if it is free. `avoid`: one that none of them has had. */
  readonly prefer: 'sticky' | 'avoid' | 'any';
  /** Only numbers of that region; `same`: of the first party's country (and region, where the pool says regions). */
  readonly region: string | undefined;
  /** Without `strict`, a region is a preference. */
  readonly strict: boolean;
  /** Only numbers that have all of these. */
  readonly tags: readonly string[];
  /** This one and no other. */
  readonly explicit: PhoneNumber | undefined;
}

export interface SessionRules {
  /** Seconds; undefined: until it is closed. */
  readonly ttlSeconds: number | undefined;
  /** The time begins anew with every answered call; what was extended beyond that does not end sooner. */
  readonly sliding: boolean;
  /** Answered calls; undefined: any number. */
  readonly maxCalls: number | undefined;
  readonly maxCallSeconds: number | undefined;
  /** Only parties of that role may call. */
  readonly oneWayFrom: string | undefined;
  readonly ringSeconds: number | undefined;
  /** Heard by whoever calls, before the other side rings. */
  readonly greeting: Announcement | undefined;
  readonly record: boolean;
  readonly transcribe: boolean;
  readonly language: string | undefined;
}

export interface NewSession {
  /**
   * Given by who may have asked before and not been told (Idempotency-Key): `create` rejects when there is a session under
   * it, with whichever error, and it is looked up then. Absent: drawn.
   */
  readonly id?: string;
  readonly applicationId: string;
  /** The customer's own id of the order; one open session of an application at most has it. */
  readonly externalId: string | undefined;
  readonly mode: SessionMode;
  readonly parties: readonly NewParty[];
  readonly numbers: NumberWish;
  readonly rules: SessionRules;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface MaskingSession {
  /** `ms_` and a UUID. */
  readonly id: string;
  readonly applicationId: string;
  readonly externalId: string | undefined;
  readonly mode: SessionMode;
  readonly status: SessionStatus;
  readonly closedReason: ClosedReason | undefined;
  readonly parties: readonly Party[];
  readonly rules: SessionRules;
  readonly metadata: Readonly<Record<string, string>>;
  /** Answered calls so far. */
  readonly calls: number;
  /** Milliseconds since the epoch, all of them. */
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly lastCallAt: number | undefined;
  readonly closedAt: number | undefined;
}

/** What may be changed of an open session. Absent: left as it is. */
export interface SessionChange {
  readonly rules?: Partial<SessionRules>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** From now on, not from the creation. */
  readonly extendSeconds?: number;
  /** A party's number, role, label or announcement; a new number keeps the service number where that is free. */
  readonly party?: { readonly id: string } & Partial<Omit<NewParty, 'extension'>>;
}

/** A pool holds service numbers of one application. `default` is there always, and has those that no other pool has. */
export interface NumberPool {
  readonly id: string;
  readonly applicationId: string;
  readonly name: string;
  /** After a session, nobody of it meets anybody else on its number for so long. */
  readonly coolOffSeconds: number;
  /**
   * False: nobody meets two others on one number at a time, so that a call is never ambiguous. True: allowed, and the
   * application's policy says what happens then; for who has one number for all.
   */
  readonly sharing: boolean;
}

export interface PoolNumber {
  readonly id: string;
  readonly applicationId: string;
  readonly poolId: string;
  readonly number: PhoneNumber;
  readonly label: string;
  /** ISO 3166, from the number itself. */
  readonly country: string | undefined;
  readonly region: string | undefined;
  readonly tags: readonly string[];
  /** `quarantined`: given to no new session; those that have it keep it. */
  readonly status: 'active' | 'quarantined';
  readonly quarantineReason: string | undefined;
  /** Live sessions that have it. */
  readonly sessions: number;
}

/** Somebody shall not reach somebody. */
export interface Block {
  readonly id: string;
  readonly applicationId: string;
  /** Token of the person whom it is about. */
  readonly person: string;
  /** Token of the other one; undefined: everybody. */
  readonly counterpart: string | undefined;
  /** `from`: calls of that person are refused; `to`: calls to them; `both`. */
  readonly direction: 'from' | 'to' | 'both';
  /** `application`: the company says so; `party`: the person asked to be left alone. */
  readonly by: 'application' | 'party';
  readonly reason: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

/** Over so many milliseconds attempts are counted (`RoutingPolicy.attemptsPerHour`). */
export const ATTEMPTS_MS = 3_600_000;

/** How calls are resolved, per application, as data. `policy.ts` reads it. */
export interface RoutingPolicy {
  /** When a caller could mean several sessions: what is tried, in order; what cannot decide goes on to the next. */
  readonly ambiguous: readonly ('most-recent' | 'menu' | 'extension' | 'pull' | 'operator')[];
  /** `most-recent` decides only when the last call of that session was so short ago; undefined: always. */
  readonly mostRecentSeconds: number | undefined;
  /** Orders that the spoken menu names at most. */
  readonly menuEntries: number;
  /** Asked when no session fits. */
  readonly pull: PullRules | undefined;
  /** Callers whom nothing was found for may type an extension, where the number has any. */
  readonly extensionPrompt: boolean;
  readonly extensionTries: number;
  /** What an unknown caller gets. */
  readonly unknown: UnknownCaller;
  /** The same for a caller whose session is over. */
  readonly expired: UnknownCaller;
  /** SIP account whom `operator` of the ambiguity rule, and of a backend's answer that names nobody, means. */
  readonly operator: string | undefined;
  /** Asked before a call that was decided is made; may veto it. */
  readonly intercept: InterceptRules | undefined;
  /** Calls of one person to one counterpart in an hour; undefined: any number. */
  readonly attemptsPerHour: number | undefined;
  /** What is spoken, where no announcement says it: BCP 47. */
  readonly language: string;
}

/**
 * Safe rather than smooth: whoever could mean several people is asked, and nobody is guessed. An unknown caller is told so by
 * the scenario, and no call is answered, and paid for, on the application's behalf.
 */
export const DEFAULT_POLICY: RoutingPolicy = {
  ambiguous: ['menu', 'extension'],
  mostRecentSeconds: undefined,
  // What people remember of a spoken list.
  menuEntries: 5,
  pull: undefined,
  extensionPrompt: true,
  extensionTries: 3,
  unknown: { kind: 'reject' },
  expired: { kind: 'reject' },
  operator: undefined,
  intercept: undefined,
  attemptsPerHour: undefined,
  language: 'en-US',
};

export interface PullRules {
  readonly url: string;
  readonly timeoutMs: number;
  /** So long an answer is taken from memory and the database without asking again. */
  readonly freshSeconds: number;
  /** After that, for so long, it is still used at once, and asked again behind the call. */
  readonly staleSeconds: number;
  /** So long after it was fetched an answer is used when the backend is down. */
  readonly downSeconds: number;
  /** Whether the backend is told the caller's number, and not only the token. */
  readonly numbers: boolean;
}

export interface InterceptRules {
  readonly url: string;
  readonly timeoutMs: number;
  /** When it does not answer, or nonsense. */
  readonly whenSilent: 'allow' | 'refuse';
}

export type UnknownCaller =
  | { readonly kind: 'announce'; readonly announcement: Announcement }
  | { readonly kind: 'operator'; readonly user: string; readonly announcement: Announcement | undefined }
  | { readonly kind: 'call-back'; readonly announcement: Announcement }
  | { readonly kind: 'reject' };

/** Who calls which service number. */
export interface Question {
  readonly applicationId: string;
  readonly caller: PhoneNumber;
  readonly dialled: PhoneNumber;
  /** Typed by the caller; '': asked for digits, the caller typed none that fit, and is not asked again. */
  readonly extension: string | undefined;
  /** Chosen from a spoken menu: id of a masking session; '': the caller chose none, and is not asked again. */
  readonly chosen: string | undefined;
  /** Of the call, for the backend and the records; undefined: nobody calls, somebody asks (`explain`). */
  readonly callId: string | undefined;
}

/** What is to happen with a call. */
export type Decision =
  | ConnectDecision
  | {
      /** Several sessions fit: the caller chooses by a digit. */
      readonly kind: 'choose';
      readonly options: readonly { readonly sessionId: string; readonly label: string }[];
    }
  | { readonly kind: 'ask-extension'; readonly tries: number }
  | { readonly kind: 'play'; readonly announcement: Announcement }
  | { readonly kind: 'operator'; readonly user: string; readonly announcement: Announcement | undefined }
  | { readonly kind: 'call-back'; readonly announcement: Announcement }
  | { readonly kind: 'reject'; readonly status: 403 | 404 | 480 | 486 | 503; readonly reason: RejectReason };

export interface ConnectDecision {
  readonly kind: 'connect';
  /** Undefined: the backend said so (pull). */
  readonly sessionId: string | undefined;
  /** Tried one after the other; more than one for a group only. */
  readonly callees: readonly Callee[];
  readonly greeting: Announcement | undefined;
  readonly ringSeconds: number | undefined;
  readonly maxCallSeconds: number | undefined;
  readonly record: boolean;
  readonly transcribe: boolean;
  readonly language: string;
  /** By whom, for the records; undefined where a pull names nobody. */
  readonly callerPartyId: string | undefined;
}

export interface Callee {
  readonly number: PhoneNumber;
  /** What the callee sees: always a service number. */
  readonly show: PhoneNumber;
  readonly partyId: string | undefined;
  readonly announcement: Announcement | undefined;
}

export type RejectReason =
  | 'unknown-caller'
  | 'one-way'
  | 'blocked'
  | 'too-many-attempts'
  | 'calls-used-up'
  | 'vetoed'
  | 'intercept-silent'
  | 'backend-rejected';

/** One step of a resolution and what it said; for `explain` and for the log. Holds no number. */
export interface ResolutionStep {
  readonly step:
    | 'session'
    | 'ambiguous'
    | 'extension'
    | 'pull'
    | 'expired'
    | 'unknown'
    | 'fences'
    | 'intercept';
  readonly verdict: 'decided' | 'passed' | 'skipped' | 'failed';
  readonly detail: string;
}

export interface Resolution {
  readonly decision: Decision;
  readonly steps: readonly ResolutionStep[];
}
