/**
 * Targets that could not be reached a moment ago are tried last, each for itself and never its whole domain (PITFALLS
 * row 22): otherwise every call would wait out the time-out of a dead machine before it reaches the living one.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Target } from '../transport/types.ts';

/** Long enough to spare a busy minute, short enough to notice a repair. ms */
const PENALTY = 30_000;
/** Of a Retry-After: one of hours is a mistake or somebody else's trouble. ms */
const MIN_PENALTY = 1_000;
const MAX_PENALTY = 600_000;
const CAPACITY = 1_000;

export class FailedTargets {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `seconds`: the Retry-After of a 503, which is remembered up to ten minutes. */
  failed(target: Target, seconds = PENALTY / 1000): void {
    const penalty = Math.min(Math.max(seconds * 1000, MIN_PENALTY), MAX_PENALTY);
    this.#until.delete(keyOf(target));
    this.#until.set(keyOf(target), this.#clock.monotonic() + penalty);
    if (this.#until.size > CAPACITY) this.#until.delete(this.#until.keys().next().value!);
  }

  answered(target: Target): void {
    this.#until.delete(keyOf(target));
  }

  /** In the given order, those that failed lately behind the others. */
  order(targets: readonly Target[]): Target[] {
    const good = targets.filter((target) => !this.#isFailed(target));
    return [...good, ...targets.filter((target) => !good.includes(target))];
  }

  #isFailed(target: Target): boolean {
    return (this.#until.get(keyOf(target)) ?? Number.NEGATIVE_INFINITY) > this.#clock.monotonic();
  }
}

function keyOf({ transport, host, port }: Target): string {
  return `${transport}|${host}|${port}`;
}
