/**
 * The thread's entry: a `MediaWorker` on the parent's message port. Commands come from our own main thread only, so
 * their type is taken as it is.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../kernel/clock.ts';
import { systemRandom } from '../../kernel/random.ts';
import { MediaWorker } from './media-worker.ts';
import { Outbox } from './outbox.ts';
import type { Batch, Command, Notice, WorkerSettings } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a worker thread only; see embedded/engine.ts.');

const outbox = new Outbox<Notice>((notices) => port.postMessage(notices));
const worker = new MediaWorker(workerData as WorkerSettings, systemClock, systemRandom, (notice) =>
  outbox.add(notice),
);
port.on('message', (commands: Batch<Command>) => {
  for (const command of commands) worker.handle(command);
});
