/** Calls of a day of orders, and what may become of each, from the orders alone. */
import type { PlannedOrder } from '../../src/masking/plan-numbers.ts';
import { seededRandom } from './seeded-random.ts';

/** A call to the number of an order, by one of its two people. */
export interface DayCall {
  /** Position among the orders. */
  readonly order: number;
  readonly at: number;
  /** By the first party, for the second. */
  readonly byFirst: boolean;
}

/** Drawn from a seed: either party, at any moment of the order or, a share of them, of the cool-off after it. */
export function callsOfDay(
  orders: readonly PlannedOrder[],
  options: {
    readonly calls: number;
    readonly lateShare: number;
    readonly coolOffMs: number;
    readonly seed: number;
  },
): DayCall[] {
  const random = seededRandom(options.seed);
  return Array.from({ length: options.calls }, () => {
    const order = random.int(orders.length);
    const { start, end } = orders[order] as PlannedOrder;
    const isLate = random.int(1_000) < options.lateShare * 1_000;
    const at = isLate ? end + random.int(options.coolOffMs) : start + random.int(end - start);
    return { order, at, byFirst: random.int(2) === 0 };
  });
}

/** The trace that `maskline numbers plan` reads. */
export function traceOf(orders: readonly PlannedOrder[]): string {
  const lines = orders.map(({ a, b, start, end }) => [a, b, isoOf(start), isoOf(end)].join(','));
  return `${['party,other,begin,end', ...lines].join('\n')}\n`;
}

const isoOf = (at: number): string => new Date(at).toISOString();

/** Who has an order with whom, and when. */
export class Meetings {
  readonly #byPair = new Map<string, PlannedOrder[]>();

  constructor(orders: readonly PlannedOrder[]) {
    for (const order of orders) {
      const pair = pairOf(order.a, order.b);
      const known = this.#byPair.get(pair);
      if (known === undefined) this.#byPair.set(pair, [order]);
      else known.push(order);
    }
  }

  /** Whether an order of these two runs at that moment. */
  run(one: string, other: string, at: number): boolean {
    return this.#byPair.get(pairOf(one, other))?.some(({ start, end }) => start <= at && at < end) ?? false;
  }
}

const pairOf = (one: string, other: string): string => [one, other].sort().join('\n');
