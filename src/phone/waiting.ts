import type { Clock, TimerHandle } from '../kernel/clock.ts';

interface Waiter {
  readonly look: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly what: string;
  timer: TimerHandle | undefined;
}

/**
 * Waits for a condition and never for a duration: whoever changes something calls `changed()`, which looks at every
 * condition again. A wait that is not over in time rejects and says what it waited for and what it saw.
 */
export class Waiting {
  readonly #clock: Clock;
  readonly #describe: () => string;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock, describe: () => string) {
    this.#clock = clock;
    this.#describe = describe;
  }

  /** `look` may throw: the wait then rejects with that error (the condition cannot come true any more). */
  until(what: string, look: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { look, resolve, reject, what, timer: undefined };
      this.#waiters.add(waiter);
      if (this.#tryOne(waiter)) return;
      waiter.timer = this.#clock.setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`waited ${timeoutMs} ms for ${what}; ${this.#describe()}`));
      }, timeoutMs);
    });
  }

  changed(): void {
    for (const waiter of [...this.#waiters]) this.#tryOne(waiter);
  }

  /** Rejects everything that still waits. */
  abort(reason: string): void {
    for (const waiter of [...this.#waiters]) {
      this.#finish(waiter, new Error(`${reason} while waiting for ${waiter.what}; ${this.#describe()}`));
    }
  }

  #tryOne(waiter: Waiter): boolean {
    try {
      if (!waiter.look()) return false;
      this.#finish(waiter);
    } catch (error) {
      this.#finish(waiter, error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }

  #finish(waiter: Waiter, error?: Error): void {
    if (!this.#waiters.delete(waiter)) return;
    this.#clock.clearTimeout(waiter.timer);
    if (error === undefined) waiter.resolve();
    else waiter.reject(error);
  }
}
