import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Kysely } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../test/kit/node-flags.ts';
import { embeddedPlaces } from '../../test/kit/storage-places.ts';
import { systemClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { systemRandom } from '../kernel/random.ts';
import { lockFolder } from './folder-lock.ts';
import { PgliteClient } from './pglite-client.ts';
import { pgliteDialect } from './pglite-dialect.ts';
import { openStorage, type Storage } from './storage.ts';

const places = embeddedPlaces();
afterAll(() => places.close());

const openAt = (dataFolder: string): Promise<Storage> =>
  openStorage({
    dataFolder,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    environment: {},
  });

const WRITER = fileURLToPath(new URL('../../test/kit/storage-writer.ts', import.meta.url));

/** Starts the writer and waits until it has said `line`. Returns how to kill it, and the last batch it confirmed. */
async function startWriter(dataFolder: string, line: string) {
  const child: ChildProcess = spawn(process.execPath, [...NODE_FLAGS, WRITER, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').slice(0, -1).includes(line)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the writer ended with ${code}`)));
  });
  return {
    kill: async (): Promise<number> => {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
      return Number(output.split('\n').slice(0, -1).at(-1));
    },
  };
}

describe('the embedded database', () => {
  it('opens after kill -9 in the middle of writing: all that was confirmed is there, and no half batch', async () => {
    const { dataFolder } = await places.fresh();
    let confirmed = 0;
    for (const line of ['3', '40', '11']) {
      const writer = await startWriter(dataFolder, line);
      confirmed = Math.max(confirmed, await writer.kill());
      const { records, close } = await openAt(dataFolder);
      try {
        const { items } = await records.list({ limit: 100_000 });
        const ids = new Set(items.map((item) => item.id));
        for (let batch = 1; batch <= confirmed; batch++) expect(ids).toContain(`session-${batch}`);
        for (const { id, legs } of items) {
          expect(legs, id).toHaveLength(1);
          expect((await records.events(id, { limit: 100 })).items, id).toHaveLength(20);
        }
      } finally {
        await close();
      }
    }
    expect(confirmed).toBeGreaterThanOrEqual(40);
  });

  it('is held by one process at a time', async () => {
    const { dataFolder } = await places.fresh();
    const writer = await startWriter(dataFolder, 'open');
    await expect(openAt(dataFolder)).rejects.toMatchObject({ code: 'storage/folder-in-use' });
    await writer.kill();
    const storage = await openAt(dataFolder);
    await expect(openAt(dataFolder)).rejects.toMatchObject({ code: 'storage/folder-in-use' });
    await storage.close();
  });

  it('ends a transaction whose thread died, and goes on in a new one', async () => {
    const { dataFolder } = await places.fresh();
    const workers: Worker[] = [];
    const client = new PgliteClient(join(dataFolder, 'database'), (workerData) => {
      const worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), { workerData });
      workers.push(worker);
      return worker;
    });
    const db = new Kysely<{ t: { a: number } }>({ dialect: pgliteDialect(client) });
    await client.query('create table t (a int)', []);
    const lost = db.transaction().execute(async (trx) => {
      await trx.insertInto('t').values({ a: 1 }).execute();
      await workers[0]?.terminate();
      // Sent after the death: it must not run in the new thread, outside of any transaction.
      await trx.insertInto('t').values({ a: 2 }).execute();
    });
    await expect(lost).rejects.toMatchObject({ code: 'storage/stopped' });
    expect(await db.selectFrom('t').selectAll().execute()).toEqual([]);
    expect(workers).toHaveLength(2);
    await db.insertInto('t').values({ a: 3 }).execute();
    expect(await db.selectFrom('t').selectAll().execute()).toEqual([{ a: 3 }]);
    await db.destroy();
    await expect(client.query('select 1', [])).rejects.toMatchObject({ code: 'storage/stopped' });
  });

  it('starts over when its first start was cut off', async () => {
    const { dataFolder } = await places.fresh();
    const folder = join(dataFolder, 'other');
    mkdirSync(`${folder}.new`);
    writeFileSync(join(`${folder}.new`, 'PG_VERSION'), 'torn');
    const client = new PgliteClient(folder);
    expect((await client.query('select 1 as one', [])).rows).toEqual([{ one: 1 }]);
    await client.close();
  });
});

describe('the folder lock', () => {
  it.each([
    ['of a process that is gone', '4194399 1 boot token\n'],
    ['of another boot', `${process.pid} 1 another-boot token\n`],
    ['of a process that has the same id by chance', undefined],
    ['that was cut off', ''],
  ])('takes over a lock %s', async (_, content) => {
    const { dataFolder } = await places.fresh();
    const path = join(dataFolder, 'lock');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(path, content ?? `${process.pid} 1 ${boot} token\n`);
    const lock = lockFolder(dataFolder, systemRandom);
    expect(readFileSync(path, 'utf8')).toContain(`${process.pid} `);
    expect(() => lockFolder(dataFolder, systemRandom)).toThrow(
      expect.objectContaining({ code: 'storage/folder-in-use' }),
    );
    lock.release();
    lockFolder(dataFolder, systemRandom).release();
  });
});
