/**
 * script/fuzz [--messages N] [--seed N] [--jobs N] [--batch N] [--json FILE]
 *
 * Sends N hostile messages through everything that reads SIP from the network. Ends with 1 on an exception, a fault
 * that a layer logged, a message that takes seconds, something that stays alive, or a heap that grows.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { describeMachine } from '../../../bench/machine.ts';
import { BATCH, type BatchResult } from './run.ts';
import type { FuzzWorkerData, FuzzWorkerResult } from './worker.ts';

/** A message that takes this long is a hang: the slowest of five million took well under a second on a busy machine. */
const HANG_MS = 15_000;
/** The heap may differ by this between the first tenth of the batches and the last; a leak of 10 bytes a message is more. */
const HEAP_GROWTH_BYTES = 24 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '5000000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string' },
    json: { type: 'string' },
  },
});
const seed = Number(values.seed);
const first = Number(values.batch ?? 0);
const batches = values.batch === undefined ? Math.ceil(Number(values.messages) / BATCH) : 1;

let next = first;
const results: FuzzWorkerResult[] = [];
const heaps: number[][] = [];
const begun = performance.now();

async function runWorker(): Promise<void> {
  const heart = new SharedArrayBuffer(12);
  const beats = new Int32Array(heart);
  const data: FuzzWorkerData = { seed, heart };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data });
  const heap: number[] = [];
  heaps.push(heap);
  await new Promise<void>((resolve, reject) => {
    let lastBeat = -1;
    const watch = setInterval(() => {
      const beat = Atomics.load(beats, 2);
      if (beat === lastBeat)
        reject(new Error(`hangs at batch ${beats[0]}, message ${beats[1]}; replay: ${replay(beats[0]!)}`));
      lastBeat = beat;
    }, HANG_MS);
    const done = (): void => {
      clearInterval(watch);
      resolve();
    };
    worker.on('error', reject);
    worker.on('message', (result: FuzzWorkerResult) => {
      results.push(result);
      heap.push(result.heap);
      for (const failure of result.failures)
        console.error(`batch ${result.batch}: ${failure}\nreplay: ${replay(result.batch)}\n`);
      progress();
      if (next < first + batches) worker.postMessage(next++);
      else done();
    });
    if (next < first + batches) worker.postMessage(next++);
    else done();
  }).finally(() => worker.terminate());
}

function replay(batch: number): string {
  return `script/fuzz --seed ${seed} --batch ${batch}`;
}

function progress(): void {
  if (results.length % 100 === 0) console.error(`${results.length * BATCH} messages`);
}

function sum(of: (result: BatchResult) => number): number {
  return results.reduce((total, result) => total + of(result), 0);
}

/** How much larger the heap of a worker's last tenth of batches is than that of its first, in the median. */
function growth(heap: readonly number[]): number {
  if (heap.length < 20) return 0;
  const tenth = Math.ceil(heap.length / 10);
  const median = (part: readonly number[]): number => part.toSorted((a, b) => a - b)[part.length >> 1]!;
  return median(heap.slice(-tenth)) - median(heap.slice(0, tenth));
}

await Promise.all(Array.from({ length: Math.min(Number(values.jobs), batches) }, runWorker));

const grown = Math.max(...heaps.map(growth));
const failures = sum(({ failures }) => failures.length) + (grown > HEAP_GROWTH_BYTES ? 1 : 0);
const seconds = (performance.now() - begun) / 1000;
const summary = {
  seed,
  messages: sum(({ messages }) => messages),
  failures,
  parsed: sum(({ parsed }) => parsed),
  valid: sum(({ valid }) => valid),
  kinds: {
    grammar: sum(({ kinds }) => kinds.grammar),
    mutation: sum(({ kinds }) => kinds.mutation),
    answer: sum(({ kinds }) => kinds.answer),
    echo: sum(({ kinds }) => kinds.echo),
  },
  slowestMessageMs: Math.round(Math.max(...results.map(({ slowestMs }) => slowestMs)) * 10) / 10,
  heapGrowthBytes: grown,
  seconds: Math.round(seconds),
  machine: describeMachine(),
};
if (grown > HEAP_GROWTH_BYTES) console.error(`the heap grew by ${grown} bytes: something stays`);
console.log(JSON.stringify(summary));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(summary, undefined, 2)}\n`);
process.exitCode = failures === 0 ? 0 : 1;
