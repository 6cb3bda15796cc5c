import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, systemClock } from '../../src/kernel/clock.ts';

/**
 * A clock whose wall-clock time each piece of work has for itself, whatever it waits for: what happens at different moments of
 * a day can be done at once. Timers and durations are the machine's.
 */
export class OwnTimes implements Clock {
  readonly #own = new AsyncLocalStorage<number>();
  #latest: number;

  /** @param start what the time is outside of all pieces of work, until the first. Milliseconds since the epoch, as all. */
  constructor(start: number) {
    this.#latest = start;
  }

  /** For `work` and all that it begins, the time is `at`. */
  at<T>(at: number, work: () => Promise<T>): Promise<T> {
    this.#latest = Math.max(this.#latest, at);
    return this.#own.run(at, work);
  }

  now(): number {
    return this.#own.getStore() ?? this.#latest;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  setTimeout(callback: () => void, ms: number): ReturnType<Clock['setTimeout']> {
    return systemClock.setTimeout(callback, ms);
  }

  clearTimeout(handle: Parameters<Clock['clearTimeout']>[0]): void {
    systemClock.clearTimeout(handle);
  }
}
