/**
 * What a scenario session costs: to begin on the call path, in memory, and for each event with its command.
 *
 * Measured: sandboxes in one worker thread, warm as in a server, with the scripts of the taxi example. Beginning: from
 * `open` to the turn that answers `CallAlerting` with an HTTP request, one session at a time, as CPU time of the process in
 * between (scripts loaded, event delivered, two hops between threads), and as waiting time; putting the instance back and
 * making new ones happens afterwards and is counted apart. Memory: resident set with 200 sessions held, less without.
 * Event and command: a digit, and a handler that sends INFO; CPU time of both threads per event, one at a time, and with
 * 100 waiting. Beside it, in the same run, what an empty message to a thread and back costs by itself.
 *
 * Left out: the session around the sandbox (calls, media), which the benchmark `setup` has.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../src/kernel/clock.ts';
import { createLogger } from '../src/kernel/logger.ts';
import type { HostEvent, Turn } from '../src/scenario/protocol.ts';
import { DEFAULT_LIMITS } from '../src/scenario/sandbox/limits.ts';
import type { Sandbox, Sandboxes } from '../src/scenario/sandbox/sandboxes.ts';
import { WorkerSandboxes } from '../src/scenario/sandbox/worker-sandboxes.ts';
import { FACTS, STARTED } from '../src/scenario/test-support/sandbox-kit.ts';
import { type BenchResult, percentile } from './figures.ts';

const SESSIONS = 400;
const WARM_UP = 200;
const HELD = 200;
const EVENTS = 20_000;
/** A server has run for days when an event comes: what V8 compiles by then is compiled here before counting. */
const EVENTS_BEFORE = 20_000;
const SETTLE_MS = 30;
const MEGABYTE = 2 ** 20;
const TAXI = fileURLToPath(new URL('../examples/taxi/', import.meta.url));
const TAXI_SCRIPTS = ['words.js', 'menu.js', 'scenario.js'].map((name) => ({
  name,
  source: readFileSync(`${TAXI}${name}`, 'utf8'),
}));
const ECHO = [
  {
    name: 'echo.js',
    source: `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
      call.addEventListener(CallEvents.ToneReceived, ({ tone }) => call.sendInfo('text/plain', tone));
    });`,
  },
];

type Scripts = typeof TAXI_SCRIPTS;

export async function benchSession(): Promise<BenchResult> {
  const sandboxes = new WorkerSandboxes({
    ...{ workers: 1, warm: 16, limits: DEFAULT_LIMITS, clock: systemClock },
    log: createLogger('error'),
  });
  await sandboxes.ready;
  try {
    const begun = await begin(sandboxes);
    const memory = await hold(sandboxes);
    const hop = await emptyHop();
    const one = await events(sandboxes, 1);
    const many = await events(sandboxes, 100);
    return {
      name: 'session',
      figures: [
        {
          id: 'session.begin',
          what: 'CPU of a scenario session’s beginning on the call path, three scripts, until its first command',
          measured: percentile(begun.cpuMs, 0.5),
          unit: 'ms',
          aim: { at: 'most', value: 1 },
          note: `p99 ${percentile(begun.cpuMs, 0.99).toFixed(2)} ms; waited for: p50 ${percentile(begun.waitMs, 0.5).toFixed(2)} ms, p99 ${percentile(begun.waitMs, 0.99).toFixed(2)} ms`,
        },
        {
          id: 'session.behind',
          what: 'CPU behind the call path: the instance put back for the next session',
          measured: begun.behindMs,
          unit: 'ms',
        },
        {
          id: 'session.memory',
          what: `memory touched by a session, ${HELD} held`,
          measured: memory,
          unit: 'MB',
          aim: { at: 'most', value: 1 },
        },
        {
          id: 'session.event',
          what: 'CPU of an event and its command, both threads, one at a time',
          measured: one,
          unit: 'µs',
          aim: { at: 'most', value: 100 },
          note: `an empty message to a thread and back: ${hop.toFixed(0)} µs`,
        },
        { id: 'session.events', what: 'the same with 100 waiting', measured: many, unit: 'µs' },
      ],
      leavesOut: 'calls and media around the sandbox; the other threads of a server',
      peer: 'none: no other runtime of this API can be had',
      details: { begun: { behindMs: begun.behindMs }, memory, hop, one, many },
    };
  } finally {
    await sandboxes.close();
  }
}

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const alerting = (): HostEvent => ({
  type: 'call-alerting',
  at: STARTED.at,
  call: FACTS,
  customData: '',
});

/** Opens one, hands it the call, and waits for both turns. */
function open(sandboxes: Sandboxes, scripts: Scripts, onTurn?: (turn: Turn) => void): Promise<Sandbox> {
  return new Promise((resolve, reject) => {
    let turns = 0;
    const sandbox = sandboxes.open({
      scripts,
      started: STARTED,
      onTurn: (turn) => {
        if (turn.error !== undefined) reject(new Error(turn.error.message));
        turns += 1;
        if (turns === 2) resolve(sandbox);
        else if (turns > 2) onTurn?.(turn);
      },
    });
    sandbox.post(alerting());
  });
}

async function begin(sandboxes: Sandboxes): Promise<{ cpuMs: number[]; waitMs: number[]; behindMs: number }> {
  const [cpuMs, waitMs]: [number[], number[]] = [[], []];
  let behindMs = 0;
  for (let i = -WARM_UP; i < SESSIONS; i++) {
    const [before, at] = [cpu(), performance.now()];
    const sandbox = await open(sandboxes, TAXI_SCRIPTS);
    const [after, done] = [cpu(), performance.now()];
    sandbox.close();
    await settle();
    if (i < 0) continue;
    cpuMs.push(after - before);
    waitMs.push(done - at);
    behindMs += (cpu() - after) / SESSIONS;
  }
  const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b);
  return { cpuMs: sorted(cpuMs), waitMs: sorted(waitMs), behindMs };
}

async function hold(sandboxes: Sandboxes): Promise<number> {
  const before = process.memoryUsage().rss;
  const held: Sandbox[] = [];
  for (let i = 0; i < HELD; i++) held.push(await open(sandboxes, TAXI_SCRIPTS));
  await settle();
  const after = process.memoryUsage().rss;
  for (const sandbox of held) sandbox.close();
  await settle();
  return (after - before) / HELD / MEGABYTE;
}

/** Microseconds of CPU per event, with so many on their way at once. */
async function events(sandboxes: Sandboxes, waiting: number): Promise<number> {
  let answered = 0;
  let tell = (): void => {};
  const sandbox = await open(sandboxes, ECHO, () => {
    answered += 1;
    tell();
  });
  const run = (count: number): Promise<void> =>
    new Promise((resolve) => {
      let sent = 0;
      answered = 0;
      const send = (): void => {
        while (sent < count && sent - answered < waiting) {
          sent += 1;
          sandbox.post({ type: 'call-tone', at: STARTED.at, callId: FACTS.callId, tone: '5' });
        }
      };
      tell = () => {
        if (answered === count) resolve();
        else send();
      };
      send();
    });
  await run(EVENTS_BEFORE);
  const before = cpu();
  await run(EVENTS);
  const took = cpu() - before;
  sandbox.close();
  await settle();
  return (took / EVENTS) * 1000;
}

/** Microseconds of CPU for a message of one letter to a worker thread and back. */
async function emptyHop(): Promise<number> {
  const echo =
    "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));";
  const worker = new Worker(echo, { eval: true });
  const run = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      worker.postMessage('x');
      await once(worker, 'message');
    }
  };
  await run(EVENTS_BEFORE);
  const before = cpu();
  await run(EVENTS);
  const took = cpu() - before;
  await worker.terminate();
  return (took / EVENTS) * 1000;
}

/** Lets the worker do what it does behind the calls. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
