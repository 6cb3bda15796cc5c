import { expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { Lateness } from './lateness.ts';

/** A thread that comes to its timers `late` ms after they were due. */
class LateThread {
  late = 0;
  armed = 0;
  #now = 0;
  #due: { readonly at: number; readonly run: () => void } | undefined;

  readonly clock: Clock = {
    now: () => this.#now,
    monotonic: () => this.#now,
    setTimeout: (run, ms) => {
      this.armed += 1;
      this.#due = { at: this.#now + ms, run };
      return { id: this.armed };
    },
    clearTimeout: () => {
      this.armed = 0;
      this.#due = undefined;
    },
  };

  work(ms: number): void {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now = (this.#due?.at ?? end) + this.late;
      this.#due?.run();
    }
  }
}

it('is small for a thread in time and after one pause, large while work waits, and small again afterwards', () => {
  const thread = new LateThread();
  const lateness = new Lateness(thread.clock);
  thread.work(5_000);
  expect(lateness.averageMs).toBe(0);
  thread.late = 300;
  thread.work(300);
  expect(lateness.averageMs).toBeLessThan(60);
  thread.late = 900;
  thread.work(12_000);
  expect(lateness.averageMs).toBeGreaterThan(800);
  thread.late = 0;
  thread.work(9_000);
  expect(lateness.averageMs).toBeLessThan(60);
  lateness.close();
  expect(thread.armed).toBe(0);
});
