/** One thread of script/fuzz: takes batch numbers, gives results, and beats a heart that shows where it stands. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { type BatchResult, runBatch } from './run.ts';

export interface FuzzWorkerData {
  readonly seed: number;
  /** Int32 × 3: batch, message, beats. */
  readonly heart: SharedArrayBuffer;
}

export interface FuzzWorkerResult extends BatchResult {
  readonly batch: number;
  /** Bytes on the heap after a collection. */
  readonly heap: number;
}

// A thread cannot be started with --expose-gc.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const { seed, heart } = workerData as FuzzWorkerData;
const beats = new Int32Array(heart);

parentPort?.on('message', async (batch: number) => {
  beats[0] = batch;
  const result = await runBatch(seed, batch, (index) => {
    beats[1] = index;
    Atomics.add(beats, 2, 1);
  });
  collect();
  const answer: FuzzWorkerResult = { ...result, batch, heap: process.memoryUsage().heapUsed };
  parentPort?.postMessage(answer);
});
