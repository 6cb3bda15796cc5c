import type { Clock } from '../kernel/clock.ts';
import { LateWriter } from '../kernel/late-writer.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import type { TraceBatch, TracedMessage, TraceStore } from './ports.ts';

/** Legs that are written in one statement: sealing them holds up the thread for a millisecond. */
const LEGS_AT_ONCE = 20;
/** What waits while the database is away, characters of text. */
const MAX_WAITING = 16 * 1024 * 1024;
const FIRST_PURGE_MS = 30_000;

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

/** Write-behind of traces, one row for each leg and second, and their end: what is too old or too much is purged. A trace is never worth a call. */
export class TraceWriter {
  readonly #options: TraceWriterOptions;
  #pending = new Map<string, Pending>();
  #waitingSize = 0;
  #waiting = 0;
  #lost = 0;
  readonly #writer: LateWriter;

  constructor(options: TraceWriterOptions) {
    this.#options = options;
    const { store, settings, clock, log } = options;
    const work = {
      write: () => this.#write(),
      waits: () => this.#pending.size > 0,
      failed: (error: unknown) =>
        log.warn({ err: error, waiting: this.#waiting }, 'SIP traces cannot be written yet'),
      purge: async () => {
        await store.purge(clock.now() - settings.hours * 3_600_000, settings.totalMegabytes * 1024 * 1024);
      },
      purgeFailed: (error: unknown) => log.warn({ err: error }, 'old SIP traces could not be deleted yet'),
    };
    this.#writer = new LateWriter(work, clock, FIRST_PURGE_MS);
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
    this.#writer.arm();
  }

  /** Counts a message of the leg that is not kept. */
  omit(sessionId: string, legId: string): void {
    this.#of(sessionId, legId).omitted += 1;
    this.#writer.arm();
  }

  /** Writes what waits, two seconds at the most. */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  #of(sessionId: string, legId: string): Pending {
    let pending = this.#pending.get(legId);
    if (pending === undefined) {
      pending = { sessionId, legId, messages: [], omitted: 0 };
      this.#pending.set(legId, pending);
    }
    return pending;
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
}
