/** A scenario worker that ends its thread at the first event after the start, as a fault of the runtime would. */
import { parentPort } from 'node:worker_threads';
import '../sandbox/worker.ts';

parentPort?.on('message', (messages: readonly { type: string }[]) => {
  if (messages.some(({ type }) => type === 'post')) process.exit(3);
});
