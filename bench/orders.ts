/** A day of orders as a taxi or delivery service has them, from a seed: when they come, how long they last, who has them. */
import type { PlannedOrder } from '../src/masking/plan-numbers.ts';
import { seededRandom } from '../test/kit/seeded-random.ts';

export interface DayOptions {
  readonly orders: number;
  readonly drivers: number;
  readonly passengers: number;
  /** Orders that a driver may hold at once. */
  readonly held: number;
  readonly seed: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Orders per hour of the day, relative: little at night, most in the morning and the evening. */
const BY_HOUR = [2, 1, 1, 1, 2, 4, 8, 12, 12, 9, 8, 8, 9, 8, 8, 8, 10, 13, 14, 12, 9, 7, 5, 3];

/** Times are ms since midnight. Orders last 10 to 70 minutes; a driver takes the next one while the last still runs. */
export function dayOfOrders({ orders, drivers, passengers, held, seed }: DayOptions): PlannedOrder[] {
  const random = seededRandom(seed);
  const busy = Array.from({ length: drivers }, (): number[] => []);
  const starts = Array.from({ length: orders }, () => moment(random)).sort((a, b) => a - b);
  return starts.map((start) => {
    const end = start + (10 + random.int(61)) * MINUTE;
    return {
      a: `driver ${driverFor(busy, held, start, end, random)}`,
      b: `passenger ${random.int(passengers)}`,
      start,
      end,
    };
  });
}

type Random = ReturnType<typeof seededRandom>;

function moment(random: Random): number {
  const all = BY_HOUR.reduce((sum, share) => sum + share, 0);
  let at = random.int(all);
  const hour = BY_HOUR.findIndex((share) => {
    at -= share;
    return at < 0;
  });
  return (hour * DAY) / 24 + random.int(DAY / 24);
}

/** One with room, looked for from a random place on; the one whose order ends first where nobody has. */
function driverFor(busy: number[][], held: number, start: number, end: number, random: Random): number {
  const first = random.int(busy.length);
  for (let i = 0; i < busy.length; i++) {
    const driver = (first + i) % busy.length;
    const ends = busy[driver]!.filter((one) => one > start);
    busy[driver] = ends;
    if (ends.length >= held) continue;
    ends.push(end);
    return driver;
  }
  throw new Error('so many orders are more than these drivers can hold');
}
