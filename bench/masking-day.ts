/**
 * A recorded day of 100 000 orders, played on the tables of a node with a PostgreSQL server (`test/kit/played-day.ts`): the day
 * is written to a trace, `maskline numbers plan` says how many numbers it needs, a pool gets exactly as many, and each order is
 * a masking session that is made when it begins and closed when it ends (one in ten expires instead). The time is that of the
 * day; what shares no people is done at once, by `AT_ONCE` writers.
 *
 * Calls between, by either of the two and one in five within the cool-off after the end, are resolved as those of a node, and
 * each is held against the orders: while its order runs it must reach the other of the two, who sees the number that was
 * dialled; afterwards nobody, unless another order of the same two runs. After the cool-off a number may mean somebody else:
 * such calls are not drawn.
 *
 * For other days, in the environment: `DAY_HELD` (how many orders drivers hold at most; several, as `5,3,1`), `DAY_CALLS`
 * (`DAY_CALLS=1000000` is the million of `masking-replay.ts`, on real tables), `DAY_ORDERS` (fewer, with fewer drivers). Drivers
 * with one order each need six numbers where five is the bound; `plan.ts` says why.
 *
 * Left out: HTTP, the calls themselves, more than one node; `test/contract/masking-writers.contract.ts` has two.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { readTrace } from '../src/cli/numbers-command.ts';
import { type NumberPlan, type PlannedOrder, planNumbers } from '../src/masking/plan-numbers.ts';
import { callsOfDay, traceOf } from '../test/kit/day-of-calls.ts';
import { makeApplication, openMasking } from '../test/kit/masking-world.ts';
import { OwnTimes } from '../test/kit/own-times.ts';
import { type PlayedDay, playDay } from '../test/kit/played-day.ts';
import { serverPlaces } from '../test/kit/storage-places.ts';
import type { BenchResult } from './figures.ts';
import { dayOfOrders } from './orders.ts';

const HELD = (process.env.DAY_HELD ?? '5').split(',').map(Number);
const CALLS = Number(process.env.DAY_CALLS ?? 100_000);
const ORDERS = Number(process.env.DAY_ORDERS ?? 100_000);
const PEOPLE = { drivers: Math.max(100, Math.ceil(ORDERS * 0.06)), passengers: Math.ceil(ORDERS * 0.6) };
const LATE_SHARE = 0.2;
const COOL_OFF_MS = 3_600_000;
/** As many as a node has connections. */
const AT_ONCE = 8;
const MIDNIGHT = Date.UTC(2026, 2, 2);
const MASKLINE = fileURLToPath(new URL('../src/cli/maskline.ts', import.meta.url));

interface Day {
  readonly held: number;
  readonly plan: NumberPlan;
  readonly played: PlayedDay;
  readonly seconds: number;
}

export async function benchMaskingDay(): Promise<BenchResult> {
  const days: Day[] = [];
  for (const held of HELD) days.push(await dayOf(held));
  const sum = (of: (day: Day) => number): number => days.reduce((all, day) => all + of(day), 0);
  const each = (tell: (day: Day) => string): string =>
    days.map((day) => `drivers with up to ${day.held} orders: ${tell(day)}`).join('; ');
  return {
    name: 'masking-day',
    figures: [
      {
        id: 'masking-day.refused',
        what: `of ${ORDERS * HELD.length} orders refused for want of a number, with as many as the planner says, PostgreSQL`,
        measured: sum(({ played }) => played.refused),
        unit: '',
        aim: { at: 'most', value: 0 },
        note: each(({ plan, seconds }) => `${plan.numbers} numbers, ${Math.round(seconds)} s`),
      },
      {
        id: 'masking-day.ratio',
        what: 'service numbers used, divided by the least that can do',
        measured: Math.max(...days.map(({ plan, played }) => played.numbers / plan.lowerBound)),
        unit: '',
        aim: { at: 'most', value: 1.1 },
        note: each(({ plan, played }) => `${played.numbers} of ${plan.lowerBound}`),
      },
      {
        id: 'masking-day.wrong',
        what: `wrong connections in ${CALLS * HELD.length} calls between, on the real tables`,
        measured: sum(({ played }) => played.calls.wrong + played.calls.wrongLate),
        unit: '',
        aim: { at: 'most', value: 0 },
        note: each(
          ({ played: { calls } }) =>
            `${calls.right} connected with the one who was meant, ${calls.missed} in time and not connected; after the end ${calls.refused} refused, ${calls.again} connected for another order of the same two`,
        ),
      },
      {
        id: 'masking-day.missed',
        what: 'calls in time that were not connected',
        measured: sum(({ played }) => played.calls.missed),
        unit: '',
        aim: { at: 'most', value: 0 },
      },
      {
        id: 'masking-day.left-open',
        what: 'sessions that stand as live when the day is over',
        measured: sum(({ played }) => played.leftOpen),
        unit: '',
        aim: { at: 'most', value: 0 },
      },
    ],
    leavesOut: 'HTTP, the calls themselves, a second node',
    peer: 'the lower bound: the most counterparts that one person has at once',
    details: days,
  };
}

async function dayOf(held: number): Promise<Day> {
  const folder = mkdtempSync(join(tmpdir(), 'maskline-bench-'));
  const places = serverPlaces();
  try {
    const { orders, plan } = recorded(held, join(folder, 'day.csv'));
    const calls = callsOfDay(orders, {
      calls: CALLS,
      lateShare: LATE_SHARE,
      coolOffMs: COOL_OFF_MS,
      seed: 7,
    });
    const clock = new OwnTimes(MIDNIGHT);
    const storage = await openMasking(await places.fresh(), clock);
    try {
      const { id: applicationId } = await makeApplication(storage, plan.numbers);
      const begun = performance.now();
      const played = await playDay({ storage, clock, applicationId, orders, calls, atOnce: AT_ONCE });
      return { held, plan, played, seconds: (performance.now() - begun) / 1000 };
    } finally {
      await storage.close();
    }
  } finally {
    await places.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The orders as the trace has them, and what the command line says of that very file. */
function recorded(held: number, file: string): { orders: readonly PlannedOrder[]; plan: NumberPlan } {
  const made = dayOfOrders({ ...PEOPLE, orders: ORDERS, held, seed: 1 });
  writeFileSync(
    file,
    traceOf(made.map((order) => ({ ...order, start: MIDNIGHT + order.start, end: MIDNIGHT + order.end }))),
  );
  const orders = readTrace(readFileSync(file, 'utf8'));
  const plan = planNumbers(orders, { coolOffMs: COOL_OFF_MS });
  const args = [MASKLINE, 'numbers', 'plan', '--trace', file, '--json'];
  const told: unknown = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  if (!isDeepStrictEqual(told, plan)) throw new Error('the command line and the planner differ');
  return { orders, plan };
}
