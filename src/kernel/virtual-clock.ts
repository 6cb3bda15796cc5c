import type { Clock, TimerHandle } from './clock.ts';

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
  /** A binary heap by (due, id). Timers that were cleared stay in it until they come up. */
  readonly #heap: Timer[] = [];
  readonly #epoch: number;
  readonly #settle: () => Promise<void>;

  /** `settled`: how promises that a timer settles are waited for; the default waits for a turn of the event loop too. */
  constructor(epoch = Date.UTC(2026, 0, 1), settled: () => Promise<void> = settle) {
    this.#epoch = epoch;
    this.#settle = settled;
  }

  now(): number {
    return this.#epoch + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  setTimeout(callback: () => void, ms: number): TimerHandle {
    const timer = { id: this.#nextId++, due: this.#time + Math.max(0, ms), callback };
    this.#timers.set(timer.id, timer);
    this.#push(timer);
    return { id: timer.id };
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle !== undefined) this.#timers.delete(handle.id as number);
  }

  /** Live timers; the leak check wants 0. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  get nextIn(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : Math.max(0, next.due - this.#time);
  }

  /** Runs everything that falls due within the next `ms` milliseconds, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms;
    await this.#settle();
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) {
      this.#time = Math.max(this.#time, next.due);
      this.#timers.delete(next.id);
      next.callback();
      await this.#settle();
    }
    this.#time = end;
  }

  /** The live timer that is due first. */
  #next(): Timer | undefined {
    while (this.#heap.length > 0 && !this.#timers.has(this.#heap[0]!.id)) this.#pop();
    return this.#heap[0];
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, timer)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (child >= heap.length || isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.due < b.due || (a.due === b.due && a.id < b.id);
}

/** Lets every promise that is ready run, several turns deep. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
}
