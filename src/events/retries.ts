import type { Random } from '../kernel/random.ts';

/**
 * Seconds from each failed attempt to the next: 5 s, 5 min, 30 min, 2 h, 5 h, 8 h, 8 h. With the first, at once, that is eight
 * attempts within 23 h 35 min; the convention of Standard Webhooks asks for about a day, more often at its beginning.
 */
export const RETRY_SECONDS: readonly number[] = [5, 300, 1_800, 7_200, 18_000, 28_800, 28_800];

/** Of each time, added by chance, so that what failed together does not come back together. */
const JITTER = 0.05;

/** Until when the last attempt is made: what is 25 hours old is given up (`storage/outbox.ts`). The schedule alone ends before. */
const LAST_ATTEMPT_MS = (24 * 60 + 50) * 60_000;

/**
 * Milliseconds until the next attempt; undefined: that was the last one.
 *
 * A receiver that asks to be left alone for longer than the schedule would is left alone so long, but has its last chance
 * before the day is over. Who asks for less gets the schedule: else one that always says "in a second" would use up all
 * attempts within seconds.
 *
 * @param attempts made so far, the one that has just failed included.
 * @param ageMs since the delivery was put into the outbox.
 * @param askedMs how long the receiver wants to be left alone (`retry-after.ts`), if it said so.
 */
export function againInMs(
  attempts: number,
  random: Random,
  { ageMs, askedMs = 0 }: { readonly ageMs: number; readonly askedMs?: number | undefined },
): number | undefined {
  const seconds = RETRY_SECONDS[attempts - 1];
  const left = LAST_ATTEMPT_MS - ageMs;
  if (seconds === undefined || left <= 0) return undefined;
  const wait = Math.max(seconds * 1000, askedMs) * (1 + (JITTER * random.int(1_000)) / 1_000);
  return Math.round(Math.min(wait, left));
}
