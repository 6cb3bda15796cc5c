import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { RecordChange, RecordStore } from './ports.ts';

export interface WriteBehindLimits {
  /** Longest that a change waits for company, milliseconds. */
  readonly flushMs: number;
  /** A batch of this size does not wait. */
  readonly batch: number;
  /** With more waiting than this, events are left out; with twice as many, everything new is. */
  readonly waiting: number;
}

/** 20 ms keeps the loss of a killed process small; 20 000 changes are some 20 MB and minutes of a database outage. */
export const WRITE_LIMITS: WriteBehindLimits = { flushMs: 20, batch: 200, waiting: 20_000 };

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

/**
 * Group commit: changes are collected for a moment and written in one batch, one batch at a time, in order. A batch
 * that fails is kept and written again; a change that the database will never take is left out, loudly, so that it
 * does not hold up the rest.
 */
export class WriteBehind {
  readonly #store: RecordStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #limits: WriteBehindLimits;
  #queue: RecordChange[] = [];
  #timer: TimerHandle | undefined;
  #pause: TimerHandle | undefined;
  #endPause: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** How many to write at once; smaller while a poisonous change is looked for. */
  #batch: number;
  #lost = 0;
  #closing = false;

  constructor(store: RecordStore, clock: Clock, log: Logger, limits: WriteBehindLimits = WRITE_LIMITS) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
    this.#batch = limits.batch;
  }

  /** Changes that are not in the database yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Changes that were left out since the start; 0 in a healthy node. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether an event may be added; asked before it gets a position, so that positions have no gaps. */
  get takesEvents(): boolean {
    return this.#queue.length < this.#limits.waiting;
  }

  add(change: RecordChange): void {
    if (this.#queue.length >= this.#limits.waiting * 2) {
      this.#lose(change.kind);
      return;
    }
    this.#queue.push(change);
    if (this.#writing !== undefined) return;
    if (this.#queue.length >= this.#batch) this.#write();
    else this.#schedule(this.#limits.flushMs);
  }

  /** Counts a change that found no room. The first one, and every thousandth, is logged. */
  noteLost(kind: string): void {
    this.#lose(kind);
  }

  /** Writes what waits; resolves when it is in the database or `ms` have passed. Says how many are left. */
  async close(ms: number): Promise<number> {
    this.#closing = true;
    // One attempt at once, whatever the back-off says.
    this.#endPause?.();
    let late = false;
    const alarm = this.#clock.setTimeout(() => {
      late = true;
      this.#wake?.();
    }, ms);
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    while (this.#queue.length > 0 && !late) {
      if (this.#writing === undefined) this.#write();
      await Promise.race([this.#writing, woken]);
    }
    this.#clock.clearTimeout(alarm);
    this.#clock.clearTimeout(this.#timer);
    this.#endPause?.();
    this.#clock.clearTimeout(this.#pause);
    this.#timer = undefined;
    if (this.#queue.length > 0) this.#log.error({ changes: this.#queue.length }, 'call records are lost');
    return this.#queue.length;
  }

  #schedule(ms: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => this.#write(), ms);
  }

  #write(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#queue.length === 0) return;
    this.#writing = this.#writeBatch(this.#queue.slice(0, this.#batch)).finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeBatch(batch: readonly RecordChange[]): Promise<void> {
    let pause = 0;
    try {
      await this.#store.apply(batch);
      this.#queue.splice(0, batch.length);
      this.#retryMs = FIRST_RETRY_MS;
      this.#batch = Math.min(this.#limits.batch, this.#batch * 2);
    } catch (error) {
      pause = this.#failed(batch, error);
    }
    if (pause > 0) {
      await new Promise<void>((resolve) => {
        this.#endPause = resolve;
        this.#pause = this.#clock.setTimeout(resolve, pause);
      });
      this.#clock.clearTimeout(this.#pause);
    }
    if (!this.#closing && this.#queue.length > 0) {
      // Under load the next batch has filled meanwhile; otherwise it waits for company again.
      this.#schedule(this.#queue.length >= this.#batch || pause > 0 ? 0 : this.#limits.flushMs);
    }
  }

  /** Returns how long to wait before the next attempt. */
  #failed(batch: readonly RecordChange[], error: unknown): number {
    if (!isRefusal(error)) {
      const pause = this.#retryMs;
      this.#retryMs = Math.min(LAST_RETRY_MS, pause * 2);
      this.#log.error(
        { err: error, waiting: this.#queue.length, pause },
        'call records cannot be written yet',
      );
      return pause;
    }
    if (batch.length > 1) {
      this.#batch = Math.ceil(batch.length / 2);
      return 0;
    }
    this.#queue.shift();
    this.#log.error({ err: error }, 'the database refuses a change of a call record');
    this.#lose(batch[0]?.kind ?? 'nothing');
    return 0;
  }

  #lose(kind: string): void {
    this.#lost++;
    if (this.#lost % 1_000 !== 1) return;
    this.#log.error({ kind, lost: this.#lost }, 'changes of call records are left out');
  }
}

/** SQLSTATE classes 22 (data) and 23 (constraints): the same change would be refused again. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^2[23]...$/.test(code);
}
