/** Dice that are fast enough for millions of messages (xorshift32): the same run for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    // A state of zero would stay zero.
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
  }

  /** An integer in [0, below). */
  int(below: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % below;
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.int(n) === 0;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.int(of.length)]!;
  }
}
