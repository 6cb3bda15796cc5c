import type { CallDirectory } from '../call/types.ts';
import type { EventStore, WebhookStore, WebhookTarget } from '../events/ports.ts';
import type { Sent } from '../events/send.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import type { OrderRate } from '../masking/made-up-orders.ts';
import type { NumberPlan, PlannedOrder } from '../masking/plan-numbers.ts';
import type { BackendSecretStore, BlockStore, PoolStore, SessionStore } from '../masking/ports.ts';
import type { Question, Resolution } from '../masking/types.ts';
import type { RecordStore } from '../records/ports.ts';
import type { TranscriptStore } from '../records/transcript-ports.ts';
import type { Erasures } from '../retention/ports.ts';
import type { EventLog } from '../scenario/event-log.ts';
import type { Scenarios, SessionDoors } from '../scenario/ports.ts';
import type { CallTraces } from '../trace/ports.ts';
import type { Api } from './api.ts';
import type { AdminStore, ApiKeys, AuditLog, IdempotencyStore } from './ports.ts';
import type { RateLimit, RateLimits } from './rate-limit.ts';
import type { ServiceAccounts } from './service-account.ts';

export interface HttpSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** How clients reach the API; stands in recording URLs. Default: they are relative. */
  readonly publicUrl?: string | undefined;
  /** Connections at once; more are closed as they come. Default 512. */
  readonly maxConnections?: number;
  /** Default: `RATE_LIMITS`. */
  readonly rateLimits?: Partial<RateLimits>;
}

export interface TrunkStatus {
  /** undefined: not known yet, or we do not register there. */
  readonly registered: boolean | undefined;
  readonly lastError: string | undefined;
  /** Whether the trunk answers OPTIONS and calls; `since` in ms since the epoch. */
  readonly health?: {
    readonly state: 'up' | 'down' | 'unknown';
    readonly since: number | undefined;
    readonly reason: string | undefined;
  };
  /** Calls on this node now. */
  readonly calls?: { readonly inbound: number; readonly outbound: number };
}

/** The node as a whole. */
export interface NodeControl {
  readonly name: string;
  /** Legs that are alive. */
  readonly calls: () => number;
  readonly isDraining: () => boolean;
  /** On: no new calls until it is off again. Rejects with `admission/draining` when the node is stopping anyway. */
  readonly setDraining: (on: boolean) => void;
}

export interface Readiness {
  readonly ok: boolean;
  /** Part → `ok`, or what is wrong with it. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Something else that is served on the same address; routes say who may use them as ours do. */
export type Mount = (
  app: Api,
  tools: { readonly limit: RateLimit; readonly serviceAccounts: ServiceAccounts },
) => Promise<void>;

/** What the scripts of sessions were told and did. */
export interface EventLogs {
  /** `clear`: with telephone numbers and pressed keys as they were. Undefined when nothing is kept (any more). */
  read(sessionId: string, clear: boolean): Promise<EventLog | undefined>;
}

/** The masking service. */
export interface MaskingParts {
  readonly sessions: SessionStore;
  readonly pools: PoolStore;
  readonly blocks: BlockStore;
  /** Routing policies as documents. `put` rejects with `masking/policy-invalid`, and gives what is in force then. */
  readonly policies: {
    readonly get: (applicationId: string) => Promise<Readonly<Record<string, unknown>>>;
    readonly put: (applicationId: string, document: unknown) => Promise<Readonly<Record<string, unknown>>>;
  };
  /** How many numbers orders need; both give up the thread now and then. */
  readonly planning: {
    readonly plan: (
      orders: Iterable<PlannedOrder>,
      options: { readonly coolOffMs: number },
    ) => Generator<void, NumberPlan>;
    /** A day of orders. */
    readonly madeUp: (rate: OrderRate) => Generator<void, PlannedOrder[]>;
  };
  readonly backendSecrets: BackendSecretStore;
  /**
   * What would become of a call. Nobody is called, and nothing is written.
   *
   * @param askBackend whether the application's backend may be asked.
   */
  readonly explain: (question: Question, askBackend: boolean) => Promise<Resolution>;
}

/** The event log and webhooks. */
export interface EventParts {
  readonly log: EventStore;
  readonly webhooks: WebhookStore;
  /** Rung when this node has written events. */
  readonly bell: { onRing(listener: () => void): () => void };
  /** Sends something to a webhook right now; never rejects. */
  readonly send: (
    target: Pick<WebhookTarget, 'url' | 'secrets'>,
    message: { readonly id: string; readonly at: number; readonly body: string },
  ) => Promise<Sent>;
}

/** What the API is made of. */
export interface HttpServerOptions {
  readonly records: RecordStore;
  readonly traces: CallTraces;
  readonly eventLogs: EventLogs;
  readonly transcripts: Pick<TranscriptStore, 'get'>;
  readonly admin: AdminStore;
  readonly apiKeys: ApiKeys;
  readonly idempotency: IdempotencyStore;
  readonly audit: AuditLog;
  readonly erasures: Erasures;
  readonly masking: MaskingParts;
  readonly events: EventParts;
  readonly directory: Pick<CallDirectory, 'scenarioByName'>;
  readonly scenarios: Pick<Scenarios, 'start'>;
  /** The ways into running sessions, for who knows their URLs; absent: none. */
  readonly doors?: SessionDoors;
  /** Absolute; nothing outside it is ever served. */
  readonly recordingsFolder: string;
  /** Registration, health and load of a trunk. */
  readonly trunkStatus: (id: string) => TrunkStatus | undefined;
  readonly readiness: () => Promise<Readiness>;
  readonly node: NodeControl;
  /** The account that service accounts sign their tokens for; absent: no token is taken. */
  readonly account?: { readonly id: number; readonly email: string };
  readonly mounts?: readonly Mount[];
  /** Prometheus text format. */
  readonly metrics: () => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: HttpSettings;
}
