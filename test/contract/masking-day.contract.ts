import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTrace } from '../../src/cli/numbers-command.ts';
import { seededRandom } from '../../src/kernel/seeded-random.ts';
import { madeUpOrders } from '../../src/masking/made-up-orders.ts';
import { type PlannedOrder, planNumbers } from '../../src/masking/plan-numbers.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { callsOfDay, type DayCall, traceOf } from '../kit/day-of-calls.ts';
import { makeApplication, openMasking } from '../kit/masking-world.ts';
import { OwnTimes } from '../kit/own-times.ts';
import { type PlayedDay, playDay } from '../kit/played-day.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';

const MIDNIGHT = Date.UTC(2026, 2, 2);
const COOL_OFF_MS = 3_600_000;
/** So few that they order again while a number cools off. */
const PASSENGERS = 12;

/** What the planner promises of a day, and what a pool promises its callers, whichever database is below. */
export function maskingDayContract(name: string, places: StoragePlaces): void {
  describe(`a day of orders on ${name}`, () => {
    const clock = new OwnTimes(MIDNIGHT);
    let storage: Storage;
    beforeAll(async () => {
      storage = await openMasking(await places.fresh(), clock);
    });
    afterAll(async () => {
      await storage.close();
      await places.close();
    });

    const play = async (
      numbers: number,
      coolOffSeconds: number,
      day: { readonly orders: readonly PlannedOrder[]; readonly calls: readonly DayCall[] },
    ): Promise<PlayedDay> => {
      const { id: applicationId } = await makeApplication(storage, numbers);
      const pool = { applicationId, name: 'default', coolOffSeconds, sharing: false };
      await storage.masking.pools.putPool(pool);
      return await playDay({ storage, clock, applicationId, atOnce: 4, ...day });
    };

    it('[row 31] the planned numbers are enough, and every call reaches whom it means or nobody', async () => {
      const orders = readTrace(traceOf(dayOfOrders(8)));
      const { numbers } = planNumbers(orders, { coolOffMs: COOL_OFF_MS });
      const calls = callsOfDay(orders, { calls: 250, lateShare: 0.3, coolOffMs: COOL_OFF_MS, seed: 1 });
      const { calls: tally, ...played } = await play(numbers, COOL_OFF_MS / 1000, { orders, calls });
      expect(played).toEqual({ made: orders.length, refused: 0, numbers, leftOpen: 0 });
      const { right, refused, again, ...others } = tally;
      expect(others).toEqual({ wrong: 0, missed: 0, wrongLate: 0 });
      expect(right + refused + again).toBe(calls.length);
      expect(right).toBe(calls.filter(({ order, at }) => at < orders[order]!.end).length);
      expect(again).toBeGreaterThan(0);
    });

    it('what the pool is for: below the bound orders are refused, and without a cool-off strangers meet', async () => {
      const orders = dayOfOrders(2);
      const plan = planNumbers(orders, { coolOffMs: 0 });
      const calls = callsOfDay(orders, { calls: 60, lateShare: 0.8, coolOffMs: COOL_OFF_MS, seed: 1 });
      const played = await play(plan.lowerBound - 1, 0, { orders, calls });
      expect(played.refused).toBeGreaterThan(0);
      expect(played.made + played.refused).toBe(orders.length);
      expect(played.calls).toMatchObject({ wrong: 0, missed: 0 });
      expect(played.calls.wrongLate).toBeGreaterThan(0);
    });
  });
}

/** Drivers hold up to four. */
function dayOfOrders(perHour: number): readonly PlannedOrder[] {
  const steps = madeUpOrders({ perHour, minutes: 40, held: 4 }, seededRandom(3));
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value.map(({ a, start, end }, index) => ({
    a,
    b: `passenger ${index % PASSENGERS}`,
    start: MIDNIGHT + start,
    end: MIDNIGHT + end,
  }));
}
