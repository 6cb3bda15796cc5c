/** The entry of a scenario worker: local sandboxes behind messages. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Turn } from '../protocol.ts';
import { type JsonSandbox, LocalSandboxes } from './local-sandboxes.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a worker thread only');
/** Turns that wait for one another do so no longer than this; the main thread watches over a worker that says nothing. */
const TOGETHER_MS = 5;

let outbox: FromWorker[] = [];
let since = 0;
const flush = (): void => {
  if (outbox.length > 0) port.postMessage(outbox);
  outbox = [];
};
const tell = (message: FromWorker): void => {
  if (outbox.push(message) === 1) {
    since = performance.now();
    queueMicrotask(flush);
  } else if (performance.now() - since > TOGETHER_MS) flush();
};

const sandboxes = new LocalSandboxes(workerData as WorkerSetup);
const open = new Map<number, JsonSandbox>();

function take(message: ToWorker): void {
  const { sandbox } = message;
  switch (message.type) {
    case 'open': {
      const { scripts, key, startedJson } = message;
      const onTurn = ({ commands, error }: Turn): void =>
        tell(error === undefined ? [sandbox, commands] : [sandbox, commands, error]);
      open.set(sandbox, sandboxes.openJson({ scripts, key, startedJson, onTurn }));
      break;
    }
    case 'post':
      open.get(sandbox)?.post(message.json);
      break;
    case 'close':
      open.get(sandbox)?.close();
      open.delete(sandbox);
  }
}

port.on('message', (messages: readonly ToWorker[]) => {
  for (const message of messages) take(message);
});

// Not awaited here: V8 ends the whole process when a thread is terminated in the very moment in which an awaiting module
// comes to its end (Builtin_CallAsyncModuleFulfilled). A rejection ends this thread, as it should.
void sandboxes.ready.then(() => tell('ready'));
