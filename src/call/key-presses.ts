import type { Clock } from '../kernel/clock.ts';

/** How a key press was told: in the sound's stream (RFC 4733), or by INFO. */
export type KeySource = 'rtp' | 'info';

interface Press {
  readonly digit: string;
  readonly source: KeySource;
  readonly at: number;
}

/** Longer than anybody keeps a key down: the two messages of one press are never further apart. */
const SAME_PRESS_MS = 5_000;
const REMEMBERED = 32;

/**
 * One press is one digit, also from a phone that tells it both ways (PITFALLS row 35): a digit that has not yet been
 * told the other way opens a pair, the same digit told the other way closes it.
 */
export class KeyPresses {
  readonly #clock: Clock;
  #open: Press[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this is a press that was not told yet. */
  isNew(digit: string, source: KeySource): boolean {
    const at = this.#clock.monotonic();
    this.#open = this.#open.filter((press) => at - press.at <= SAME_PRESS_MS).slice(-REMEMBERED);
    const told = this.#open.findIndex((press) => press.digit === digit && press.source !== source);
    if (told >= 0) this.#open.splice(told, 1);
    else this.#open.push({ digit, source, at });
    return told < 0;
  }
}
