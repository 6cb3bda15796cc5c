/**
 * What the masking service needs of what is stored, and of the world. `storage/masking-*.ts` and `masking/pull-client.ts`
 * implement it. All writes of one method are one transaction, together with the events that they lead to.
 */
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type {
  Announcement,
  Block,
  ClosedReason,
  ConnectDecision,
  InterceptRules,
  MaskingSession,
  NewSession,
  NumberPool,
  Party,
  PoolNumber,
  PullRules,
  Question,
  RejectReason,
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
  | 'masking/party-invalid'
  | 'masking/policy-invalid';

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
  /** For each of `to`, in order: whether a block stands between the two, and calls that one has made to the other since. */
  fences(
    applicationId: string,
    from: PhoneNumber,
    to: readonly PhoneNumber[],
    /** ms since the epoch. */
    since: number,
  ): Promise<readonly { readonly blocked: boolean; readonly attempts: number }[]>;
  /** Token of a person; undefined: never seen, unless one is to be made. */
  token(applicationId: string, number: PhoneNumber, make: boolean): Promise<string | undefined>;
  /** The person behind a token; undefined: unknown, or erased. */
  numberOf(applicationId: string, token: string): Promise<PhoneNumber | undefined>;
  policy(applicationId: string): Promise<RoutingPolicy>;
  setPolicy(applicationId: string, policy: RoutingPolicy): Promise<void>;
}

/** `unknown-caller`: the session is over, or goes on without one of the two. */
export type BeginRefusal = Extract<
  RejectReason,
  'unknown-caller' | 'one-way' | 'calls-used-up' | 'blocked' | 'too-many-attempts'
>;

/** What becomes of calls that were resolved. `id` is that of the leg to the callee. */
export interface MaskedCallStore {
  /**
   * Before the callee is called: judges, in the transaction that writes it down, what may have changed since the call was
   * resolved. So no two calls that begin at once have the last place of a session both. Told again, it judges again.
   *
   * @returns why the call may not begin, and nothing was written then; undefined: it may.
   */
  begin(
    call: {
      readonly id: string;
      readonly applicationId: string;
      readonly sessionId: string | undefined;
      readonly scenarioSessionId: string;
      readonly caller: PhoneNumber;
      readonly callee: PhoneNumber;
      readonly callerPartyId: string | undefined;
      readonly calleePartyId: string | undefined;
    },
    terms: {
      /** `RoutingPolicy.attemptsPerHour`. */
      readonly attemptsPerHour: number | undefined;
      /** Ids of calls that ended unanswered, of which that is not written yet: they take no place. */
      readonly over: readonly string[];
    },
  ): Promise<BeginRefusal | undefined>;
  /** Counts it, moves a sliding expiry on; closes the session when its calls are used up and this one has ended. */
  answered(id: string): Promise<void>;
  ended(
    id: string,
    outcome: { readonly answered: boolean; readonly seconds: number; readonly status: number },
  ): Promise<void>;
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
  list(
    applicationId: string | undefined,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<Block>>;
  remove(id: string, applicationId: string | undefined): Promise<boolean>;
}

export interface PoolStore {
  pools(applicationId: string | undefined): Promise<readonly NumberPool[]>;
  putPool(pool: Omit<NumberPool, 'id'>): Promise<NumberPool>;
  /** Its numbers go back to `default`. Rejects with `masking/unknown-pool`. */
  removePool(id: string, applicationId: string | undefined): Promise<void>;
  numbers(filter: {
    readonly applicationId: string | undefined;
    readonly poolId?: string;
  }): Promise<readonly PoolNumber[]>;
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

/** How the backend may be asked. `call`: a call waits. `cached`: nobody is asked. `probe`: asked, nothing is kept. */
export type PullMode = 'call' | 'cached' | 'probe';

/** The customer's backend at call time. Numbers of people do not leave, unless `PullRules.numbers` says so. Never rejects. */
export interface PullClient {
  /** @param sessions those that the caller could mean; the answer may choose one of them. */
  ask(
    question: Question,
    rules: PullRules,
    sessions: readonly MaskingSession[],
    mode: PullMode,
  ): Promise<PullAnswer>;
}

export type PullAnswer =
  | {
      readonly kind: 'connect';
      readonly to: PhoneNumber;
      readonly show: PhoneNumber | undefined;
      readonly sound: PullSound;
    }
  /** One of the sessions that it was asked about. */
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'ask-extension' }
  | { readonly kind: 'play'; readonly announcement: Announcement }
  | { readonly kind: 'operator'; readonly user: string | undefined }
  | { readonly kind: 'reject' }
  /** 404 or `{ "action": "unknown" }`. */
  | { readonly kind: 'unknown' }
  /** Nothing in the cache, and nobody was to be asked. */
  | { readonly kind: 'not-asked' }
  /** Time-out, circuit open, nonsense, 5xx, and nothing in the cache. */
  | { readonly kind: 'failed'; readonly why: string };

export interface PullSound {
  readonly greeting: Announcement | undefined;
  /** Heard by the one who is called. */
  readonly announcement: Announcement | undefined;
  readonly record: boolean;
  readonly transcribe: boolean;
  readonly language: string | undefined;
  readonly ringSeconds: number | undefined;
  readonly maxCallSeconds: number | undefined;
}

/** The customer's veto. Never rejects. */
export interface InterceptClient {
  ask(question: Question, decision: ConnectDecision, rules: InterceptRules): Promise<InterceptVerdict>;
}

export type InterceptVerdict =
  | { readonly kind: 'allow' }
  | { readonly kind: 'veto' }
  | { readonly kind: 'silent'; readonly why: string };

/** What is kept of a backend's answers, sealed, so that a restart while the backend is down still connects known pairs. */
export interface PullAnswerStore {
  /** @param question a text that names it; equal questions have equal texts. It holds numbers: only an index of it is kept. */
  read(applicationId: string, question: string): Promise<KeptAnswer | undefined>;
  write(
    applicationId: string,
    question: string,
    kept: KeptAnswer & { readonly caller: PhoneNumber },
  ): Promise<void>;
  remove(applicationId: string, question: string): Promise<void>;
}

export interface KeptAnswer {
  readonly answer: Extract<PullAnswer, { readonly kind: 'connect' }>;
  /** ms since the epoch. */
  readonly fetchedAt: number;
}

/** With what requests to an application's backend (pull, intercept) are signed: `whsec_…`, the current one first. */
export interface BackendSecretStore {
  /** Makes the first one when there is none. */
  current(applicationId: string): Promise<readonly string[]>;
  /** A second one beside the old one, which signs for another day. */
  rotate(applicationId: string): Promise<string>;
}

/** One POST to a customer's backend, behind the fence for private addresses. Follows no redirect. Never rejects. */
export interface BackendHttp {
  post(request: {
    readonly url: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
    readonly timeoutMs: number;
    readonly maxBytes: number;
    readonly signal: AbortSignal;
  }): Promise<
    | { readonly status: number; readonly body: Uint8Array }
    /** In words without numbers or the URL. */
    | { readonly status: 0; readonly error: string }
  >;
}
