/**
 * How near the theoretical least the assignment of service numbers is: a day of 100 000 orders from a seed, drivers with up
 * to five orders at once, passengers who order again, and an hour in which a number is not used by the same person for
 * somebody else.
 *
 * Drivers with one order each need six numbers where the bound is five: a pool of five would refuse one to three of the 100 000
 * orders. Other rules than the first number in the pool's order were tried on the same days (the last; the one that either of
 * the two, the driver, or the passenger used last, or longest ago; the one used most, or least, of all; any): the best, the
 * passenger's last, does with five on two days of three and not on the third, the others never, and some need one more with
 * three or five orders each. Who gives numbers order by order cannot always do with the bound: no such rule is better in the
 * worst case than the first free one (Bar-Noy, Motwani, Naor, "The greedy algorithm is optimal for on-line edge coloring",
 * 1992), and one that needs a look at times past for a number in a bad hour is not worth its complication.
 *
 * Left out: regions, numbers in quarantine, the database: this is the arithmetic alone; `masking-day.ts` plays such a day.
 */
import { planNumbers } from '../src/masking/plan-numbers.ts';
import { type BenchResult, percentile } from './figures.ts';
import { dayOfOrders } from './orders.ts';

const DAY = { orders: 100_000, drivers: 6_000, passengers: 60_000 };
const COOL_OFF_MS = 3_600_000;
const SEEDS = [1, 2, 3];

export async function benchPlan(): Promise<BenchResult> {
  const plans = [1, 3, 5].flatMap((held) => SEEDS.map((seed) => ({ held, seed, ...planned(held, seed) })));
  const ofFive = plans.filter(({ held }) => held === 5);
  const told = (held: number): string =>
    plans
      .filter((one) => one.held === held)
      .map(({ numbers, lowerBound }) => `${numbers} of ${lowerBound}`)
      .join(', ');
  return {
    name: 'plan',
    figures: [
      {
        id: 'plan.ratio',
        what: 'service numbers for a day of 100 000 orders, divided by the least that can do',
        measured: Math.max(...ofFive.map(({ ratio }) => ratio)),
        unit: '',
        aim: { at: 'most', value: 1.1 },
        note: `drivers with up to five orders at once, three days: ${told(5)}; with up to three: ${told(3)}; with one: ${told(1)}`,
      },
      {
        id: 'plan.time',
        what: 'time to plan such a day',
        measured: percentile(
          plans.map(({ ms }) => ms).toSorted((a, b) => a - b),
          0.5,
        ),
        unit: 'ms',
      },
    ],
    leavesOut: 'regions, quarantine, the database',
    peer: 'the lower bound: the most counterparts that one person has at once',
    details: plans,
  };
}

function planned(held: number, seed: number) {
  const orders = dayOfOrders({ ...DAY, held, seed });
  const begun = performance.now();
  const plan = planNumbers(orders, { coolOffMs: COOL_OFF_MS });
  return { ...plan, ratio: plan.numbers / plan.lowerBound, ms: performance.now() - begun };
}
