import type { Clock, TimerHandle } from '../../src/kernel/clock.ts';

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly callback: () => void;
}

/**
 * A clock that moves only when told. Timers due at the same instant run in the order in which they were set, and all
 * promises that a timer settles run before the next one, so that a run is the same every time.
 */
export class VirtualClock implements Clock {
  #time = 0;
  #nextId = 1;
  readonly #timers = new Map<number, Timer>();
  readonly #epoch: number;

  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  setTimeout(callback: () => void, ms: number): TimerHandle {
    const id = this.#nextId++;
    this.#timers.set(id, { id, due: this.#time + Math.max(0, ms), callback });
    return { id };
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle !== undefined) this.#timers.delete(handle.id as number);
  }

  /** Live timers; the leak check wants 0. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Runs everything that falls due within the next `ms` milliseconds, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms;
    await settle();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.due > end) break;
      this.#time = Math.max(this.#time, next.due);
      this.#timers.delete(next.id);
      next.callback();
      await settle();
    }
    this.#time = end;
  }

  #next(): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (best === undefined || timer.due < best.due || (timer.due === best.due && timer.id < best.id))
        best = timer;
    }
    return best;
  }
}

/** Lets every promise that is ready run, several turns deep. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
}
