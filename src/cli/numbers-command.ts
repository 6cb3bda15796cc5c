import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { seededRandom } from '../kernel/seeded-random.ts';
import { type PlannedOrder, planNumbers } from '../masking/plan-numbers.ts';
import { UsageError } from './usage-error.ts';

const USAGE = `maskline numbers plan --trace FILE.csv | --per-hour ORDERS --minutes LENGTH --held ORDERS   [--cool-off MINUTES] [--json]

  How many service numbers a set of orders needs, so that nobody meets two others on one number.
  --trace     a line for each order: one party, the other, begin, end; times as 2026-03-01T08:00:00Z or in seconds.
              Parties may be any names: they are compared, and never printed
  --per-hour  orders per hour, as long as --minutes on average, a driver with at most --held of them at once
  --cool-off  minutes for which a number is not used again by the same person for somebody else; default 60
`;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** What is made up from a rate: long enough that a steady state is seen. */
const MADE_UP_HOURS = 24;
const MAX_ORDERS = 2_000_000;

/** `maskline numbers plan`. Resolves with the exit status. */
export async function numbersCommand([action, ...args]: string[]): Promise<number> {
  if (action !== 'plan') {
    console.error(USAGE);
    return 2;
  }
  const { values } = parseArgs({
    args,
    options: {
      trace: { type: 'string' },
      'per-hour': { type: 'string' },
      minutes: { type: 'string' },
      held: { type: 'string', default: '1' },
      'cool-off': { type: 'string', default: '60' },
      json: { type: 'boolean', default: false },
    },
  });
  const coolOffMs = positive('--cool-off', values['cool-off'], 0) * MINUTE;
  const orders =
    values.trace === undefined
      ? madeUp(
          positive('--per-hour', values['per-hour'], 1),
          positive('--minutes', values.minutes, 1),
          positive('--held', values.held, 1),
        )
      : readTrace(await readFile(values.trace, 'utf8'));
  const plan = planNumbers(orders, { coolOffMs });
  if (values.json) {
    console.log(JSON.stringify(plan));
    return 0;
  }
  console.log(`${plan.orders} orders, ${plan.atOnce} at once at the busiest moment, ${coolOffMs / MINUTE} minutes of cool-off
numbers needed      ${plan.numbers}
fewer cannot do     ${plan.lowerBound}   (so many counterparts has one person at a time)`);
  return 0;
}

function positive(name: string, text: string | undefined, least: number): number {
  const value = Number(text);
  if (text === undefined || !(value >= least) || !Number.isFinite(value))
    throw new UsageError(`${name} is no number of at least ${least}.`, USAGE);
  return value;
}

/** @throws UsageError with the line. What stands in it is not told: it may be a telephone number. */
export function readTrace(text: string): PlannedOrder[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const [a = '', b = '', from = '', to = '', ...more] = line.split(/[,;\t]/).map((field) => field.trim());
    const [start, end] = [timeOf(from), timeOf(to)];
    // A header line has no times.
    if (index === 0 && Number.isNaN(start)) return [];
    if (a === '' || b === '' || a === b || more.length > 0 || !(end >= start))
      throw new UsageError(
        `Line ${index + 1} of the trace is no order.`,
        'A line has four fields: one party, another one, begin, end.',
      );
    return [{ a, b, start, end }];
  });
}

/** Milliseconds; NaN for what is no time. */
function timeOf(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

/** Orders come independently of each other; each is half to one and a half times as long as said. */
export function madeUp(perHour: number, minutes: number, held: number): PlannedOrder[] {
  const count = Math.round(perHour * MADE_UP_HOURS);
  if (count > MAX_ORDERS) throw new UsageError(`That is more than ${MAX_ORDERS} orders a day.`, USAGE);
  const random = seededRandom(1);
  const starts = Array.from({ length: count }, () => random.int(MADE_UP_HOURS * HOUR)).sort((x, y) => x - y);
  /** Of each driver: when the orders end that are held. A driver is added when all have their hands full. */
  const drivers: number[][] = [];
  const free: number[] = [];
  return starts.map((start, index) => {
    const end = start + Math.round((0.5 + random.int(1001) / 1000) * minutes * MINUTE);
    const driver = takeDriver(drivers, free, held, start, end);
    return { a: `driver ${driver}`, b: `passenger ${index}`, start, end };
  });
}

/** The driver who took an order last takes the next one, as long as there is room: the hardest case for numbers. */
function takeDriver(drivers: number[][], free: number[], held: number, start: number, end: number): number {
  for (let last = free.at(-1); last !== undefined; last = free.at(-1)) {
    const ends = drivers[last]!.filter((one) => one > start);
    drivers[last] = ends;
    if (ends.length < held) {
      ends.push(end);
      return last;
    }
    free.pop();
  }
  for (const [driver, ends] of drivers.entries()) if (ends.every((one) => one <= start)) free.push(driver);
  if (free.length === 0) free.push(drivers.push([]) - 1);
  return takeDriver(drivers, free, held, start, end);
}
