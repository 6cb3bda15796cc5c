/**
 * How much of a signal is one frequency (Goertzel's algorithm: one bin of a Fourier transform). The demo and the tests
 * measure with it what a phone really heard.
 */

/** Power at `frequency` (Hz), as mean square of that component: a full sine of amplitude a gives a²/2. */
export function goertzelPower(samples: ArrayLike<number>, frequency: number, sampleRate = 8000): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / sampleRate);
  let previous = 0;
  let beforePrevious = 0;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]! + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = value;
  }
  const magnitude =
    previous * previous + beforePrevious * beforePrevious - coefficient * previous * beforePrevious;
  return samples.length === 0 ? 0 : (2 * magnitude) / (samples.length * samples.length);
}

/** Mean square of the whole signal. */
export function totalPower(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return samples.length === 0 ? 0 : sum / samples.length;
}

/** The part of the signal's power that is at `frequency`: near 1 for that tone alone, near 0 for silence or another. */
export function toneShare(samples: ArrayLike<number>, frequency: number, sampleRate = 8000): number {
  const total = totalPower(samples);
  return total === 0 ? 0 : Math.min(1, goertzelPower(samples, frequency, sampleRate) / total);
}
