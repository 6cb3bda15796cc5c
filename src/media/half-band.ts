/**
 * 8 kHz to 16 kHz and back, frame by frame, for sound that goes on: a half-band filter (windowed sinc, Blackman), of
 * which every other weight is zero. Delays by 1.5 ms.
 */

/** To either side: 3.3 kHz passes, and what would fold back from beyond 4.7 kHz is 60 dB down. */
const ARMS = 12;
/** Of the neighbours at distances 0.5, 1.5, … narrow samples; they add up to one. */
const WEIGHTS = weights();

function weights(): Float64Array {
  const out = Float64Array.from({ length: ARMS }, (_, k) => {
    const x = k + 0.5;
    const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / ARMS) + 0.08 * Math.cos((2 * Math.PI * x) / ARMS);
    return (Math.sin(Math.PI * x) / (Math.PI * x)) * window;
  });
  const sum = 2 * out.reduce((total, weight) => total + weight, 0);
  return out.map((weight) => weight / sum);
}

const clamp = (value: number): number => Math.max(-32768, Math.min(32767, Math.round(value)));

/** 8 kHz → 16 kHz. */
export class Doubler {
  /** The last samples of what came before, then the frame. */
  #line = new Float64Array(2 * ARMS - 1);

  /** Twice as many samples as came in; a new array. */
  process(samples: Int16Array): Int16Array {
    const kept = 2 * ARMS - 1;
    const line = new Float64Array(kept + samples.length);
    line.set(this.#line);
    line.set(samples, kept);
    const out = new Int16Array(2 * samples.length);
    for (let n = 0; n < samples.length; n++) {
      out[2 * n] = line[n + ARMS - 1]!;
      let sum = 0;
      for (let k = 0; k < ARMS; k++) sum += WEIGHTS[k]! * (line[n + ARMS - 1 - k]! + line[n + ARMS + k]!);
      out[2 * n + 1] = clamp(sum);
    }
    this.#line = line.slice(samples.length);
    return out;
  }
}

/** 16 kHz → 8 kHz. */
export class Halver {
  #line = new Float64Array(4 * ARMS - 2);

  /** Half as many samples as came in, rounded down or up in turn; a new array. */
  process(samples: Int16Array): Int16Array {
    const kept = this.#line.length;
    const line = new Float64Array(kept + samples.length);
    line.set(this.#line);
    line.set(samples, kept);
    // The centre of the filter lies in the middle of its 4·ARMS − 1 samples.
    const centre = 2 * ARMS - 1;
    const count = Math.max(0, Math.floor((line.length - 2 * centre + 1) / 2));
    const out = new Int16Array(count);
    for (let n = 0; n < count; n++) {
      const at = 2 * n + centre;
      let sum = 0;
      for (let k = 0; k < ARMS; k++) sum += WEIGHTS[k]! * (line[at - 2 * k - 1]! + line[at + 2 * k + 1]!);
      out[n] = clamp((line[at]! + sum) / 2);
    }
    this.#line = line.slice(2 * count);
    return out;
  }
}
