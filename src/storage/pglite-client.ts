import { Worker } from 'node:worker_threads';
import { StorageError } from './errors.ts';
import type { WorkerAnswer, WorkerError, WorkerRequest, WorkerStart } from './pglite-protocol.ts';

export interface PgliteResult {
  readonly rows: unknown[];
  readonly affected: number | undefined;
}

/** A database error that came from the worker; `code` is the SQLSTATE. */
export class PgliteError extends Error {
  override readonly name = 'PgliteError';
  readonly code: string | undefined;
  readonly constraint: string | undefined;

  constructor(error: WorkerError) {
    super(error.message);
    this.code = error.code;
    this.constraint = error.constraint;
  }
}

interface Waiting {
  readonly resolve: (result: PgliteResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The main thread's end of the database worker. If the worker dies (out of memory, a full disk), what it was doing is
 * rejected with `storage/stopped`, and the next request starts a new one, which recovers the folder.
 */
export class PgliteClient {
  readonly #folder: string;
  readonly #startWorker: (workerData: WorkerStart) => Worker;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #ready: Promise<void> | undefined;
  #nextId = 1;
  #generation = 0;
  #closed = false;

  /** `start` is for tests that end the thread. */
  constructor(folder: string, start: (workerData: WorkerStart) => Worker = startWorker) {
    this.#folder = folder;
    this.#startWorker = start;
  }

  /** Grows with each worker that is lost: a transaction does not outlive the worker it began in. */
  get generation(): number {
    return this.#generation;
  }

  /** Starts the worker and waits until the database is open. */
  open(): Promise<void> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<PgliteResult> {
    if (this.#closed) throw new StorageError('storage/stopped', 'It was closed.');
    await this.open();
    return await this.#send({ kind: 'query', id: this.#nextId++, sql, parameters });
  }

  /** Closes the database and its thread, after what was asked before. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#ready === undefined) return;
    await this.#ready.catch(() => undefined);
    const worker = this.#worker;
    if (worker === undefined) return;
    await this.#send({ kind: 'close', id: this.#nextId++ }).catch(() => undefined);
    await worker.terminate();
  }

  #send(request: WorkerRequest): Promise<PgliteResult> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new StorageError('storage/stopped'));
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      worker.postMessage(request);
    });
  }

  #start(): Promise<void> {
    const worker = this.#startWorker({ folder: this.#folder });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerAnswer) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'failed')
          reject(new StorageError('storage/stopped', message.error.message));
        else this.#settle(message);
      });
      worker.on('error', (error) => this.#lost(worker, error, reject));
      worker.on('exit', () => this.#lost(worker, undefined, reject));
    });
  }

  #settle(message: Extract<WorkerAnswer, { id: number }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'rows') waiting?.resolve({ rows: message.rows, affected: message.affected });
    else waiting?.reject(new PgliteError(message.error));
  }

  #lost(worker: Worker, cause: unknown, rejectStart: (error: Error) => void): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#ready = undefined;
    this.#generation++;
    const error = new StorageError('storage/stopped', undefined, cause === undefined ? {} : { cause });
    rejectStart(error);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.reject(error);
  }
}

function startWorker(workerData: WorkerStart): Worker {
  return new Worker(new URL('./pglite-worker.ts', import.meta.url), { workerData });
}
