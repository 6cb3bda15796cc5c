/**
 * A million calls of a day of orders, resolved one after the other: drivers hold up to five orders at once, either side calls
 * while the order runs, and one call in twenty comes after its end. Who was meant is known from the order; a wrong connection
 * is one with anybody else. People who are asked choose the right label.
 *
 * Three ways to run such a service: a pool, where nobody has two counterparts on one number; one number for everybody, and
 * callers who could mean several orders are asked; one number, and the latest call of the last ten minutes decides.
 *
 * Left out: the database, which `masking-day.ts` asks instead. `test/contract/masking-resolution.contract.ts` holds its answers
 * against those of a model.
 */
import { resolve } from '../src/masking/resolve.ts';
import { DEFAULT_POLICY, type Question, type Resolution, type RoutingPolicy } from '../src/masking/types.ts';
import { callsOfDay } from '../test/kit/day-of-calls.ts';
import { APPLICATION, Day } from './day-model.ts';
import type { BenchResult } from './figures.ts';
import { dayOfOrders } from './orders.ts';

const CALLS = 1_000_000;
const DAY = { orders: 100_000, drivers: 6_000, passengers: 60_000, held: 5, seed: 1 };
const COOL_OFF_MS = 3_600_000;
/** Of the calls come within the cool-off after the end. */
const LATE_SHARE = 0.05;

/** What happens, in order. An order ends before others begin at the same moment. */
interface Happening {
  readonly at: number;
  readonly kind: 0 | 1 | 2;
  readonly order: number;
  /** `call`: the first party calls. */
  readonly byFirst: boolean;
}
const [END, BEGIN, CALL] = [0, 1, 2] as const;

interface Outcome {
  readonly way: string;
  readonly numbers: number;
  calls: number;
  right: number;
  /** In time. */
  wrong: number;
  /** After the end of the order that was meant. */
  wrongLate: number;
  prompted: number;
  /** In time, and not connected. */
  missed: number;
  /** After the end, and told so. */
  refused: number;
  microsecondsPerCall: number;
}

export async function benchMaskingReplay(): Promise<BenchResult> {
  const orders = dayOfOrders(DAY);
  const happenings = happeningsOf(orders);
  const pool = await replay('a pool of numbers', orders, happenings, {
    sharing: false,
    policy: DEFAULT_POLICY,
  });
  const asked = await replay('one number, callers are asked', orders, happenings, {
    sharing: true,
    policy: { ...DEFAULT_POLICY, ambiguous: ['menu'], menuEntries: 9 },
  });
  const guessed = await replay('one number, the latest call decides', orders, happenings, {
    sharing: true,
    policy: { ...DEFAULT_POLICY, ambiguous: ['most-recent', 'menu'], mostRecentSeconds: 600, menuEntries: 9 },
  });
  const share = (part: number, { calls }: Outcome): number => (100 * part) / calls;
  return {
    name: 'masking-replay',
    figures: [
      {
        id: 'masking-replay.wrong',
        what: `wrong connections in ${CALLS} calls with a pool`,
        measured: pool.wrong + pool.wrongLate,
        unit: '',
        aim: { at: 'most', value: 0 },
        note: `${pool.numbers} numbers; ${pool.right} connected with the one who was meant, ${pool.missed} in time and not connected, ${pool.refused} after the end of the order refused; ${share(pool.prompted, pool)} % asked`,
      },
      {
        id: 'masking-replay.wrong-asked',
        what: 'the same with one number for everybody, and callers asked, as long as their order runs',
        measured: asked.wrong,
        unit: '',
        aim: { at: 'most', value: 0 },
        note: `${asked.right} connected, ${asked.missed} in time and not connected; of the calls after the end ${asked.refused} were refused and ${asked.wrongLate} reached the only other order that the caller had: one number cannot know better, a pool can`,
      },
      {
        id: 'masking-replay.prompts',
        what: 'of these calls needed a prompt',
        measured: share(asked.prompted, asked),
        unit: '%',
      },
      {
        id: 'masking-replay.wrong-guessed',
        what: 'wrong connections with one number where the latest call of the last ten minutes decides',
        measured: share(guessed.wrong + guessed.wrongLate, guessed),
        unit: '%',
        note: `what not asking costs; ${share(guessed.prompted, guessed).toFixed(1)} % needed a prompt still`,
      },
      {
        id: 'masking-replay.cpu',
        what: 'time of one resolution without a database',
        measured: pool.microsecondsPerCall,
        unit: 'µs',
      },
    ],
    leavesOut:
      'the database, which is held against the same model in test/contract; people who choose the wrong label',
    peer: 'none publishes such a figure',
    details: { day: DAY, ways: [pool, asked, guessed] },
  };
}

function happeningsOf(orders: ReturnType<typeof dayOfOrders>): readonly Happening[] {
  const happenings: Happening[] = orders.flatMap(({ start, end }, order) => [
    { at: start, kind: BEGIN, order, byFirst: true },
    { at: end, kind: END, order, byFirst: true },
  ]);
  const drawn = { calls: CALLS, lateShare: LATE_SHARE, coolOffMs: COOL_OFF_MS, seed: 7 };
  for (const call of callsOfDay(orders, drawn)) happenings.push({ ...call, kind: CALL });
  return happenings.sort((one, other) => one.at - other.at || one.kind - other.kind);
}

async function replay(
  way: string,
  orders: ReturnType<typeof dayOfOrders>,
  happenings: readonly Happening[],
  options: { readonly sharing: boolean; readonly policy: RoutingPolicy },
): Promise<Outcome> {
  const day = new Day({ ...options, coolOffMs: COOL_OFF_MS });
  let now = 0;
  const tools = {
    store: day,
    numbers: day,
    pull: { ask: async () => ({ kind: 'unknown' }) as const },
    intercept: { ask: async () => ({ kind: 'allow' }) as const },
    clock: {
      now: () => now,
      monotonic: () => now,
      setTimeout: () => ({ id: 0 }),
      clearTimeout: () => undefined,
    },
  };
  const dialled = new Map<number, ReturnType<Day['open']>>();
  const outcome = { way, calls: 0, right: 0, wrong: 0, wrongLate: 0, prompted: 0, missed: 0, refused: 0 };
  const live = new Set<number>();
  const begun = performance.now();
  for (const { at, kind, order, byFirst } of happenings) {
    now = at;
    const planned = orders[order]!;
    if (kind === BEGIN) {
      dialled.set(order, day.open(String(order), planned));
      live.add(order);
      continue;
    }
    if (kind === END) {
      day.close(String(order), planned);
      live.delete(order);
      continue;
    }
    outcome.calls += 1;
    const [caller, callee] = byFirst ? [planned.a, planned.b] : [planned.b, planned.a];
    const question: Question = {
      ...{ applicationId: APPLICATION, caller: day.numberOfPerson(caller), dialled: dialled.get(order)! },
      ...{ extension: undefined, chosen: undefined, callId: 'call' },
    };
    let resolution: Resolution = await resolve(question, tools);
    if (resolution.decision.kind === 'choose') {
      outcome.prompted += 1;
      const mine = resolution.decision.options.find(({ label }) => label === `order ${order}`);
      // Whose order is not named hangs up.
      if (mine !== undefined) resolution = await resolve({ ...question, chosen: mine.sessionId }, tools);
    }
    const { decision } = resolution;
    if (decision.kind !== 'connect') {
      if (live.has(order)) outcome.missed += 1;
      else outcome.refused += 1;
      continue;
    }
    const reached = decision.callees[0]!.number;
    if (reached === day.numberOfPerson(callee)) outcome.right += 1;
    else if (live.has(order)) outcome.wrong += 1;
    else outcome.wrongLate += 1;
    day.called(decision.sessionId!, caller, at);
  }
  const microsecondsPerCall = ((performance.now() - begun) * 1000) / outcome.calls;
  return { ...outcome, numbers: day.numbers, microsecondsPerCall };
}
