import type { Clock } from '../kernel/clock.ts';

/** In a row; one or two are an accident. */
const FAILURES_TO_OPEN = 5;
/** A backend that restarts is back within so long, and a caller who is not answered for it hears nothing. */
const OPEN_MS = 10_000;
/** Backends that are remembered at once; who fails so many of them at a time has other worries. */
const MAX_REMEMBERED = 1_000;

interface State {
  failures: number;
  /** Monotonic ms; asked again from then on. */
  openUntil: number;
}

/**
 * Circuit breakers, one for each backend that fails: after five failures in a row nobody waits for it, and every ten seconds one
 * request tries whether it is back. In the memory of the node: each finds out for itself, and a restart may ask once more.
 */
export class Circuits {
  readonly #clock: Clock;
  readonly #states = new Map<string, State>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether to ask. Who is told so while the circuit is open is the one who tries, and says afterwards what came of it. */
  mayAsk(backend: string): boolean {
    const state = this.#states.get(backend);
    if (state === undefined || state.failures < FAILURES_TO_OPEN) return true;
    const now = this.#clock.monotonic();
    if (now < state.openUntil) return false;
    // Half open: the others wait for this one, and should it never be told of, they try after the same time.
    state.openUntil = now + OPEN_MS;
    return true;
  }

  succeeded(backend: string): void {
    this.#states.delete(backend);
  }

  failed(backend: string): void {
    const failures = (this.#states.get(backend)?.failures ?? 0) + 1;
    this.#states.delete(backend);
    this.#states.set(backend, { failures, openUntil: this.#clock.monotonic() + OPEN_MS });
    const oldest = this.#states.size > MAX_REMEMBERED ? this.#states.keys().next().value : undefined;
    if (oldest !== undefined) this.#states.delete(oldest);
  }
}
