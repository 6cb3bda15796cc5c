/** The entry of a scenario worker: local sandboxes behind messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { LocalSandboxes } from './local-sandboxes.ts';
import type { Sandbox } from './sandboxes.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a worker thread only');
const tell = (message: FromWorker): void => port.postMessage(message);

const sandboxes = new LocalSandboxes(workerData as WorkerSetup);
const open = new Map<number, Sandbox>();

port.on('message', (message: ToWorker) => {
  const { sandbox } = message;
  switch (message.type) {
    case 'open': {
      const { scripts, started } = message;
      open.set(
        sandbox,
        sandboxes.open({ scripts, started, onTurn: (turn) => tell({ type: 'turn', sandbox, turn }) }),
      );
      break;
    }
    case 'post':
      open.get(sandbox)?.post(message.event);
      break;
    case 'close':
      open.get(sandbox)?.close();
      open.delete(sandbox);
  }
});

await sandboxes.ready;
tell({ type: 'ready' });
