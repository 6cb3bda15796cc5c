/**
 * Time, handed in. Nothing below `main.ts` reads the machine's clock or sets a timer by itself, so that
 * transactions, dialogs and calls run unchanged on a virtual clock in tests (test/kit/virtual-clock.ts).
 */
export interface TimerHandle {
  readonly id: number | NodeJS.Timeout;
}

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. For records and expiry dates, never for durations. */
  now(): number;
  /** Monotonic time in milliseconds, with fractions. For durations and deadlines. */
  monotonic(): number;
  /** Calls back once, `ms` milliseconds from now. */
  setTimeout(callback: () => void, ms: number): TimerHandle;
  /** Does nothing for `undefined` or a timer that has fired. */
  clearTimeout(handle: TimerHandle | undefined): void;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, ms) => ({ id: setTimeout(callback, ms) }),
  clearTimeout: (handle) => {
    if (handle !== undefined) clearTimeout(handle.id as NodeJS.Timeout);
  },
};
