import type { Random } from '../kernel/random.ts';
import type { PlannedOrder } from './plan-numbers.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Long enough that a steady state is seen. */
export const MADE_UP_HOURS = 24;
/** A search for drivers whose hands are empty is as dear as this many orders. */
const ORDERS_PER_SEARCH = 100;

/** Orders between two yields; less than a millisecond. */
const WORK_PER_STEP = 500;

/** What somebody knows who has no record of a day. */
export interface OrderRate {
  readonly perHour: number;
  /** Of an order, on average. */
  readonly minutes: number;
  /** By one driver at once, at most. */
  readonly held: number;
}

/**
 * A day of orders that come independently of each other; each is half to one and a half times as long as said, and its client
 * is new. It yields now and then, so that whoever has other work to do can do it.
 *
 * @param random the same dice give the same day.
 */
export function* madeUpOrders(
  { perHour, minutes, held }: OrderRate,
  random: Random,
): Generator<void, PlannedOrder[]> {
  const count = Math.round(perHour * MADE_UP_HOURS);
  const starts = Float64Array.from({ length: count }, () => random.int(MADE_UP_HOURS * HOUR)).sort();
  yield;
  const drivers = new Drivers(held);
  const orders: PlannedOrder[] = [];
  let work = 0;
  for (const [index, start] of starts.entries()) {
    const end = start + Math.round((0.5 + random.int(1001) / 1000) * minutes * MINUTE);
    const { driver, searched } = drivers.take(start, end);
    orders.push({ a: `driver ${driver}`, b: `passenger ${index}`, start, end });
    work += searched ? ORDERS_PER_SEARCH : 1;
    if (work >= WORK_PER_STEP) {
      work = 0;
      yield;
    }
  }
  return orders;
}

/** The driver who took an order last takes the next one, as long as there is room: the hardest case for numbers. */
class Drivers {
  readonly #held: number;
  /** Of each driver: when the orders end that are held. One is added when all have their hands full. */
  readonly #ends: number[][] = [];
  readonly #free: number[] = [];

  constructor(held: number) {
    this.#held = held;
  }

  take(start: number, end: number): { readonly driver: number; readonly searched: boolean } {
    const last = this.#takeFree(start, end);
    if (last !== undefined) return { driver: last, searched: false };
    for (const [driver, ends] of this.#ends.entries())
      if (ends.every((one) => one <= start)) this.#free.push(driver);
    if (this.#free.length === 0) this.#free.push(this.#ends.push([]) - 1);
    return { driver: this.#takeFree(start, end) as number, searched: true };
  }

  #takeFree(start: number, end: number): number | undefined {
    for (let last = this.#free.at(-1); last !== undefined; last = this.#free.at(-1)) {
      const ends = this.#ends[last]!.filter((one) => one > start);
      this.#ends[last] = ends;
      if (ends.length < this.#held) {
        ends.push(end);
        return last;
      }
      this.#free.pop();
    }
    return undefined;
  }
}
