/**
 * The beep of an answering machine: one steady frequency, and little else, for a while (Goertzel). Speech holds no
 * single frequency that long; two of DTMF or of a progress tone are two. Pure: samples of 8 kHz in, frequencies out.
 */
import { goertzelPower, totalPower } from '../media/goertzel.ts';

const RATE = 8000;
/** 20 ms. */
const FRAME = 160;
/** A beep has this length at least. */
const MIN_FRAMES = 7;
/** Of the power that must be in the one frequency; half a step beside it costs a fifth. */
const SHARE = 0.7;
/** Mean square of −40 dBov. */
const QUIETEST = (32768 / 100) ** 2 / 2;
/** Where machines beep. A step is half a bin of a frame. */
const SCAN = { from: 400, to: 2200, step: 25 };
/** A frequency that was asked for is found this far beside it. */
const NEAR = 30;

const ALL: readonly number[] = Array.from(
  { length: (SCAN.to - SCAN.from) / SCAN.step + 1 },
  (_, index) => SCAN.from + index * SCAN.step,
);

export class BeepDetector {
  readonly #frequencies: readonly number[];
  readonly #frame = new Int16Array(FRAME);
  #filled = 0;
  #frequency = 0;
  #frames = 0;

  /** `frequencies`: which ones (Hz); empty: any from 400 to 2200. */
  constructor(frequencies: readonly number[]) {
    this.#frequencies = frequencies;
  }

  /** The frequency of a beep that has just become one, once for each beep; undefined otherwise. */
  push(samples: Int16Array): number | undefined {
    let found: number | undefined;
    for (const sample of samples) {
      this.#frame[this.#filled++] = sample;
      if (this.#filled < FRAME) continue;
      this.#filled = 0;
      found ??= this.#judge();
    }
    return found;
  }

  #judge(): number | undefined {
    const power = totalPower(this.#frame);
    const best = power < QUIETEST ? undefined : this.#best(power);
    if (best === undefined || Math.abs(best - this.#frequency) > 2 * SCAN.step) {
      this.#frequency = best ?? 0;
      this.#frames = best === undefined ? 0 : 1;
      return undefined;
    }
    return ++this.#frames === MIN_FRAMES ? this.#asked(best) : undefined;
  }

  #best(power: number): number | undefined {
    let best: number | undefined;
    let most = SHARE * power;
    for (const frequency of this.#frequencies.length === 0 ? ALL : this.#around()) {
      const own = goertzelPower(this.#frame, frequency, RATE);
      if (own > most) [best, most] = [frequency, own];
    }
    return best;
  }

  #around(): readonly number[] {
    return this.#frequencies.flatMap((one) => [one - SCAN.step, one, one + SCAN.step]);
  }

  /** As the caller named it. */
  #asked(found: number): number {
    return this.#frequencies.find((one) => Math.abs(one - found) <= NEAR) ?? found;
  }
}
