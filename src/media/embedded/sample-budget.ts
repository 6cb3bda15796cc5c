/**
 * How much sound the players of one session may hold in memory together: a script can name many long files, and every
 * session of the node lives in the same few workers.
 */

/** An hour at 8 kHz: 58 MB. */
const MAX_SAMPLES = 3600 * 8000;

export class SampleBudget {
  readonly #max: number;
  #used = 0;

  constructor(max = MAX_SAMPLES) {
    this.#max = max;
  }

  /** @throws Error when the session holds as much as it may. */
  claim(samples: number): void {
    if (this.#used + samples > this.#max)
      throw new Error(`The players of a session hold at most ${this.#max / 8000 / 60} minutes of sound.`);
    this.#used += samples;
  }

  release(samples: number): void {
    this.#used -= samples;
  }
}
