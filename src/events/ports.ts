/** What the event log and the webhooks need of what is stored; `storage/event-store.ts` and `storage/webhook-store.ts` implement it. */
import type { Delivery, DeliveryState, EventType, LoggedEvent, NewEvent, Webhook } from './types.ts';

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
  }): Promise<{ readonly items: readonly LoggedEvent[]; readonly cursor: string }>;
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
  /** A second secret beside the old one, which stays good for a day. */
  rotateSecret(id: string, applicationId: string | undefined): Promise<string | undefined>;
  remove(id: string, applicationId: string | undefined): Promise<boolean>;
  deliveries(
    webhookId: string,
    applicationId: string | undefined,
    options: { readonly state?: DeliveryState; readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly Delivery[]; readonly next: string | undefined }>;
  /** Puts events from there on, or one of them, into the outbox again, under their ids. Returns how many. */
  replay(
    webhookId: string,
    applicationId: string | undefined,
    what: { readonly cursor: string } | { readonly eventId: string },
  ): Promise<number>;
}

/** One node's hands in the outbox. */
export interface Outbox {
  /**
   * Takes deliveries that are due, for so long: no other node has them meanwhile. Of one webhook and subject only the first
   * that is not delivered, so that order holds.
   */
  claim(node: string, most: number, leaseMs: number): Promise<readonly ClaimedDelivery[]>;
  delivered(id: string, claim: string, status: number): Promise<void>;
  /** @param nextAt ms since the epoch; undefined: given up. */
  failed(
    id: string,
    claim: string,
    outcome: { readonly status: number | undefined; readonly error: string; readonly nextAt: number | undefined },
  ): Promise<void>;
}

export interface ClaimedDelivery {
  readonly id: string;
  readonly claim: string;
  readonly url: string;
  /** The current one first; all that are good sign. */
  readonly secrets: readonly string[];
  readonly attempts: number;
  readonly event: LoggedEvent;
}
