import type { Clock, TimerHandle } from './clock.ts';

/** How often the clock is looked at, and over how long a time lateness is averaged; ms. */
const LOOK_MS = 50;
const MEMORY_MS = 3000;

/** How late this thread is with its work: an average of the last seconds, so that a short pause counts for little. */
export class Lateness {
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;
  #averageMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#look();
  }

  /** Milliseconds. */
  get averageMs(): number {
    return this.#averageMs;
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #look(): void {
    const begun = this.#clock.monotonic();
    this.#timer = this.#clock.setTimeout(() => {
      const took = this.#clock.monotonic() - begun;
      const weight = 1 - Math.exp(-took / MEMORY_MS);
      this.#averageMs += weight * (Math.max(0, took - LOOK_MS) - this.#averageMs);
      this.#look();
    }, LOOK_MS);
  }
}
