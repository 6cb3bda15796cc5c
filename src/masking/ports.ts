/**
 * What the masking service needs of what is stored, and of the world. `storage/masking-*.ts` and `masking/pull-client.ts`
 * implement it. All writes of one method are one transaction, together with the events that they lead to.
 */
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type {
  Block,
  ClosedReason,
  MaskingSession,
  NewSession,
  NumberPool,
  Party,
  PoolNumber,
  Question,
  RoutingPolicy,
  SessionChange,
  SessionStatus,
} from './types.ts';

/** Failures that the caller can do something about; `code` is in `kernel/errors.ts`. */
export type MaskingErrorCode =
  /** No number of the pool is free for these people. The message says what would help. */
  | 'masking/no-number'
  /** The explicit number is not one of the pool, or taken for one of them. */
  | 'masking/number-taken'
  | 'masking/external-id-taken'
  | 'masking/extension-taken'
  | 'masking/session-closed'
  | 'masking/unknown-session'
  | 'masking/unknown-party'
  | 'masking/unknown-pool'
  | 'masking/party-invalid';

export class MaskingError extends Error {
  override readonly name = 'MaskingError';
  readonly code: MaskingErrorCode;
  /** JSON pointer into the request, such as `/parties/1/number`; undefined: no field is to blame. */
  readonly field: string | undefined;

  constructor(code: MaskingErrorCode, message: string, field?: string) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

export interface SessionFilter {
  /** Undefined: of all applications. */
  readonly applicationId: string | undefined;
  readonly externalId?: string;
  readonly status?: SessionStatus;
  /** Token of a person. */
  readonly person?: string;
  readonly number?: PhoneNumber;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

export interface SessionStore {
  /** Rejects with a `MaskingError`. Nothing is half done. */
  create(session: NewSession): Promise<MaskingSession>;
  /** Each for itself, in the order given. */
  createMany(sessions: readonly NewSession[]): Promise<readonly (MaskingSession | MaskingError)[]>;
  get(id: string, applicationId: string | undefined): Promise<MaskingSession | undefined>;
  list(
    filter: SessionFilter,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<MaskingSession>>;
  change(id: string, applicationId: string | undefined, change: SessionChange): Promise<MaskingSession>;
  /** A session that is closed already stays as it is, and is returned. Calls of it go on; new ones find it closed. */
  close(id: string, applicationId: string | undefined, reason: ClosedReason): Promise<MaskingSession>;
  closeMany(
    ids: readonly string[],
    applicationId: string | undefined,
  ): Promise<readonly (MaskingSession | MaskingError)[]>;
  /** Closes it and forgets its people; events keep their tokens. False when there is none. */
  remove(id: string, applicationId: string | undefined): Promise<boolean>;
  /** Writes down what has expired, so that its event comes about; at most so many. Returns how many there were. */
  closeExpired(most: number): Promise<number>;
}

/** A session that a caller could mean, as the call path needs it. */
export interface Candidate {
  readonly session: MaskingSession;
  /** The caller; undefined where anyone may call (`axn`), or only the extension says who is meant. */
  readonly caller: Party | undefined;
  /** In the order in which they are called. */
  readonly callees: readonly Party[];
}

export interface ResolutionStore {
  /** Live sessions of (caller, dialled), the one with the latest call, else the latest creation, first. One query. */
  candidates(question: Question): Promise<readonly Candidate[]>;
  /** The party that the extension of that number reaches. */
  byExtension(question: Question & { readonly extension: string }): Promise<Candidate | undefined>;
  /** Whether the number has live extensions, and whether the caller had a session on it that is over. */
  traces(question: Question): Promise<{ readonly extensions: boolean; readonly expired: boolean }>;
  /** `axn`: whom the first party reaches. */
  lastCaller(sessionId: string): Promise<PhoneNumber | undefined>;
  /** Blocks between two people, one of whom may be known by number only. */
  blocked(applicationId: string, from: PhoneNumber, to: PhoneNumber): Promise<Block | undefined>;
  /** Calls that one has made to the other since then (ms since the epoch). */
  attempts(applicationId: string, from: PhoneNumber, to: PhoneNumber, since: number): Promise<number>;
  policy(applicationId: string): Promise<RoutingPolicy>;
  setPolicy(applicationId: string, policy: RoutingPolicy): Promise<void>;
}

/** What becomes of calls that were resolved. `id` is that of the leg to the callee. */
export interface MaskedCallStore {
  begin(call: {
    readonly id: string;
    readonly applicationId: string;
    readonly sessionId: string | undefined;
    readonly scenarioSessionId: string;
    readonly caller: PhoneNumber;
    readonly callee: PhoneNumber;
    readonly callerPartyId: string | undefined;
    readonly calleePartyId: string | undefined;
  }): Promise<void>;
  /** Counts it, moves a sliding expiry on; closes the session when its calls are used up and this one has ended. */
  answered(id: string): Promise<void>;
  ended(id: string, outcome: { readonly answered: boolean; readonly seconds: number; readonly status: number }): Promise<void>;
  /** At start: calls that a dead process of this node left open. */
  recover(node: string): Promise<number>;
}

export interface BlockStore {
  add(block: {
    readonly applicationId: string;
    /** A number or a token. */
    readonly person: PhoneNumber | string;
    readonly counterpart: PhoneNumber | string | undefined;
    readonly direction: Block['direction'];
    readonly by: Block['by'];
    readonly reason: string;
    readonly expiresAt: number | undefined;
  }): Promise<Block>;
  list(applicationId: string | undefined, page: { readonly limit: number; readonly cursor?: string }): Promise<Page<Block>>;
  remove(id: string, applicationId: string | undefined): Promise<boolean>;
}

export interface PoolStore {
  pools(applicationId: string | undefined): Promise<readonly NumberPool[]>;
  putPool(pool: Omit<NumberPool, 'id'>): Promise<NumberPool>;
  /** Its numbers go back to `default`. Rejects with `masking/unknown-pool`. */
  removePool(id: string, applicationId: string | undefined): Promise<void>;
  numbers(filter: { readonly applicationId: string | undefined; readonly poolId?: string }): Promise<readonly PoolNumber[]>;
  changeNumber(
    id: string,
    applicationId: string | undefined,
    change: {
      readonly pool?: string;
      readonly region?: string | null;
      readonly tags?: readonly string[];
      readonly label?: string;
      readonly status?: PoolNumber['status'];
      readonly quarantineReason?: string;
    },
  ): Promise<PoolNumber>;
}

/** The customer's backend at call time. Numbers do not leave but for what `RoutingPolicy.pull` asks for. */
export interface PullClient {
  ask(question: Question, rules: import('./types.ts').PullRules): Promise<PullAnswer>;
}

export type PullAnswer =
  | { readonly kind: 'connect'; readonly to: PhoneNumber; readonly show: PhoneNumber | undefined; readonly sound: PullSound }
  | { readonly kind: 'ask-extension' }
  | { readonly kind: 'play'; readonly announcement: import('./types.ts').Announcement }
  | { readonly kind: 'operator'; readonly user: string | undefined }
  | { readonly kind: 'reject' }
  /** 404 or `{ "action": "unknown" }`. */
  | { readonly kind: 'unknown' }
  /** Time-out, circuit open, nonsense, 5xx, and nothing in the cache. */
  | { readonly kind: 'failed'; readonly why: string };

export interface PullSound {
  readonly greeting: import('./types.ts').Announcement | undefined;
  readonly record: boolean;
  readonly language: string | undefined;
}
