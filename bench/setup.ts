/**
 * Call set-up of a whole server: the taxi example, its scenario per call, a local HTTP backend, a trunk known by address.
 *
 * Measured, with the server in a process of its own and load, phones and backend in another, on the embedded database
 * and on a PostgreSQL server where its binaries are:
 *   - from the driver's INVITE sent to the passenger's INVITE received, at 20 calls/s, p50 and p99 of 400 calls;
 *   - CPU of the server's process, all threads, per call from INVITE to the last BYE, at 20 and 100 calls/s;
 *   - the most set-ups per second that go 6 s without a failed call and with a p99 under 1 s, in steps of 50.
 * Calls are held for half a second. Each server is warmed up with 1000 calls first; what it takes without any call, measured
 * for three seconds after that, is told by itself and not counted as a call's.
 *
 * Left out: RTP (it is offered and answered, nobody speaks; see bench/relay.ts), calls that last, TCP, digest.
 *
 * Beside it: Asterisk 22 and Kamailio measured on the same kind of machine earlier, not run here.
 */
import { type PostgresServer, startPostgres } from '../test/kit/postgres-server.ts';
import { type BenchOptions, type BenchResult, type Figure, percentile } from './figures.ts';
import { cpuOfDescendants } from './machine.ts';
import type { ServerUsage } from './server-under-test.ts';
import type { LoadReport } from './sip-load-calls.ts';
import { Stage, type StageOptions } from './stage.ts';

const HOLD_MS = 500;
/** V8 compiles the hot parts of PostgreSQL’s WebAssembly for many seconds; that is not what a call costs. */
const WARM_UP = { perSecond: 50, calls: 1000, holdMs: HOLD_MS };
const IDLE_MS = 3000;
const SETTLE_MS = 1000;
const STEP_SECONDS = 6;
const STEP = 50;
const HIGHEST_STEP = 600;

/** One load and what it cost. */
interface Measured {
  readonly perSecond: number;
  readonly calls: number;
  readonly completed: number;
  readonly failures: LoadReport['failures'];
  readonly retransmissions: number;
  readonly setupP50Ms: number;
  readonly setupP99Ms: number;
  readonly setupMaxMs: number;
  /** Beyond what the server takes without calls. */
  readonly cpuMsPerCall: number;
  readonly grossMsPerCall: number;
  /** Gross, by thread name, ms per call, in steps of 10 ms over the run. */
  readonly threadsMsPerCall: Readonly<Record<string, number>>;
  readonly postgresMsPerCall: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly generator: { readonly cpuMsPerCall: number; readonly lateMs: number };
}

interface DatabaseRuns {
  readonly recorded20: Measured;
  readonly bare20: Measured;
  readonly bare100: Measured;
  /** CPU of the server without calls. */
  readonly idleMsPerSecond: number;
  readonly steps: readonly Measured[];
}

export async function benchSetup(options: BenchOptions): Promise<BenchResult> {
  const embedded = await runsOn(options, async () => '');
  const postgres = await startIfThere();
  let server: DatabaseRuns | undefined;
  if (typeof postgres !== 'string') {
    try {
      server = await runsOn({}, () => postgres.createDatabase());
    } finally {
      await postgres.stop();
    }
  }
  return {
    name: 'setup',
    figures: [
      ...figuresOf('pglite', 'embedded database', embedded),
      ...(server === undefined ? [] : figuresOf('postgres', 'PostgreSQL server', server)),
    ],
    leavesOut:
      'RTP, calls that last, TCP, digest, the backend’s own time beyond a look-up; generator and backend share the two cores',
    peer: 'earlier on this kind of machine: Asterisk 22 2.7–3.1 ms CPU a call with no script and no question, saturated at about 550 calls/s; Kamailio as a proxy 0.15–0.3 ms',
    details: { embedded, postgres: server ?? postgres },
  };
}

/** The text of the error where there is none to start: the figures then lack. */
async function startIfThere(): Promise<PostgresServer | string> {
  try {
    return await startPostgres();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Every server gets a database of its own: its key lies in its data folder. */
async function runsOn(options: BenchOptions, database: () => Promise<string>): Promise<DatabaseRuns> {
  const { profiles } = options;
  const recorded = { profiles, databaseUrl: await database() };
  const recorded20 = await onStage(recorded, (stage, idle) => measure(stage, 20, 20, idle));
  const bare = { profiles, databaseUrl: await database(), unrecorded: true };
  const rest = await onStage(bare, async (stage, idle) => {
    const bare20 = await measure(stage, 20, 10, idle);
    const bare100 = await measure(stage, 100, 8, idle);
    return { bare20, bare100, idleMsPerSecond: idle, steps: await stepUp(stage, idle) };
  });
  return { recorded20, ...rest };
}

async function onStage<T>(
  options: StageOptions,
  work: (stage: Stage, idle: number) => Promise<T>,
): Promise<T> {
  const stage = await Stage.open(options);
  try {
    await stage.run(WARM_UP);
    await pause(IDLE_MS);
    const before = await stage.usage();
    await pause(IDLE_MS);
    const after = await stage.usage();
    return await work(stage, (after.cpuMicros - before.cpuMicros) / IDLE_MS);
  } finally {
    await stage.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function stepUp(stage: Stage, idle: number): Promise<Measured[]> {
  const steps: Measured[] = [];
  for (let rate = STEP; rate <= HIGHEST_STEP; rate += STEP) {
    const step = await measure(stage, rate, STEP_SECONDS, idle);
    steps.push(step);
    if (!isSustained(step)) break;
  }
  return steps;
}

const isSustained = (step: Measured): boolean => step.completed === step.calls && step.setupP99Ms <= 1000;

/** `idle`: ms of CPU a second that the server takes without calls. */
async function measure(stage: Stage, perSecond: number, seconds: number, idle: number): Promise<Measured> {
  const calls = perSecond * seconds;
  const postgresBefore = cpuOfDescendants('postgres');
  const before = await stage.usage();
  const report = await stage.run({ perSecond, calls, holdMs: HOLD_MS });
  const atEnd = await stage.usage();
  // Records are written behind the call: their cost belongs to it.
  await pause(SETTLE_MS);
  const after = await stage.usage();
  const grossMs = (after.cpuMicros - before.cpuMicros) / 1000;
  return {
    perSecond,
    calls,
    completed: report.completed,
    failures: report.failures,
    retransmissions: report.retransmissions,
    setupP50Ms: percentile(report.setupMs, 0.5),
    setupP99Ms: percentile(report.setupMs, 0.99),
    setupMaxMs: percentile(report.setupMs, 1),
    cpuMsPerCall: (grossMs - idle * (report.seconds + SETTLE_MS / 1000)) / calls,
    grossMsPerCall: grossMs / calls,
    threadsMsPerCall: threadCosts(before, after, calls),
    postgresMsPerCall: (cpuOfDescendants('postgres') - postgresBefore) / calls,
    loopDelayP99Ms: atEnd.loopDelayP99Ms,
    loopDelayMaxMs: atEnd.loopDelayMaxMs,
    generator: { cpuMsPerCall: (report.cpuSeconds * 1000) / calls, lateMs: report.lateMs },
  };
}

function threadCosts(before: ServerUsage, after: ServerUsage, calls: number): Record<string, number> {
  const costs = Object.entries(after.threads).map(([name, micros]): [string, number] => [
    name,
    Math.round((micros - (before.threads[name] ?? 0)) / calls) / 1000,
  ]);
  return Object.fromEntries(costs.filter(([, ms]) => ms > 0.005).sort(([, a], [, b]) => b - a));
}

function figuresOf(id: string, database: string, runs: DatabaseRuns): Figure[] {
  const { recorded20, bare20, bare100, steps, idleMsPerSecond } = runs;
  const sustained = steps.filter(isSustained).at(-1)?.perSecond ?? 0;
  const last = steps.at(-1);
  const setup = `INVITE in to INVITE out at 20 calls/s, ${database}`;
  const cpu = `CPU of a whole call without media, ${database}`;
  return [
    {
      id: `setup.${id}.p50`,
      what: `${setup}, p50`,
      measured: recorded20.setupP50Ms,
      unit: 'ms',
      aim: { at: 'most', value: 5 },
    },
    {
      id: `setup.${id}.p99`,
      what: `${setup}, p99`,
      measured: recorded20.setupP99Ms,
      unit: 'ms',
      aim: { at: 'most', value: 25 },
    },
    {
      id: `setup.${id}.cpu20`,
      what: `${cpu}, at 20 calls/s`,
      measured: bare20.cpuMsPerCall,
      unit: 'ms',
      aim: { at: 'most', value: 4 },
      note: costNote(bare20),
    },
    {
      id: `setup.${id}.cpu100`,
      what: `${cpu}, at 100 calls/s`,
      measured: bare100.cpuMsPerCall,
      unit: 'ms',
      aim: { at: 'most', value: 4 },
      note: costNote(bare100),
    },
    {
      id: `setup.${id}.cpu20recorded`,
      what: `the same with a recording opened and closed, at 20 calls/s, ${database}`,
      measured: recorded20.cpuMsPerCall,
      unit: 'ms',
      note: costNote(recorded20),
    },
    {
      id: `setup.${id}.idle`,
      what: `CPU of the server without calls, per second, ${database}`,
      measured: idleMsPerSecond,
      unit: 'ms',
    },
    {
      id: `setup.${id}.sustained`,
      what: `sustained set-ups per second, no failed call, ${database}`,
      measured: sustained,
      unit: '/s',
      aim: { at: 'least', value: 200 },
      ...(last === undefined || isSustained(last) ? {} : { note: limitNote(last) }),
    },
  ];
}

/** Where the time went, by thread. */
function costNote({ threadsMsPerCall, postgresMsPerCall }: Measured): string {
  const parts = Object.entries(threadsMsPerCall).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
  const postgres =
    postgresMsPerCall > 0.01 ? `; in the PostgreSQL server besides ${postgresMsPerCall.toFixed(2)}` : '';
  return `gross ms by thread: ${parts.join(', ')}${postgres}`;
}

function limitNote(step: Measured): string {
  const failed = Object.entries(step.failures).map(([what, count]) => `${count} × ${what}`);
  const cores = (step.cpuMsPerCall * step.perSecond) / 1000;
  return `stopped at ${step.perSecond}/s: ${failed.join(', ') || 'no failure'}, set-up p99 ${Math.round(step.setupP99Ms)} ms, event loop p99 ${Math.round(step.loopDelayP99Ms)} ms, the server took ${cores.toFixed(1)} cores’ worth of work, the generator ${((step.generator.cpuMsPerCall * step.perSecond) / 1000).toFixed(1)}`;
}
