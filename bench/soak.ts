/**
 * Twenty minutes at 60 % of what a machine with two cores is to sustain: do memory, ports, handles, dialogs and timers stay flat?
 *
 * Load: 40 calls that talk all the time (4000 packets a second through the server) and new calls at `SHORT_CALLS` a second,
 * held for half a second, each with a scenario session of its own that asks the backend. Every half minute the server is
 * looked at; nothing is collected by force, which would stop the main thread for most of a second and is no part of a server's
 * life. Compared: the median of the third quarter with that of the last. Memory climbs for ten
 * minutes, ever more slowly, to what its busiest moments have taken; only after that does growth say something.
 *
 * `SOAK_MINUTES` in the environment makes it shorter, for trying.
 *
 * Left out: recordings (the disk would fill), TCP, more than one node. Records go to a PostgreSQL server where there is one,
 * so that the growth of a database in the process is not taken for a leak; else to the embedded one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '../test/kit/postgres-server.ts';
import { type BenchOptions, type BenchResult, type Figure, percentile } from './figures.ts';
import type { ServerUsage } from './server-under-test.ts';
import { Stage } from './stage.ts';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 20);
const LOOK_EVERY_MS = 30_000;
const TALKING = 40;
/** 60 % of the 200 a second that a machine with two cores is to sustain. */
const SHORT_CALLS = 120;
const UNTIL_HANGUP = -1;
const MEGABYTE = 2 ** 20;

interface Look {
  readonly minute: number;
  readonly usage: ServerUsage;
}

export async function benchSoak({ profiles }: BenchOptions): Promise<BenchResult> {
  const postgres = await startPostgres().catch(() => undefined);
  const databaseUrl = (await postgres?.createDatabase()) ?? '';
  const stage = await Stage.open({ profiles, databaseUrl, unrecorded: true });
  try {
    await stage.run({ perSecond: 50, calls: 500, holdMs: 200 });
    await stage.run({ perSecond: 20, calls: TALKING, holdMs: UNTIL_HANGUP });
    const ms = MINUTES * 60_000;
    const looks: Look[] = [];
    const begun = performance.now();
    const cpuBefore = (await stage.usage()).cpuMicros;
    const running = stage.both({ perSecond: SHORT_CALLS, calls: (SHORT_CALLS * ms) / 1000, holdMs: 500 }, ms);
    let over = false;
    void running.finally(() => {
      over = true;
    });
    while (!over && performance.now() - begun < ms - 1_000) {
      await sleep(Math.min(LOOK_EVERY_MS, ms / 8));
      looks.push({ minute: (performance.now() - begun) / 60_000, usage: await stage.usage() });
    }
    const load = await running;
    const cpuSeconds = ((await stage.usage()).cpuMicros - cpuBefore) / 1e6;
    const seconds = (performance.now() - begun) / 1000;
    await stage.hangup();
    const end = await afterLinger(stage);
    return {
      name: 'soak',
      figures: figuresOf(looks, load, end, cpuSeconds / seconds),
      leavesOut: `recordings, TCP, several nodes; records on ${postgres === undefined ? 'the embedded database' : 'a PostgreSQL server'}`,
      peer: 'none: what is compared is its own third quarter with its last',
      details: {
        minutes: MINUTES,
        looks: looks.map(({ minute, usage }) => ({ minute, ...usage, threads: undefined })),
        calls: { ...load.calls, setupMs: undefined },
        talk: load.talk,
        end,
      },
    };
  } finally {
    await stage.close();
    await postgres?.stop();
  }
}

/** 64·T1 and the drain of the ports. The question that is put to a trunk now and then takes a moment more. */
async function afterLinger(stage: Stage): Promise<ServerUsage> {
  await sleep(50_000);
  for (let tries = 0; ; tries++) {
    await stage.collect();
    const usage = await stage.usage();
    if (leftIn(usage) === 0 || tries === 20) return usage;
    await sleep(1_000);
  }
}

function leftIn({ calls, sessions, dialogs, transactions }: ServerUsage): number {
  return calls + sessions + dialogs + transactions;
}

function figuresOf(
  looks: readonly Look[],
  load: Awaited<ReturnType<Stage['both']>>,
  end: ServerUsage,
  cores: number,
): Figure[] {
  const quarter = Math.floor(looks.length / 4);
  const median = (part: readonly Look[], of: (usage: ServerUsage) => number): number =>
    percentile(
      part.map(({ usage }) => of(usage)).toSorted((a, b) => a - b),
      0.5,
    );
  const trend = (
    id: string,
    what: string,
    unit: string,
    allowed: number,
    of: (usage: ServerUsage) => number,
  ): Figure => {
    const [early, late] = [
      median(looks.slice(2 * quarter, 3 * quarter), of),
      median(looks.slice(-quarter), of),
    ];
    return {
      id: `soak.${id}`,
      what: `${what}: last quarter of ${MINUTES} minutes against the third`,
      measured: late - early,
      unit,
      aim: { at: 'most', value: allowed },
      note: `${early.toFixed(0)} → ${late.toFixed(0)} ${unit}`,
    };
  };
  const { calls, talk } = load;
  return [
    {
      id: 'soak.calls',
      what: `short calls made at ${SHORT_CALLS}/s, with ${TALKING} talking beside them`,
      measured: calls.started,
      unit: '',
    },
    {
      id: 'soak.failed',
      what: 'of them failed',
      measured: calls.started - calls.completed,
      unit: '',
      aim: { at: 'most', value: 0 },
      note: JSON.stringify(calls.failures),
    },
    { id: 'soak.cores', what: 'cores that the server took', measured: cores, unit: '' },
    {
      id: 'soak.setup',
      what: 'INVITE in to INVITE out, p99',
      measured: percentile(
        calls.setupMs.toSorted((a, b) => a - b),
        0.99,
      ),
      unit: 'ms',
    },
    {
      id: 'soak.rtplost',
      what: 'RTP packets lost',
      measured: ((talk.sent - talk.received) / talk.sent) * 100,
      unit: '%',
      aim: { at: 'most', value: 0.01 },
      note: `${talk.sent - talk.received} of ${talk.sent}, p99 ${talk.p99Ms.toFixed(1)} ms`,
    },
    trend('rss', 'resident memory', 'MB', 12, ({ rssBytes }) => rssBytes / MEGABYTE),
    trend(
      'heap',
      'heap of the main thread as V8’s own collections left it',
      'MB',
      4,
      ({ heapKeptBytes }) => heapKeptBytes / MEGABYTE,
    ),
    trend(
      'handles',
      'open files and sockets that are no RTP ports',
      '',
      10,
      ({ handles, ports }) => handles - ports,
    ),
    trend('ports', 'RTP ports taken or draining', '', 50, ({ ports }) => ports),
    trend('dialogs', 'dialogs', '', 10, ({ dialogs }) => dialogs),
    {
      id: 'soak.left',
      what: 'calls, sessions, dialogs and live transactions left after all hung up',
      measured: leftIn(end),
      unit: '',
      aim: { at: 'most', value: 0 },
    },
    {
      id: 'soak.leftports',
      what: 'RTP ports left after that',
      measured: end.ports,
      unit: '',
      aim: { at: 'most', value: 0 },
    },
  ];
}
