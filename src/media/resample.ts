/**
 * Any rate to 8 kHz: a windowed-sinc low-pass filter (Blackman) evaluated at the output instants only. The filter rows
 * repeat after `8000 / gcd` outputs, so each is made once.
 */

const OUTPUT_RATE = 8000;
/** Zero crossings of the sinc to either side: 24 give more than 70 dB where the telephone band ends. */
const ZERO_CROSSINGS = 24;
/** Of the lower of the two Nyquist frequencies: leaves room for the filter's slope. */
const CUTOFF = 0.93;

export class Resampler {
  readonly #input: Int16Array;
  readonly #rate: number;
  readonly #halfWidth: number;
  readonly #scale: number;
  readonly #rows = new Map<number, Float32Array>();
  /** How many samples there will be at 8 kHz. */
  readonly outputLength: number;

  constructor(input: Int16Array, rate: number) {
    this.#input = input;
    this.#rate = rate;
    this.outputLength = Math.floor((input.length * OUTPUT_RATE) / rate);
    // Cut-off in cycles per input sample, times two.
    this.#scale = Math.min(1, OUTPUT_RATE / rate) * CUTOFF;
    this.#halfWidth = Math.ceil(ZERO_CROSSINGS / this.#scale);
  }

  /** Writes the outputs [from, to) to `out`; a long file is converted in slices so that nothing else waits for it. */
  process(out: Int16Array, from: number, to: number): void {
    for (let n = from; n < to; n++) {
      const position = n * this.#rate;
      const centre = Math.floor(position / OUTPUT_RATE);
      const row = this.#row(position % OUTPUT_RATE);
      const first = centre - this.#halfWidth + 1;
      let sum = 0;
      for (let k = 0; k < row.length; k++) {
        const index = first + k;
        if (index >= 0 && index < this.#input.length) sum += row[k]! * this.#input[index]!;
      }
      out[n] = Math.max(-32768, Math.min(32767, Math.round(sum)));
    }
  }

  /** Weights of the inputs around an output that lies `phase / 8000` input samples after one of them. */
  #row(phase: number): Float32Array {
    const known = this.#rows.get(phase);
    if (known !== undefined) return known;
    const row = new Float32Array(2 * this.#halfWidth);
    let sum = 0;
    for (let k = 0; k < row.length; k++) {
      const distance = k - this.#halfWidth + 1 - phase / OUTPUT_RATE;
      const weight = sinc(distance * this.#scale) * blackman(distance / this.#halfWidth);
      row[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < row.length; k++) row[k] = row[k]! / sum;
    this.#rows.set(phase, row);
    return row;
  }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** `x` from −1 to 1. */
function blackman(x: number): number {
  return Math.abs(x) >= 1 ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
}

/** The whole input at once. */
export function resampleTo8k(input: Int16Array, rate: number): Int16Array {
  if (rate === OUTPUT_RATE) return input;
  const resampler = new Resampler(input, rate);
  const out = new Int16Array(resampler.outputLength);
  resampler.process(out, 0, out.length);
  return out;
}
