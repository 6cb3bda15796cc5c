/**
 * One life of one media worker, seen from the main thread: commands go out in order, answers and events come back. When
 * the thread dies, everything that waits is refused and everything that listens is told; the engine makes a new link.
 */
import { Worker } from 'node:worker_threads';
import { MasklineError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import { Outbox } from './outbox.ts';
import type { Batch, Command, NodeEvent, Notice, ReplyValue, WorkerSettings } from './protocol.ts';

/** A handle that gets its node's events. */
export interface NodeListener {
  receive(event: NodeEvent): void;
  /** The worker is gone, and the node with it. */
  lost(): void;
}

type Request = Extract<Command, { request: number }>;
/** A request without its number. */
export type Question = Request extends infer R ? (R extends Request ? Omit<R, 'request'> : never) : never;
export type Order = Exclude<Command, Request>;

interface Waiting {
  readonly resolve: (value: ReplyValue) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerLink {
  /** Legs and sessions that live here, for the balance. */
  legs = 0;
  sessions = 0;
  readonly #worker: Worker;
  readonly #outbox: Outbox<Command>;
  readonly #log: Logger;
  readonly #onDeath: () => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<number, NodeListener>();
  #nextRequest = 1;
  #dead = false;

  constructor(settings: WorkerSettings, log: Logger, onDeath: () => void) {
    this.#log = log;
    this.#onDeath = onDeath;
    // Flags of the main process (test runners, inspectors) are not the worker's.
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: settings,
      execArgv: [],
      name: 'media',
    });
    this.#outbox = new Outbox((commands) => {
      if (!this.#dead) this.#worker.postMessage(commands);
    });
    this.#worker.on('message', (notices: Batch<Notice>) => {
      for (const notice of notices) this.#receive(notice);
    });
    this.#worker.on('error', (error) => this.#log.error({ err: error }, 'A media worker failed.'));
    this.#worker.on('exit', () => this.#die());
  }

  get dead(): boolean {
    return this.#dead;
  }

  listen(node: number, listener: NodeListener): void {
    this.#listeners.set(node, listener);
  }

  unlisten(node: number): void {
    this.#listeners.delete(node);
  }

  /** How many handles listen; the leak check of the tests reads it. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Fire and forget; a dead worker forgets. */
  order(command: Order): void {
    if (!this.#dead) this.#outbox.add(command);
  }

  /** Rejects with `media/busy` when the worker refuses or dies. */
  ask(question: Question): Promise<ReplyValue> {
    if (this.#dead) return Promise.reject(workerIsGone());
    const request = this.#nextRequest++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      this.#outbox.add({ ...question, request });
    });
  }

  /** Stops the thread, whatever it does. Resolves when it is gone. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(notice: Notice): void {
    switch (notice.kind) {
      case 'event':
        this.#listeners.get(notice.node)?.receive(notice.event);
        return;
      case 'log':
        this.#log[notice.level]({}, notice.message);
        return;
      case 'reply':
        this.#take(notice.request)?.resolve(notice.value);
        return;
      case 'refused':
        this.#take(notice.request)?.reject(new MasklineError('media/busy', notice.detail));
    }
  }

  #take(request: number): Waiting | undefined {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiting;
  }

  #die(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const waiting of this.#waiting.values()) waiting.reject(workerIsGone());
    this.#waiting.clear();
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const listener of listeners) listener.lost();
    this.#onDeath();
  }
}

function workerIsGone(): MasklineError {
  return new MasklineError('media/busy', 'The media worker of this session has stopped.');
}
