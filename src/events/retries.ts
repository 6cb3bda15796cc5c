import type { Random } from '../kernel/random.ts';

/**
 * Seconds from each failed attempt to the next: 5 s, 5 min, 30 min, 2 h, 5 h, 8 h, 8 h. With the first, at once, that is eight
 * attempts within 23 h 35 min; the convention of Standard Webhooks asks for about a day, more often at its beginning.
 */
export const RETRY_SECONDS: readonly number[] = [5, 300, 1_800, 7_200, 18_000, 28_800, 28_800];

/** Of each time, added by chance, so that what failed together does not come back together. */
const JITTER = 0.05;

/**
 * Milliseconds until the next attempt; undefined: that was the last one.
 *
 * @param attempts made so far, the one that has just failed included.
 */
export function againInMs(attempts: number, random: Random): number | undefined {
  const seconds = RETRY_SECONDS[attempts - 1];
  if (seconds === undefined) return undefined;
  return Math.round(seconds * 1000 * (1 + (JITTER * random.int(1_000)) / 1_000));
}
