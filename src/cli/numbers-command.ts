import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { seededRandom } from '../kernel/seeded-random.ts';
import { MADE_UP_HOURS, madeUpOrders, type OrderRate } from '../masking/made-up-orders.ts';
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
      ? madeUp({
          perHour: positive('--per-hour', values['per-hour'], 1),
          minutes: positive('--minutes', values.minutes, 1),
          held: positive('--held', values.held, 1),
        })
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

function madeUp(rate: OrderRate): PlannedOrder[] {
  if (rate.perHour * MADE_UP_HOURS > MAX_ORDERS)
    throw new UsageError(`That is more than ${MAX_ORDERS} orders a day.`, USAGE);
  const steps = madeUpOrders(rate, seededRandom(1));
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
