import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { appendEvents } from '../../src/storage/append-events.ts';
import { type OpenDatabase, openDatabase } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrate.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';

const told = (subject: string, more: Partial<NewEvent> = {}): NewEvent => ({
  applicationId: 'app',
  subject,
  type: 'call.started',
  at: 1_700_000_000_000,
  data: {},
  ...more,
});

/** What appending must do, whichever database is below. */
export function appendContract(name: string, places: StoragePlaces): void {
  describe(`appending events on ${name}`, () => {
    let database: OpenDatabase;
    const append = async (events: readonly NewEvent[], options: { fresh?: boolean } = {}) =>
      await database.db.transaction().execute((trx) => appendEvents(trx, systemRandom, events, options));
    const positions = async (subject: string): Promise<number[]> =>
      (
        await database.db
          .selectFrom('events')
          .select('position')
          .where('subject', '=', subject)
          .orderBy('position')
          .execute()
      ).map(({ position }) => position);

    beforeEach(async () => {
      const place = await places.fresh();
      database = await openDatabase({
        dataFolder: place.dataFolder,
        databaseUrl: place.databaseUrl,
        random: systemRandom,
        log: silentLogger,
      });
      await migrate(database.db);
      await database.db
        .insertInto('applications')
        .values({ id: 'app', name: 'app', provenance: 'api' })
        .execute();
    });
    afterEach(() => database.close());
    afterAll(() => places.close());

    it('numbers each subject from 1, in the order given, and gives ids', async () => {
      const first = await append([told('a'), told('b'), told('a', { type: 'call.ended' })]);
      expect(first.map(({ subject, position, type }) => [subject, position, type])).toEqual([
        ['a', 1, 'call.started'],
        ['b', 1, 'call.started'],
        ['a', 2, 'call.ended'],
      ]);
      expect(first.every(({ id }) => /^evt_[0-9a-f-]{36}$/.test(id))).toBe(true);
      expect((await append([told('a')])).map(({ position }) => position)).toEqual([3]);
      expect((await append([told('c'), told('c')], { fresh: true })).map(({ position }) => position)).toEqual(
        [1, 2],
      );
      expect(await append([])).toEqual([]);
    });

    it('an event with an id of its own is written once, and leaves no gap', async () => {
      const id = 'evt_of-mine';
      const [before] = await append([told('a', { id })]);
      const again = await append([told('a', { id, data: { other: true } }), told('a'), told('a', { id })]);
      expect(again.map(({ position }) => position)).toEqual([1, 2, 1]);
      expect(again[0]?.id).toBe(before?.id);
      expect(await positions('a')).toEqual([1, 2]);
    });

    it('what is rolled back was never there', async () => {
      const failing = database.db.transaction().execute(async (trx) => {
        await appendEvents(trx, systemRandom, [told('a')]);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect((await append([told('a')])).map(({ position }) => position)).toEqual([1]);
    });

    it('writers of the same subjects, each in another order, leave no gap and do not wait for each other for ever', async () => {
      await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          append(n % 2 === 0 ? [told('a'), told('b')] : [told('b'), told('a'), told('b')]),
        ),
      );
      expect(await positions('a')).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
      expect(await positions('b')).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    });

    it('data that PostgreSQL cannot keep is cleaned', async () => {
      await append([told('a', { data: { text: 'a\0b\ud800', list: ['\0'] } })]);
      const [row] = await database.db.selectFrom('events').select('data').execute();
      expect(row?.data).toEqual({ text: 'ab�', list: [''] });
    });

    it('is queued for the webhooks that want it, in order, and for no others', async () => {
      await database.db
        .insertInto('applications')
        .values({ id: 'other', name: 'other', provenance: 'api' })
        .execute();
      const webhook = (
        id: string,
        more: { application_id?: string; types?: string[]; enabled?: boolean } = {},
      ) => ({
        ...{
          id,
          application_id: 'app',
          url: 'https://example.com',
          secrets_sealed: '',
          types: [],
          created_at: new Date(),
        },
        ...more,
      });
      await database.db
        .insertInto('webhooks')
        .values([
          webhook('all'),
          webhook('some', { types: ['call.ended', 'block.created'] }),
          webhook('off', { enabled: false }),
          webhook('stranger', { application_id: 'other' }),
        ])
        .execute();
      await append([told('a'), told('a', { type: 'call.ended' })]);
      const queued = await database.db
        .selectFrom('webhook_deliveries')
        .innerJoin('events', 'events.seq', 'webhook_deliveries.event_seq')
        .select(['webhook_id', 'type', 'state', 'attempts'])
        .orderBy('webhook_deliveries.id')
        .execute();
      const waiting = { state: 'waiting', attempts: 0 };
      expect(queued).toHaveLength(3);
      expect(queued.filter(({ webhook_id }) => webhook_id === 'all')).toEqual([
        { webhook_id: 'all', type: 'call.started', ...waiting },
        { webhook_id: 'all', type: 'call.ended', ...waiting },
      ]);
      expect(queued).toContainEqual({ webhook_id: 'some', type: 'call.ended', ...waiting });
    });
  });
}
