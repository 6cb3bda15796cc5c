/**
 * The one 20 ms clock of a worker (PITFALLS row 36). Deadlines are absolute, on a monotonic clock, so that late timers
 * lose no time. What is due is played; when the thread was away for longer than `MAX_CATCH_UP` ticks, the ones in
 * between are skipped rather than sent in a burst: sound pauses, and timestamps advance through the gap.
 */
import type { Clock, TimerHandle } from '../kernel/clock.ts';

export const TICK_MS = 20;
/** The tick that is due and one before it: 20 ms more than usual fit every jitter buffer. */
const MAX_CATCH_UP = 2;
/** One minute of ticks for the lateness percentile. */
const REMEMBERED = 3000;

export class PlayoutClock {
  readonly #clock: Clock;
  readonly #tick: (deadline: number) => void;
  #timer: TimerHandle | undefined;
  #origin = 0;
  #count = 0;
  #running = false;
  readonly #lateness = new Float32Array(REMEMBERED);
  #measured = 0;
  /** Ticks that were never played. */
  skipped = 0;

  /** `tick` gets the deadline that it stands for (monotonic milliseconds; always a multiple of 20 ms after the start). */
  constructor(clock: Clock, tick: (deadline: number) => void) {
    this.#clock = clock;
    this.#tick = tick;
  }

  get running(): boolean {
    return this.#running;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#origin = this.#clock.monotonic();
    this.#count = 0;
    this.#arm();
  }

  stop(): void {
    this.#running = false;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** How late ticks were in the last minute, 99th percentile, milliseconds: the delay of this thread's event loop. */
  latenessP99(): number {
    const count = Math.min(this.#measured, REMEMBERED);
    if (count === 0) return 0;
    const sorted = this.#lateness.slice(0, count).sort();
    return sorted[Math.min(count - 1, Math.floor(count * 0.99))]!;
  }

  #arm(): void {
    const due = this.#origin + (this.#count + 1) * TICK_MS;
    this.#timer = this.#clock.setTimeout(() => this.#wake(), Math.max(0, due - this.#clock.monotonic()));
  }

  #wake(): void {
    if (!this.#running) return;
    const now = this.#clock.monotonic();
    // Timers may fire a fraction of a millisecond early; that is in time.
    const due = Math.floor((now - this.#origin + 0.9) / TICK_MS);
    if (due > this.#count) {
      this.#note(now - (this.#origin + (this.#count + 1) * TICK_MS));
      const first = Math.max(this.#count + 1, due - MAX_CATCH_UP + 1);
      this.skipped += first - this.#count - 1;
      for (let n = first; n <= due && this.#running; n++) {
        this.#count = n;
        this.#tick(this.#origin + n * TICK_MS);
      }
    }
    if (this.#running) this.#arm();
  }

  #note(late: number): void {
    this.#lateness[this.#measured % REMEMBERED] = Math.max(0, late);
    this.#measured += 1;
  }
}
