/**
 * One sub-band of G.722 (ITU-T G.722, clause 6): the adaptive predictor (block 4) and the logarithmic step size (block 3),
 * which encoder and decoder run alike. Names are the Recommendation's; arithmetic is on 16 bits that saturate, as it asks.
 */

/** 2048 · 2^(i/32): the mantissas of the step size (table ILB). */
const MANTISSAS = Int16Array.from({ length: 32 }, (_, i) => Math.round(2048 * 2 ** (i / 32)));

/** `value`, but within the bounds. */
export const clamp = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(high, value));
/** To 16 bits. */
export const saturate = (value: number): number => clamp(value, -32768, 32767);

export interface BandTables {
  /** Log step change for each magnitude class, and the limit of the log step. */
  readonly steps: readonly number[];
  readonly maxLogStep: number;
  /** Shift that makes the step size of the log step. */
  readonly shift: number;
  readonly firstStep: number;
}

/** Tables WL and WH, limits of LOGSCL and LOGSCH, shifts of SCALEL and SCALEH. */
export const LOW_BAND: BandTables = {
  steps: [-60, -30, 58, 172, 334, 538, 1198, 3042],
  maxLogStep: 18432,
  shift: 8,
  firstStep: 32,
};
export const HIGH_BAND: BandTables = { steps: [0, -214, 798], maxLogStep: 22528, shift: 10, firstStep: 8 };

export class Band {
  /** SL or SH: what is predicted for the next sample. */
  predicted = 0;
  /** DETL or DETH. */
  step: number;
  readonly #tables: BandTables;
  #logStep = 0;
  /** SZ: the part of the prediction that comes from differences. */
  #zeroPart = 0;
  // Poles: coefficients A, reconstructed signals R, partially reconstructed signals P of the last two samples.
  #a1 = 0;
  #a2 = 0;
  #r1 = 0;
  #r2 = 0;
  #p1 = 0;
  #p2 = 0;
  /** Zeros: coefficients B and quantized differences D of the last six samples. */
  readonly #b = new Int16Array(6);
  readonly #d = new Int16Array(6);

  constructor(tables: BandTables) {
    this.#tables = tables;
    this.step = tables.firstStep;
  }

  /** Takes over the state of another band of the same kind. */
  follow(other: Band): void {
    this.predicted = other.predicted;
    this.step = other.step;
    this.#logStep = other.#logStep;
    this.#zeroPart = other.#zeroPart;
    this.#a1 = other.#a1;
    this.#a2 = other.#a2;
    this.#r1 = other.#r1;
    this.#r2 = other.#r2;
    this.#p1 = other.#p1;
    this.#p2 = other.#p2;
    this.#b.set(other.#b);
    this.#d.set(other.#d);
  }

  /** LOGSCL/SCALEL or LOGSCH/SCALEH: `magnitude` is the class of the code that was sent. */
  adaptStep(magnitude: number): void {
    const { steps, maxLogStep, shift } = this.#tables;
    const next = ((this.#logStep * 127) >> 7) + steps[magnitude]!;
    this.#logStep = clamp(next, 0, maxLogStep);
    const mantissa = MANTISSAS[(this.#logStep >> 6) & 31]!;
    const right = shift - (this.#logStep >> 11);
    this.step = (right < 0 ? mantissa << -right : mantissa >> right) << 2;
  }

  /** Block 4: takes the quantized difference of this sample and predicts the next one. */
  adaptPredictor(difference: number): void {
    const reconstructed = saturate(this.predicted + difference);
    const partial = saturate(this.#zeroPart + difference);
    this.#adaptPoles(partial);
    this.#adaptZeros(difference);
    this.#r2 = this.#r1;
    this.#r1 = reconstructed;
    this.#p2 = this.#p1;
    this.#p1 = partial;
    const poles = saturate(
      ((this.#a1 * saturate(2 * this.#r1)) >> 15) + ((this.#a2 * saturate(2 * this.#r2)) >> 15),
    );
    let zeros = 0;
    for (let i = 5; i >= 0; i--) zeros += (this.#b[i]! * saturate(2 * this.#d[i]!)) >> 15;
    this.#zeroPart = saturate(zeros);
    this.predicted = saturate(poles + this.#zeroPart);
  }

  /** UPPOL2 and UPPOL1. */
  #adaptPoles(partial: number): void {
    const same1 = partial >> 31 === this.#p1 >> 31;
    const same2 = partial >> 31 === this.#p2 >> 31;
    const fourTimes = saturate(this.#a1 << 2);
    const drift = Math.min(32767, same1 ? -fourTimes : fourTimes) >> 7;
    const a2 = (same2 ? 128 : -128) + drift + ((this.#a2 * 32512) >> 15);
    this.#a2 = clamp(a2, -12288, 12288);
    const a1 = saturate((same1 ? 192 : -192) + ((this.#a1 * 32640) >> 15));
    const limit = saturate(15360 - this.#a2);
    this.#a1 = clamp(a1, -limit, limit);
  }

  /** UPZERO and DELAYA. */
  #adaptZeros(difference: number): void {
    const b = this.#b;
    const d = this.#d;
    const gain = difference === 0 ? 0 : 128;
    for (let i = 5; i >= 0; i--) {
      const towards = d[i]! >> 31 === difference >> 31 ? gain : -gain;
      b[i] = saturate(towards + ((b[i]! * 32640) >> 15));
    }
    for (let i = 5; i > 0; i--) d[i] = d[i - 1]!;
    d[0] = difference;
  }
}
