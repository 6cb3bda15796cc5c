/**
 * What to play where a packet was lost: the last period of the voice again and again, at full level for 10 ms, then
 * fading to nothing at 60 ms. The idea is that of ITU-T G.711 Appendix I; the figures are its, for 8 kHz.
 */

/** Longest and shortest period looked for: 66 to 200 Hz. */
const MIN_PERIOD = 40;
const MAX_PERIOD = 120;
/** Samples that are compared to find it: 20 ms. */
const WINDOW = 160;
/** Sound that must be known from before the loss: 35 ms. */
export const HISTORY = WINDOW + MAX_PERIOD;
/** After this nothing more is invented. */
export const MAX_CONCEALED = 480;
const FULL_LEVEL = 80;
/** Over this many samples the invented sound passes into the real one: 4 ms. */
export const BLEND = 32;

/** Fills `out` from the `HISTORY` samples that came before it. */
export function conceal(history: Int16Array, out: Int16Array, count: number): void {
  const period = periodOf(history);
  const from = HISTORY - period;
  // The end of a period runs into its beginning: the last quarter is mixed with what came before the beginning.
  const overlap = period >> 2;
  for (let i = 0; i < count; i++) {
    const at = i % period;
    let value = history[from + at]!;
    const into = at - (period - overlap);
    if (into >= 0) {
      const share = (into + 1) / (overlap + 1);
      value = value * (1 - share) + history[from - overlap + into]! * share;
    }
    out[i] = Math.round(value * levelAt(i));
  }
}

/** 1 for 10 ms, then straight to 0 at 60 ms. */
function levelAt(sample: number): number {
  if (sample < FULL_LEVEL) return 1;
  return Math.max(0, 1 - (sample - FULL_LEVEL) / (MAX_CONCEALED - FULL_LEVEL));
}

/** The shift at which the last 20 ms look most like what came before them. */
function periodOf(history: Int16Array): number {
  const start = HISTORY - WINDOW;
  let best = MAX_PERIOD;
  let bestScore = 0;
  for (let period = MIN_PERIOD; period <= MAX_PERIOD; period++) {
    let product = 0;
    let energy = 1;
    for (let i = start; i < HISTORY; i++) {
      const earlier = history[i - period]!;
      product += history[i]! * earlier;
      energy += earlier * earlier;
    }
    const score = product <= 0 ? 0 : (product * product) / energy;
    if (score > bestScore) {
      bestScore = score;
      best = period;
    }
  }
  return best;
}
