import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTrace } from '../../src/cli/numbers-command.ts';
import { seededRandom } from '../../src/kernel/seeded-random.ts';
import { madeUpOrders } from '../../src/masking/made-up-orders.ts';
import { type PlannedOrder, planNumbers } from '../../src/masking/plan-numbers.ts';
import { DEFAULT_POLICY, type RoutingPolicy } from '../../src/masking/types.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { callsOfDay, type DayCall, traceOf } from '../kit/day-of-calls.ts';
import { makeApplication, openMasking } from '../kit/masking-world.ts';
import { OwnTimes } from '../kit/own-times.ts';
import { type PlayedDay, playDay } from '../kit/played-day.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';

const MIDNIGHT = Date.UTC(2026, 2, 2);
const COOL_OFF_MS = 3_600_000;
/** So few that they order again while a number cools off. */
const PASSENGERS = 10;

/** Nobody is asked whom they mean. */
const NO_QUESTIONS: RoutingPolicy = { ...DEFAULT_POLICY, ambiguous: ['most-recent'] };

interface PoolRules {
  readonly numbers: number;
  readonly coolOffSeconds: number;
  readonly sharing?: boolean;
}

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
      { numbers, ...rules }: PoolRules,
      day: { readonly orders: readonly PlannedOrder[]; readonly calls: readonly DayCall[] },
    ): Promise<PlayedDay> => {
      const { id: applicationId } = await makeApplication(storage, numbers);
      await storage.masking.pools.putPool({ applicationId, name: 'default', sharing: false, ...rules });
      await storage.masking.resolution.setPolicy(applicationId, NO_QUESTIONS);
      return await playDay({ storage, clock, applicationId, atOnce: 4, ...day });
    };

    it('[row 31] the planned numbers are enough, and every call reaches whom it means or nobody', async () => {
      const orders = readTrace(traceOf(dayOfOrders(7)));
      const { numbers } = planNumbers(orders, { coolOffMs: COOL_OFF_MS });
      const calls = callsOfDay(orders, { calls: 160, lateShare: 0.3, coolOffMs: COOL_OFF_MS, seed: 1 });
      const { calls: tally, ...played } = await play(
        { numbers, coolOffSeconds: COOL_OFF_MS / 1000 },
        { orders, calls },
      );
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
      const played = await play({ numbers: plan.lowerBound - 1, coolOffSeconds: 0 }, { orders, calls });
      expect(played.refused).toBeGreaterThan(0);
      expect(played.made + played.refused).toBe(orders.length);
      expect(played.calls).toMatchObject({ wrong: 0, missed: 0 });
      expect(played.calls.wrongLate).toBeGreaterThan(0);
    });

    it('one number for everybody, where the latest order decides, connects with the wrong ones', async () => {
      const orders = dayOfOrders(1);
      const calls = callsOfDay(orders, { calls: 30, lateShare: 0, coolOffMs: 1, seed: 1 });
      const played = await play({ numbers: 1, coolOffSeconds: 0, sharing: true }, { orders, calls });
      expect(played).toMatchObject({ made: orders.length, numbers: 1 });
      expect(played.calls.wrong).toBeGreaterThan(0);
    });
  });
}

/** Drivers hold up to four. */
function dayOfOrders(perHour: number): readonly PlannedOrder[] {
  const steps = madeUpOrders({ perHour, minutes: 40, held: 4 }, seededRandom(3));
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const random = seededRandom(4);
  return step.value.map(({ a, start, end }) => ({
    a,
    b: `passenger ${random.int(PASSENGERS)}`,
    start: MIDNIGHT + start,
    end: MIDNIGHT + end,
  }));
}
