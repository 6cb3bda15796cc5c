/** What the event log and the webhooks need of what is stored; `storage/event-store.ts` and `storage/webhook-store.ts` implement it. */
import type {
  Delivery,
  DeliveryState,
  EventType,
  LoggedEvent,
  NewEvent,
  ReadEvent,
  Webhook,
} from './types.ts';

/** What a webhook's secret is made by, whoever keeps it. */
export { newSecret } from './sign.ts';

export interface EventStore {
  /**
   * Writes events by themselves. Whoever changes a row appends within that row's transaction instead, by
   * `storage/append-events.ts`; this is for what is in no row.
   */
  append(events: readonly NewEvent[]): Promise<readonly LoggedEvent[]>;
  /**
   * In the order in which they became visible: what was read once never gets a predecessor (a cursor is a transaction and a
   * number within it, and only transactions before the oldest running one are read).
   */
  read(options: {
    readonly applicationId: string | undefined;
    readonly subject?: string;
    readonly types?: readonly EventType[];
    /** From `read` before; absent: from the beginning of what is kept. Throws `InvalidCursor`, also for another tenant's. */
    readonly cursor?: string;
    readonly limit: number;
  }): Promise<{ readonly items: readonly ReadEvent[]; readonly cursor: string }>;
  /** A cursor behind what is there now. */
  end(applicationId: string | undefined): Promise<string>;
}

export interface WebhookStore {
  list(applicationId: string | undefined): Promise<readonly Webhook[]>;
  /** The secret (`whsec_…`) is shown here and never again. */
  create(options: {
    readonly applicationId: string;
    readonly url: string;
    readonly types: readonly EventType[];
  }): Promise<{ readonly webhook: Webhook; readonly secret: string }>;
  change(
    id: string,
    applicationId: string | undefined,
    change: { readonly url?: string; readonly types?: readonly EventType[]; readonly enabled?: boolean },
  ): Promise<Webhook | undefined>;
  /** A second secret beside the old one, which stays good for a day. Undefined: no such webhook. */
  rotateSecret(id: string, applicationId: string | undefined): Promise<string | undefined>;
  remove(id: string, applicationId: string | undefined): Promise<boolean>;
  /** The newest first. Undefined: no such webhook. Throws `InvalidCursor`. */
  deliveries(
    webhookId: string,
    applicationId: string | undefined,
    options: { readonly state?: DeliveryState; readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly Delivery[]; readonly next: string | undefined } | undefined>;
  /**
   * Puts events from there on that the webhook wants, or one of them, into the outbox again, under their ids; what waits
   * there already is not put in twice. Returns how many; undefined: no such webhook. Throws `InvalidCursor`.
   */
  replay(
    webhookId: string,
    applicationId: string | undefined,
    what: { readonly cursor: string } | { readonly eventId: string },
  ): Promise<number | undefined>;
  /** Where and how to send something to it right now. */
  target(id: string, applicationId: string | undefined): Promise<WebhookTarget | undefined>;
}

export interface WebhookTarget {
  readonly applicationId: string;
  readonly url: string;
  /** The current one first; all that are good sign. */
  readonly secrets: readonly string[];
}

/** One node's hands in the outbox. Times are the database's. */
export interface Outbox {
  /**
   * Takes deliveries that are due, for so long: no other node has them meanwhile. Of one webhook and subject only the first
   * that is not delivered, so that order holds. Endpoints that have failed again and again get one at a time.
   */
  claim(options: {
    readonly node: string;
    readonly most: number;
    readonly leaseMs: number;
    /** Of one webhook on this node, those in `busy` included. */
    readonly perWebhook: number;
    /** Id of a webhook → deliveries that this node has claimed and not reported. */
    readonly busy: ReadonlyMap<string, number>;
  }): Promise<readonly ClaimedDelivery[]>;
  /** Claims that are not ours any more change nothing. */
  delivered(
    done: readonly { readonly id: string; readonly claim: string; readonly status: number }[],
  ): Promise<void>;
  /** As `delivered`. */
  failed(id: string, claim: string, outcome: FailedDelivery): Promise<void>;
  /** Gives back what a process of this node had claimed, without an attempt being counted. */
  release(node: string): Promise<number>;
  /** Gives up what has waited for longer than a day; at most so many. Returns how many. */
  giveUpOld(most: number): Promise<number>;
  /** Counted up to 100 000. */
  size(): Promise<{ readonly waiting: number; readonly oldestSeconds: number }>;
}

export interface FailedDelivery {
  readonly status: number | undefined;
  readonly error: string;
  /** Until the next attempt; undefined: given up. */
  readonly againInMs: number | undefined;
  /** For so long the endpoint asks to be left alone, whatever there is to deliver. */
  readonly askedMs?: number | undefined;
  /** The endpoint says that it is gone for good: the webhook is disabled. */
  readonly gone: boolean;
}

export interface ClaimedDelivery extends WebhookTarget {
  readonly id: string;
  readonly claim: string;
  readonly webhookId: string;
  /** So far. */
  readonly attempts: number;
  /** Since it was put into the outbox. */
  readonly ageMs: number;
  readonly event: LoggedEvent;
}
