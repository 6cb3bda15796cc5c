/**
 * Carries deliveries from the outbox to the customers' servers. Everything that must not be lost is in the outbox: a node that
 * is killed gives back what it had when it starts again, or another node takes it when its lease is over; then it may be sent
 * once more, under the same id.
 */
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import type { ClaimedDelivery, Outbox } from './ports.ts';
import { againInMs } from './retries.ts';
import { type Failed, send, TIMEOUT_MS, type WebhookHttp } from './send.ts';
import { eventView } from './types.ts';

export interface DispatcherOptions {
  readonly outbox: Outbox;
  readonly http: WebhookHttp;
  /** Rung when this node has written events. */
  readonly bell?: { onRing(listener: () => void): () => void };
  /** Name of this node. */
  readonly node: string;
  /** Requests at once. */
  readonly parallel: number;
  /** Of those, to one webhook: a slow server must not hold the others. */
  readonly perWebhook: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What became of attempts since the start. */
export interface DispatcherCounts {
  readonly delivered: number;
  /** To be tried again. */
  readonly failed: number;
  readonly givenUp: number;
}

/** Events of other nodes, and of writers that ring no bell, are found by looking. */
const LOOK_MS = 500;
/** While the database cannot be asked. */
const TROUBLE_MS = 5_000;
/** Longer than a request with its answer's report: nobody else sends the same thing meanwhile. */
const LEASE_MS = TIMEOUT_MS + 15_000;
const SWEEP_MS = 60_000;
const SWEPT_AT_ONCE = 1_000;
/** A node has a handful of database connections, and calls come first. */
const REPORTS_AT_ONCE = 2;
/** Says that the resource is gone for good (RFC 9110 §15.5.11); the convention disables the endpoint. */
const GONE = 410;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #sending = new Map<string, Promise<void>>();
  readonly #busy = new Map<string, number>();
  readonly #aborted = new AbortController();
  readonly #counts = { delivered: 0, failed: 0, givenUp: 0 };
  #unlisten: (() => void) | undefined;
  #timer: TimerHandle | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #sweepAt = 0;
  #isReleased = false;
  /** What was reported last, in each lane. */
  readonly #lanes: Promise<void>[] = Array.from({ length: REPORTS_AT_ONCE }, () => Promise.resolve());
  #lane = 0;
  /** What arrived and is not written down yet, and the report that will tell of all of it. */
  #arrived: { readonly id: string; readonly claim: string; readonly status: number }[] = [];
  #report: Promise<void> | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get counts(): DispatcherCounts {
    return { ...this.#counts };
  }

  /** Requests that are on their way. */
  get sending(): number {
    return this.#sending.size;
  }

  start(): void {
    this.#unlisten = this.#options.bell?.onRing(() => this.#wake());
    this.#wake();
  }

  /** Ends what is being sent; it goes out again, from this node or another one. Waits for the database at most so long. */
  async close(ms: number): Promise<void> {
    const { clock, outbox, node, log } = this.#options;
    this.#unlisten?.();
    this.#aborted.abort(new Error('the node is stopping'));
    clock.clearTimeout(this.#timer);
    const late = Promise.withResolvers<void>();
    const alarm = clock.setTimeout(() => late.resolve(), ms);
    const ending = async (): Promise<void> => {
      await this.#looking;
      await Promise.all(this.#sending.values());
      await outbox.release(node);
    };
    await Promise.race([
      ending().catch((error: unknown) =>
        log.warn({ err: error }, 'claimed webhooks wait for their lease to end'),
      ),
      late.promise,
    ]);
    clock.clearTimeout(alarm);
  }

  #wake(): void {
    if (this.#aborted.signal.aborted) return;
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#options.clock.clearTimeout(this.#timer);
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
      const again = this.#again;
      this.#again = false;
      if (again) this.#wake();
    });
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    let pause = LOOK_MS;
    try {
      await this.#prepare();
      await this.#claim();
    } catch (error) {
      pause = TROUBLE_MS;
      log.warn({ err: error }, 'the outbox of webhooks cannot be read; it is tried again');
    }
    if (this.#aborted.signal.aborted) return;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#wake(), pause);
  }

  /** What a dead process of this node had, goes first; what nobody could deliver for a day, goes at last. */
  async #prepare(): Promise<void> {
    const { outbox, node, clock, log } = this.#options;
    if (!this.#isReleased) {
      await outbox.release(node);
      this.#isReleased = true;
    }
    if (clock.monotonic() < this.#sweepAt) return;
    const givenUp = await outbox.giveUpOld(SWEPT_AT_ONCE);
    this.#counts.givenUp += givenUp;
    if (givenUp > 0)
      log.warn({ deliveries: givenUp }, 'webhooks could not be delivered for a day and are given up');
    this.#sweepAt = givenUp === SWEPT_AT_ONCE ? 0 : clock.monotonic() + SWEEP_MS;
  }

  async #claim(): Promise<void> {
    const { outbox, node, parallel, perWebhook } = this.#options;
    const most = parallel - this.#sending.size;
    if (most <= 0 || this.#aborted.signal.aborted) return;
    // Whoever has rung up to now is served by this.
    this.#again = false;
    const claimed = await outbox.claim({ node, most, leaseMs: LEASE_MS, perWebhook, busy: this.#busy });
    for (const delivery of claimed) {
      this.#count(delivery.webhookId, 1);
      const sending = this.#deliver(delivery).finally(() => {
        this.#sending.delete(delivery.claim);
        this.#count(delivery.webhookId, -1);
        // The next one of its subject may go now.
        this.#wake();
      });
      this.#sending.set(delivery.claim, sending);
    }
  }

  #count(webhookId: string, change: 1 | -1): void {
    const count = (this.#busy.get(webhookId) ?? 0) + change;
    if (count === 0) this.#busy.delete(webhookId);
    else this.#busy.set(webhookId, count);
  }

  /** Never rejects. */
  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    const { http, clock, log } = this.#options;
    const { event, webhookId } = delivery;
    try {
      const body = JSON.stringify(eventView(event));
      const sent = await send(http, delivery, { id: event.id, at: clock.now(), body }, this.#aborted.signal);
      // Ended by us: no attempt, and it may even have arrived.
      if (!sent.ok && this.#aborted.signal.aborted) return;
      if (sent.ok) await this.#reportArrived(delivery, sent.status);
      else await this.#inLane(() => this.#reportFailed(delivery, sent));
    } catch (error) {
      // It is sent once more when the lease is over, which the receiver sees by its id.
      log.warn({ err: error, webhook: webhookId }, 'what became of a webhook could not be written down');
    }
  }

  #inLane(report: () => Promise<void>): Promise<void> {
    this.#lane = (this.#lane + 1) % REPORTS_AT_ONCE;
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#lanes[this.#lane];
    this.#lanes[this.#lane] = promise;
    return (before ?? Promise.resolve()).then(report).finally(resolve);
  }

  /** What arrives while the reports before are written goes into one. */
  async #reportArrived({ id, claim }: ClaimedDelivery, status: number): Promise<void> {
    this.#counts.delivered++;
    this.#arrived.push({ id, claim, status });
    this.#report ??= this.#inLane(async () => {
      this.#report = undefined;
      await this.#options.outbox.delivered(this.#arrived.splice(0));
    });
    await this.#report;
  }

  async #reportFailed(delivery: ClaimedDelivery, sent: Failed): Promise<void> {
    const { outbox, random, log } = this.#options;
    const { id, claim, webhookId, event } = delivery;
    const { status, error, askedMs } = sent;
    const gone = status === GONE;
    const attempts = delivery.attempts + 1;
    const again = gone ? undefined : againInMs(attempts, random, { ageMs: delivery.ageMs, askedMs });
    if (again === undefined) this.#counts.givenUp++;
    else this.#counts.failed++;
    const about = { webhook: webhookId, event: event.id, attempts, status: status ?? 0, why: error };
    if (gone) log.warn(about, 'a webhook says that it is gone, and is disabled');
    else if (again === undefined) log.warn(about, 'a webhook is given up');
    else log.info(about, 'a webhook could not be delivered; it is tried again');
    await outbox.failed(id, claim, { status, error, againInMs: again, askedMs, gone });
  }
}
