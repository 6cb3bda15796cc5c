/**
 * How much of a signal is one frequency (Goertzel's algorithm: one bin of a Fourier transform). The demo and the tests
 * measure with it what a phone really heard.
 */

/** Seconds of a piece in `toneShare`. */
const PIECE = 0.1;

/** Power at `frequency` (Hz), as mean square of that component: a full sine of amplitude a gives a²/2. */
export function goertzelPower(
  samples: ArrayLike<number>,
  frequency: number,
  sampleRate = 8000,
  from = 0,
  to = samples.length,
): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / sampleRate);
  let previous = 0;
  let beforePrevious = 0;
  for (let i = from; i < to; i++) {
    const value = samples[i]! + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = value;
  }
  const magnitude =
    previous * previous + beforePrevious * beforePrevious - coefficient * previous * beforePrevious;
  return to === from ? 0 : (2 * magnitude) / ((to - from) * (to - from));
}

/** Mean square of the whole signal. */
export function totalPower(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return samples.length === 0 ? 0 : sum / samples.length;
}

/**
 * The part of the signal's power that is at `frequency`: near 1 for that tone alone, near 0 for silence or another. Measured
 * piece by piece: where a packet was lost or late the tone goes on in another phase, and is the same tone all the same.
 */
export function toneShare(samples: ArrayLike<number>, frequency: number, sampleRate = 8000): number {
  const { length } = samples;
  const total = totalPower(samples);
  if (total === 0) return 0;
  const pieces = Math.max(1, Math.floor(length / (PIECE * sampleRate)));
  let tone = 0;
  for (let index = 0; index < pieces; index++) {
    const from = Math.floor((index * length) / pieces);
    const to = Math.floor(((index + 1) * length) / pieces);
    tone += (goertzelPower(samples, frequency, sampleRate, from, to) * (to - from)) / length;
  }
  return Math.min(1, tone / total);
}
