/** A scenario worker that never comes back from the first event after the start. */
import { parentPort } from 'node:worker_threads';
import '../sandbox/worker.ts';

parentPort?.on('message', (messages: readonly { type: string }[]) => {
  // Blocks the thread without burning the processor, until it is terminated.
  if (messages.some(({ type }) => type === 'post'))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
