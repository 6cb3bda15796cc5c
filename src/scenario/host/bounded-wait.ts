import type { Clock } from '../../kernel/clock.ts';

/** What the end of a session waits for, each within its bound, and less when the service is in a hurry. */
export class BoundedWait {
  readonly #clock: Clock;
  readonly #held = new Set<Promise<unknown>>();
  readonly #hurry = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Work that has to be over before the session is: a call that says goodbye, a recording that is being finished. */
  hold(work: Promise<unknown>): void {
    const done = work.catch(() => {}).finally(() => this.#held.delete(done));
    this.#held.add(done);
  }

  allHeld(seconds: number): Promise<void> {
    return this.within(seconds, Promise.all(this.#held));
  }

  /** Until the work is done, the time is up, or there is a hurry. */
  async within(seconds: number, work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(resolve, seconds * 1000);
    await Promise.race([work, promise, this.#hurry.promise]);
    this.#clock.clearTimeout(timer);
  }

  /** Nothing is waited for any more once `ms` have passed. Returns the function that takes this back. */
  hurryIn(ms: number): () => void {
    const timer = this.#clock.setTimeout(() => this.#hurry.resolve(), ms);
    return () => this.#clock.clearTimeout(timer);
  }
}
