import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import type { TraceBatch, TracedMessage, TraceStore } from './ports.ts';

/** How long messages wait for company; a process that is killed loses as much. Rows are one per leg and window. */
const FLUSH_MS = 1_000;
/** Legs that are written in one statement: sealing them holds up the thread for a millisecond. */
const LEGS_AT_ONCE = 20;
/** What waits while the database is away, characters of text. */
const MAX_WAITING = 16 * 1024 * 1024;
const RETRY_MS = 5_000;
const PURGE_MS = 600_000;
/** After the start: a node that is often started again deletes, too. */
const FIRST_PURGE_MS = 30_000;
const CLOSE_MS = 2_000;

interface Pending {
  readonly sessionId: string;
  readonly legId: string;
  messages: TracedMessage[];
  omitted: number;
}

export interface TraceWriterOptions {
  readonly store: TraceStore;
  readonly settings: { readonly hours: number; readonly totalMegabytes: number };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Write-behind of traces, and their end: what is too old or too much is purged. A trace is never worth a call. */
export class TraceWriter {
  readonly #options: TraceWriterOptions;
  #pending = new Map<string, Pending>();
  #waitingSize = 0;
  #waiting = 0;
  #lost = 0;
  #timer: TimerHandle | undefined;
  #purgeTimer: TimerHandle | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: TraceWriterOptions) {
    this.#options = options;
    this.#schedulePurge(FIRST_PURGE_MS);
  }

  get waiting(): number {
    return this.#waiting;
  }

  get lost(): number {
    return this.#lost;
  }

  add(sessionId: string, message: TracedMessage): void {
    if (this.#waitingSize + message.text.length > MAX_WAITING) {
      this.#lost += 1;
      this.omit(sessionId, message.legId);
      return;
    }
    this.#waitingSize += message.text.length;
    this.#waiting += 1;
    this.#of(sessionId, message.legId).messages.push(message);
    this.#arm(FLUSH_MS);
  }

  /** Counts a message of the leg that is not kept. */
  omit(sessionId: string, legId: string): void {
    this.#of(sessionId, legId).omitted += 1;
    this.#arm(FLUSH_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#purgeTimer);
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => late.resolve(), CLOSE_MS);
    await Promise.race([this.#flush(), late.promise]);
    clock.clearTimeout(timer);
  }

  #of(sessionId: string, legId: string): Pending {
    let pending = this.#pending.get(legId);
    if (pending === undefined) {
      pending = { sessionId, legId, messages: [], omitted: 0 };
      this.#pending.set(legId, pending);
    }
    return pending;
  }

  #arm(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, ms);
  }

  async #flush(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    this.#writing = this.#write();
    const failed = await this.#writing.then(
      () => false,
      (error: unknown) => {
        this.#options.log.warn({ err: error, waiting: this.#waiting }, 'SIP traces cannot be written yet');
        return true;
      },
    );
    this.#writing = undefined;
    if (this.#pending.size > 0) this.#arm(failed ? RETRY_MS : FLUSH_MS);
  }

  async #write(): Promise<void> {
    const { store, random } = this.#options;
    const all = [...this.#pending.values()];
    this.#pending = new Map();
    const batches = all.map((one): TraceBatch => ({ id: random.token(12), ...one }));
    while (batches.length > 0) {
      const some = batches.slice(0, LEGS_AT_ONCE);
      try {
        await store.append(some);
      } catch (error) {
        for (const one of batches) this.#putBack(one);
        throw error;
      }
      batches.splice(0, some.length);
      for (const { messages } of some) this.#written(messages);
    }
  }

  #written(messages: readonly TracedMessage[]): void {
    this.#waiting -= messages.length;
    for (const { text } of messages) this.#waitingSize -= text.length;
  }

  /** Before what has come meanwhile. */
  #putBack({ sessionId, legId, messages, omitted }: TraceBatch): void {
    const pending = this.#of(sessionId, legId);
    pending.messages = [...messages, ...pending.messages];
    pending.omitted += omitted;
  }

  #schedulePurge(ms: number): void {
    this.#purgeTimer = this.#options.clock.setTimeout(() => {
      void this.#purge().finally(() => {
        if (!this.#closed) this.#schedulePurge(PURGE_MS);
      });
    }, ms);
  }

  async #purge(): Promise<void> {
    const { store, settings, clock, log } = this.#options;
    try {
      await store.purge(clock.now() - settings.hours * 3_600_000, settings.totalMegabytes * 1024 * 1024);
    } catch (error) {
      log.warn({ err: error }, 'old SIP traces could not be deleted yet');
    }
  }
}
