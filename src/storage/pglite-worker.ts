/**
 * The thread that owns the embedded database. It runs one statement at a time, so a query here never delays a call.
 *
 * PGlite writes its log before it answers, and every write has reached the kernel by then: a process that is killed
 * loses nothing that was committed, and what was not committed is rolled back when the folder is opened again. It does
 * not call fsync, so a machine that loses power may lose the last seconds; use a PostgreSQL server where that matters.
 */
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { makeDatabase } from './new-database.ts';
import type { WorkerAnswer, WorkerError, WorkerRequest, WorkerStart } from './pglite-protocol.ts';
import { Statements } from './pglite-statements.ts';

const port = parentPort;
if (port === null) throw new Error('pglite-worker.ts runs as a worker thread only');
const answer = (message: WorkerAnswer): void => port.postMessage(message);

/**
 * Pages of 8 kB that the database keeps in memory of its own, 32 MB. The server's usual 128 MB are written to when it opens,
 * so that a small machine would give them to it for nothing: what is not there comes from the kernel's own cache.
 */
const SHARED_BUFFERS = 4_096;

async function openDatabase(folder: string): Promise<PGlite> {
  if (!existsSync(folder)) await makeDatabase(folder);
  const startParams = [...PGlite.defaultStartParams, '-B', String(SHARED_BUFFERS)];
  return await PGlite.create({ dataDir: folder, startParams });
}

function describe(error: unknown): WorkerError {
  const { code, constraint } = (error ?? {}) as { code?: unknown; constraint?: unknown };
  return {
    message: error instanceof Error ? error.message : String(error),
    code: typeof code === 'string' ? code : undefined,
    constraint: typeof constraint === 'string' ? constraint : undefined,
  };
}

async function run(database: PGlite, statements: Statements, request: WorkerRequest): Promise<void> {
  try {
    if (request.kind === 'close') {
      await database.close();
      answer({ kind: 'rows', id: request.id, rows: [], affected: undefined });
      return;
    }
    const { rows, affected } = await statements.run(request.sql, request.parameters);
    answer({ kind: 'rows', id: request.id, rows, affected });
  } catch (error) {
    answer({ kind: 'error', id: request.id, error: describe(error) });
  }
}

async function serve(): Promise<void> {
  const database = await openDatabase((workerData as WorkerStart).folder);
  const statements = new Statements(database, () => performance.now());
  let last: Promise<void> = Promise.resolve();
  port?.on('message', (request: WorkerRequest) => {
    last = last.then(() => run(database, statements, request));
  });
  answer({ kind: 'ready' });
}

// Not awaited here: see scenario/sandbox/worker.ts.
serve().catch((error: unknown) => {
  answer({ kind: 'failed', error: describe(error) });
  port.close();
});
