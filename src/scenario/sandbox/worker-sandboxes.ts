/**
 * Sandboxes in worker threads. A new sandbox goes to the worker with the fewest. A worker that dies, or that has said
 * nothing for too long while it owes a turn, is replaced; its sandboxes end with an error.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { describeError, type Logger } from '../../kernel/logger.ts';
import type { HostEvent, Turn } from '../protocol.ts';
import type { ScenarioLimits } from './limits.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from './sandboxes.ts';
import { keyOf } from './script-images.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts';

export interface WorkerOptions {
  readonly workers: number;
  readonly limits: ScenarioLimits;
  /** Instances that each worker keeps ready. */
  readonly warm: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** The script of the worker thread; tests bring one that dies. */
  readonly entry?: URL;
}

/** The interpreter stops a script after its CPU budget; this is for what it cannot stop, on a machine that is busy. */
const STALL_MS = 15_000;
const RESTART_MS = 500;

interface Owed {
  readonly options: OpenSandbox;
  turns: number;
}

export class WorkerSandboxes implements Sandboxes {
  readonly ready: Promise<void>;
  readonly #slots: Slot[];

  constructor(options: WorkerOptions) {
    let nextId = 1;
    this.#slots = Array.from(
      { length: Math.max(1, options.workers) },
      () => new Slot(options, () => nextId++),
    );
    this.ready = Promise.all(this.#slots.map((slot) => slot.ready)).then(() => {});
    this.ready.catch(() => {});
  }

  get count(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.count, 0);
  }

  /** How long the first event that has no answer yet waits in the worker that is behind the least, ms. */
  get lateMs(): number {
    return Math.min(...this.#slots.map(({ lateMs }) => lateMs));
  }

  open(options: OpenSandbox): Sandbox {
    const free = this.#slots.reduce((best, slot) => (slot.load < best.load ? slot : best));
    return free.open(options);
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

class Slot {
  readonly ready: Promise<void>;
  readonly #options: WorkerOptions;
  readonly #newId: () => number;
  readonly #open = new Map<number, Owed>();
  #worker: Worker;
  /**
   * What was said to one sandbox in this turn of the event loop goes as one message; for several it is several, so that no
   * answer waits for the script of another session. What is said while there is no worker waits here, too.
   */
  #unsent: ToWorker[][] = [];
  #isReady = false;
  #closed = false;
  #watch: TimerHandle | undefined;
  /** Turns that the worker owes, all sandboxes together. */
  #owing = 0;
  /** When each of them was asked for. A worker takes them in order, nearly: this is an estimate. */
  readonly #askedAt: number[] = [];
  /** When it last said something, or began to owe something. */
  #heardAt = 0;
  #restart: TimerHandle | undefined;
  #tellReady: () => void = () => {};
  #tellBroken: (error: Error) => void = () => {};

  constructor(options: WorkerOptions, newId: () => number) {
    this.#options = options;
    this.#newId = newId;
    this.ready = new Promise((resolve, reject) => {
      this.#tellReady = resolve;
      this.#tellBroken = reject;
    });
    this.ready.catch(() => {});
    this.#worker = this.#start();
  }

  get count(): number {
    return this.#open.size;
  }

  /** A worker that is starting is a last resort. */
  get load(): number {
    return this.#open.size + (this.#isReady ? 0 : 1_000_000);
  }

  get lateMs(): number {
    const [first] = this.#askedAt;
    return first === undefined ? 0 : this.#options.clock.monotonic() - first;
  }

  open(options: OpenSandbox): Sandbox {
    const sandbox = this.#newId();
    const owed: Owed = { options, turns: 0 };
    this.#open.set(sandbox, owed);
    this.#owe(owed);
    const { scripts, started } = options;
    const startedJson = JSON.stringify(started);
    this.#send({ type: 'open', sandbox, scripts, key: keyOf(scripts), startedJson });
    return {
      post: (event: HostEvent) => {
        if (!this.#open.has(sandbox)) return;
        this.#owe(owed);
        this.#send({ type: 'post', sandbox, json: JSON.stringify(event) });
      },
      close: () => {
        if (this.#forget(sandbox)) this.#send({ type: 'close', sandbox });
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#watch);
    this.#options.clock.clearTimeout(this.#restart);
    this.#forgetAll();
    await this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    const last = this.#unsent.at(-1);
    if (last?.[0]?.sandbox === message.sandbox) last.push(message);
    else if (this.#unsent.push([message]) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#restart !== undefined || this.#closed) return;
    for (const messages of this.#unsent) this.#worker.postMessage(messages);
    this.#unsent = [];
  }

  #start(): Worker {
    const { limits, warm, entry = new URL('./worker.ts', import.meta.url) } = this.#options;
    const worker = new Worker(entry, {
      workerData: { limits, warm } satisfies WorkerSetup,
      name: 'scenario',
      // The interpreter's own stack limit must be met before that of the thread.
      resourceLimits: { stackSizeMb: 4 },
      // A script has no business with the server's environment.
      env: {},
    });
    worker.on('message', (messages: readonly FromWorker[]) => {
      for (const message of messages) this.#onMessage(message);
    });
    worker.on('error', (error) => this.#onDeath(worker, error));
    worker.on('exit', (code) =>
      this.#onDeath(worker, new Error(`the scenario worker ended with status ${code}`)),
    );
    return worker;
  }

  #onMessage(message: FromWorker): void {
    this.#heardAt = this.#options.clock.monotonic();
    if (message === 'ready') {
      this.#isReady = true;
      this.#tellReady();
      this.#watchOver();
      return;
    }
    const [sandbox, commands, error] = message;
    const owed = this.#open.get(sandbox);
    if (owed === undefined) return;
    owed.turns--;
    this.#owing--;
    this.#askedAt.shift();
    if (error !== undefined) this.#forget(sandbox);
    owed.options.onTurn({ commands, error });
  }

  #owe(owed: Owed): void {
    owed.turns++;
    const now = this.#options.clock.monotonic();
    this.#askedAt.push(now);
    if (this.#owing++ === 0) this.#heardAt = now;
    this.#watchOver();
  }

  #forget(sandbox: number): boolean {
    const { turns } = this.#open.get(sandbox) ?? { turns: 0 };
    this.#owing -= turns;
    this.#askedAt.splice(0, turns);
    return this.#open.delete(sandbox);
  }

  #forgetAll(): void {
    this.#open.clear();
    this.#owing = 0;
    this.#askedAt.length = 0;
  }

  /** While a turn is owed, the worker has to say something now and then. Looked at rarely: turns are on every call's way. */
  #watchOver(): void {
    if (this.#watch !== undefined || !this.#isReady || this.#closed || this.#owing === 0) return;
    const { clock, log } = this.#options;
    const left = this.#heardAt + STALL_MS - clock.monotonic();
    const look = (): void => {
      this.#watch = undefined;
      if (this.#heardAt + STALL_MS > clock.monotonic() || this.#owing === 0) {
        this.#watchOver();
        return;
      }
      log.error({}, 'a scenario worker hangs and is replaced');
      void this.#worker.terminate();
    };
    this.#watch = clock.setTimeout(look, left);
  }

  #onDeath(worker: Worker, error: Error): void {
    if (this.#closed || worker !== this.#worker || this.#restart !== undefined) return;
    const { clock, log } = this.#options;
    clock.clearTimeout(this.#watch);
    this.#watch = undefined;
    if (!this.#isReady) this.#tellBroken(error);
    this.#isReady = false;
    log.error(
      { err: describeError(error), sessions: this.#open.size },
      'a scenario worker died and is started again',
    );
    const orphans = [...this.#open.values()];
    this.#forgetAll();
    this.#unsent = [];
    this.#restart = clock.setTimeout(() => {
      this.#restart = undefined;
      if (this.#closed) return;
      this.#worker = this.#start();
      this.#flush();
    }, RESTART_MS);
    const message = 'The thread that ran the scenario stopped; the session could not go on.';
    const turn: Turn = { commands: [], error: { message, scenario: '', line: undefined, kind: 'worker' } };
    for (const { options } of orphans) options.onTurn(turn);
  }
}
