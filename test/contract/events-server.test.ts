import { sql } from 'kysely';
import { afterAll, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { appendEvents } from '../../src/storage/append-events.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { START } from '../kit/call-records.ts';
import { type StoragePlace, serverPlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { eventsContract } from './events.contract.ts';

eventsContract('a PostgreSQL server', serverPlaces());

const places = serverPlaces();
afterAll(() => places.close());

const anotherNode = async ({ dataFolder, databaseUrl }: StoragePlace) =>
  await openDatabase({ dataFolder, databaseUrl, random: systemRandom, log: silentLogger });

const told = (subject: string): NewEvent => ({
  ...{ applicationId: 'taxi', subject, type: 'call.started', at: START, data: {} },
});

it('a cursor never passes the events of a transaction that commits late, and holds back no longer than that', async () => {
  const place = await places.fresh();
  const options = {
    clock: new VirtualClock(START),
    random: systemRandom,
    log: silentLogger,
    environment: {},
  };
  const storage = await openStorage({ ...place, ...options });
  // Another node, whose transaction takes its time.
  const { db: other, close } = await anotherNode(place);
  let cursor: string | undefined;
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    const page = await storage.events.read({
      applicationId: 'taxi',
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    cursor = page.cursor;
    seen.push(...page.items.map(({ subject }) => subject));
  };
  try {
    await storage.events.append([told('before')]);
    const [written, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = other.transaction().execute(async (trx) => {
      await appendEvents(trx, systemRandom, [told('late')]);
      written.resolve();
      await mayCommit.promise;
    });
    await written.promise;
    // Later numbers, committed earlier.
    await storage.events.append([told('overtook')]);
    await read();
    await storage.events.append([told('overtook too')]);
    await read();
    expect(seen).toEqual(['before']);
    // What is sent need not wait: nobody is owed an order between subjects.
    mayCommit.resolve();
    await late;
    await read();
    expect(seen).toEqual(['before', 'late', 'overtook', 'overtook too']);
    await read();
    expect(seen).toHaveLength(4);
    // One that was rolled back holds nothing back either.
    await expect(
      other.transaction().execute(async (trx) => {
        await appendEvents(trx, systemRandom, [told('never')]);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await storage.events.append([told('after')]);
    await read();
    expect(seen.at(-1)).toBe('after');
    expect(seen).not.toContain('never');
  } finally {
    await close();
    await storage.close();
  }
});

it('of one subject the log has the order of the positions, also when the transaction that waited had begun first', async () => {
  const place = await places.fresh();
  const options = {
    clock: new VirtualClock(START),
    random: systemRandom,
    log: silentLogger,
    environment: {},
  };
  const storage = await openStorage({ ...place, ...options });
  const { db: other, close } = await anotherNode(place);
  try {
    const [begun, mayAppend] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const early = other.transaction().execute(async (trx) => {
      // It has written a row of its own, as those who append have.
      await sql`select pg_current_xact_id()`.execute(trx);
      begun.resolve();
      await mayAppend.promise;
      await appendEvents(trx, systemRandom, [told('a'), told('b')]);
    });
    await begun.promise;
    await storage.events.append([told('a'), told('c')]);
    mayAppend.resolve();
    await early;
    const { items } = await storage.events.read({ applicationId: 'taxi', limit: 10 });
    expect(items.filter(({ subject }) => subject === 'a').map(({ position }) => position)).toEqual([1, 2]);
    expect(items).toHaveLength(4);
    const rest = await storage.events.read({ applicationId: 'taxi', limit: 10, cursor: items[1]!.cursor });
    expect(rest.items).toEqual(items.slice(2));
  } finally {
    await close();
    await storage.close();
  }
});

it('readers that go on by cursor while many write miss nothing and read nothing twice', async () => {
  const place = await places.fresh();
  const options = {
    clock: new VirtualClock(START),
    random: systemRandom,
    log: silentLogger,
    environment: {},
  };
  const [one, two] = [
    await openStorage({ ...place, ...options }),
    await openStorage({ ...place, ...options }),
  ];
  try {
    const seen: string[] = [];
    let cursor: string | undefined;
    let writing = true;
    const reading = (async (): Promise<void> => {
      for (let isLast = false; !isLast; ) {
        isLast = !writing;
        for (let count = 7; count === 7; ) {
          const page = await one.events.read({
            applicationId: 'taxi',
            limit: 7,
            ...(cursor === undefined ? {} : { cursor }),
          });
          cursor = page.cursor;
          seen.push(...page.items.map(({ id }) => id));
          count = page.items.length;
        }
      }
    })();
    const written = await Promise.all(
      Array.from({ length: 150 }, async (_, n) => {
        const node = n % 2 === 0 ? one : two;
        return await node.events.append([told(`s${n % 11}`), told(`s${(n * 7) % 11}`)]);
      }),
    );
    writing = false;
    await reading;
    expect(seen).toHaveLength(300);
    expect(new Set(seen)).toEqual(new Set(written.flat().map(({ id }) => id)));
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});
