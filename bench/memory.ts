/**
 * Memory per bridged call with its scenario session.
 *
 * Measured: resident memory of the whole server's process with 0, 100 and 200 calls of the taxi example up (both legs
 * answered, two-channel recording open, nobody speaks), each after a forced collection of the main thread; after all hung
 * up and SIP's last timers (32 s) are through; and the same for a second wave, which shows a leak where the first shows
 * what is kept for reuse. Beside that, the main thread's event-loop delay while calls come at 50 per second.
 *
 * Left out: RTP (buffers of packets under way), conferences, players; collections of the worker threads cannot be forced
 * from outside, so that their share is an upper bound. Only the embedded database.
 *
 * Beside it: nothing; per-call memory of other servers depends on what a call is there.
 */
import { type BenchOptions, type BenchResult, type Figure, percentile } from './figures.ts';
import type { ServerUsage } from './server-under-test.ts';
import type { LoadReport } from './sip-load-calls.ts';
import { Stage } from './stage.ts';

const UNTIL_HANGUP = -1;
const WARM_UP = { perSecond: 20, calls: 40, holdMs: 200 };
/** 64 × T1 (RFC 3261 §17), and two seconds for what follows. */
const SIP_TIMERS_MS = 34_000;
const CALLS = 200;
const MEGABYTE = 2 ** 20;

interface Look {
  readonly calls: number;
  readonly rssMegabytes: number;
  readonly heapMegabytes: number;
  readonly externalMegabytes: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
}

interface Wave {
  readonly half: Look;
  readonly full: Look;
  readonly afterwards: Look;
}

export async function benchMemory(options: BenchOptions): Promise<BenchResult> {
  const stage = await Stage.open({ profiles: options.profiles });
  try {
    completed(await stage.run(WARM_UP));
    await pause(SIP_TIMERS_MS);
    const empty = await look(stage);
    const first = await wave(stage);
    const second = await wave(stage);
    return {
      name: 'memory',
      figures: figuresOf(empty, first, second),
      leavesOut:
        'RTP under way, players, conferences; workers collect when they like, so that their share is an upper bound; embedded database only',
      peer: 'none: what a call holds differs too much from server to server',
      details: { empty, first, second },
    };
  } finally {
    await stage.close();
  }
}

async function wave(stage: Stage): Promise<Wave> {
  completed(await stage.run({ perSecond: 50, calls: CALLS / 2, holdMs: UNTIL_HANGUP }));
  await pause(1000);
  const half = await look(stage);
  completed(await stage.run({ perSecond: 50, calls: CALLS / 2, holdMs: UNTIL_HANGUP }));
  await pause(1000);
  const full = await look(stage);
  if (full.calls !== 2 * CALLS) throw new Error(`the server has ${full.calls} legs, not ${2 * CALLS}`);
  await stage.hangup();
  await pause(SIP_TIMERS_MS);
  const afterwards = await look(stage);
  if (afterwards.calls !== 0) throw new Error(`${afterwards.calls} legs are still up after hang-up`);
  return { half, full, afterwards };
}

function completed(report: LoadReport): void {
  if (report.completed !== report.started)
    throw new Error(`calls failed: ${JSON.stringify(report.failures)}`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The delay is of the time before the collection, which would be the longest delay of all. */
async function look(stage: Stage): Promise<Look> {
  const delay = await stage.usage();
  await stage.collect();
  await pause(500);
  const usage: ServerUsage = await stage.usage();
  return {
    calls: usage.calls,
    rssMegabytes: usage.rssBytes / MEGABYTE,
    heapMegabytes: usage.heapUsedBytes / MEGABYTE,
    externalMegabytes: usage.externalBytes / MEGABYTE,
    loopDelayP99Ms: delay.loopDelayP99Ms,
    loopDelayMaxMs: delay.loopDelayMaxMs,
  };
}

function figuresOf(empty: Look, first: Wave, second: Wave): Figure[] {
  const perCall = (full: Look, before: Look): number => (full.rssMegabytes - before.rssMegabytes) / CALLS;
  const heap = (first.full.heapMegabytes - empty.heapMegabytes) / CALLS;
  const rss = (look: Look): string => look.rssMegabytes.toFixed(0);
  const delay = percentile(
    [first.half, first.full, second.half, second.full].map((l) => l.loopDelayP99Ms),
    1,
  );
  return [
    {
      id: 'memory.percall',
      what: 'memory per bridged call with its scenario session and recording, first 200 calls of a fresh server',
      measured: perCall(first.full, empty),
      unit: 'MB',
      aim: { at: 'most', value: 1 },
      note: `resident: ${rss(empty)} MB with none, ${rss(first.half)} with 100, ${rss(first.full)} with 200; ${heap.toFixed(2)} MB a call of it on the main thread’s heap`,
    },
    {
      id: 'memory.percall.second',
      what: 'the same for a second wave of 200, beyond what the first left behind',
      measured: perCall(second.full, first.afterwards),
      unit: 'MB',
    },
    {
      id: 'memory.kept',
      what: 'memory kept after 200 calls and hang-up, of the memory before',
      measured: (first.afterwards.rssMegabytes / empty.rssMegabytes - 1) * 100,
      unit: '%',
      aim: { at: 'most', value: 5 },
      note: `“back to where it was” read as at most 5 % more; ${rss(empty)} MB before, ${rss(first.afterwards)} MB after`,
    },
    {
      id: 'memory.grown',
      what: 'growth from the end of the first wave to the end of the second: a leak would show here',
      measured: second.afterwards.rssMegabytes - first.afterwards.rssMegabytes,
      unit: 'MB',
    },
    {
      id: 'memory.loop',
      what: 'event-loop delay of the main thread, p99, while calls come at 50/s and up to 200 stand',
      measured: delay,
      unit: 'ms',
      aim: { at: 'most', value: 20 },
    },
  ];
}
