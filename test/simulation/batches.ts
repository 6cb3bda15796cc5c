/** Runs in batches over worker threads. Batches have one size whatever the number of threads, so results are the same. */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { Kind } from './plan.ts';
import { runSeed } from './run.ts';
import { type Tally, TallyMaker } from './tally.ts';

const BATCH = 500;

interface Order {
  readonly first: number;
  readonly runs: number;
  readonly only: Kind | undefined;
}

export interface BatchOptions {
  readonly seed: number;
  readonly runs: number;
  readonly jobs: number;
  readonly only: Kind | undefined;
  /** Seeds that a thread gets at once; the hash of all depends on it. */
  readonly batch?: number;
  /** After each batch. */
  readonly onBatch: (batch: Tally) => void;
}

export async function runBatches(options: BatchOptions): Promise<readonly Tally[]> {
  const { seed, runs, jobs, only, onBatch, batch = BATCH } = options;
  const orders: Order[] = [];
  for (let done = 0; done < runs; done += batch)
    orders.push({ first: seed + done, runs: Math.min(batch, runs - done), only });
  const results: Tally[] = [];
  const take = (batch: Tally): void => {
    results.push(batch);
    onBatch(batch);
  };
  if (jobs <= 1) {
    for (const order of orders) take(await runBatch(order));
    return results;
  }
  const workers = Math.min(jobs, orders.length);
  await Promise.all(Array.from({ length: workers }, () => workThrough(orders, take)));
  return results;
}

async function runBatch({ first, runs, only }: Order): Promise<Tally> {
  const maker = new TallyMaker(first);
  for (let seed = first; seed < first + runs; seed++) maker.add(await runSeed(seed, only));
  return maker.finish();
}

/** One thread, one order after the other until none is left. */
async function workThrough(orders: Order[], take: (batch: Tally) => void): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { name: 'simulation' });
  try {
    for (let order = orders.shift(); order !== undefined; order = orders.shift()) {
      const { promise, resolve, reject } = Promise.withResolvers<Tally>();
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage(order);
      take(await promise);
      worker.off('error', reject);
    }
  } finally {
    await worker.terminate();
  }
}

if (!isMainThread) {
  parentPort?.on('message', (order: Order) => {
    void runBatch(order).then((tally) => parentPort?.postMessage(tally));
  });
}
