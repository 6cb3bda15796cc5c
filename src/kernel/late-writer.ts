import type { Clock, TimerHandle } from './clock.ts';

/** How long things wait for company; a process that is killed loses as much. */
const FLUSH_MS = 1_000;
const RETRY_MS = 5_000;
const PURGE_MS = 600_000;
const CLOSE_MS = 2_000;

export interface LateWork {
  /** Writes what waits; what it could not write stays there. Called once at a time. */
  write(): Promise<void>;
  /** Whether something waits. */
  waits(): boolean;
  /** It is tried again. */
  failed(error: unknown): void;
  /** Deletes what is too old or too much. */
  purge(): Promise<void>;
  purgeFailed(error: unknown): void;
}

/**
 * When things are written that nobody waits for, and when old ones are deleted: a second after the first of them came,
 * again after a failure, and every ten minutes. What waits is its owner's.
 */
export class LateWriter {
  readonly #work: LateWork;
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;
  #purgeTimer: TimerHandle | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  /** @param firstPurgeMs after the start: a node that is often started again deletes, too. */
  constructor(work: LateWork, clock: Clock, firstPurgeMs: number) {
    this.#work = work;
    this.#clock = clock;
    this.#schedulePurge(firstPurgeMs);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Something waits. */
  arm(): void {
    this.#arm(FLUSH_MS);
  }

  /** Writes what waits, two seconds at the most. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#purgeTimer);
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(() => late.resolve(), CLOSE_MS);
    await Promise.race([this.#flush(), late.promise]);
    this.#clock.clearTimeout(timer);
  }

  #arm(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, ms);
  }

  async #flush(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    this.#writing = this.#work.write();
    const failed = await this.#writing.then(
      () => false,
      (error: unknown) => {
        this.#work.failed(error);
        return true;
      },
    );
    this.#writing = undefined;
    if (this.#work.waits()) this.#arm(failed ? RETRY_MS : FLUSH_MS);
  }

  #schedulePurge(ms: number): void {
    this.#purgeTimer = this.#clock.setTimeout(() => {
      void this.#work
        .purge()
        .catch((error: unknown) => this.#work.purgeFailed(error))
        .finally(() => {
          if (!this.#closed) this.#schedulePurge(PURGE_MS);
        });
    }, ms);
  }
}
