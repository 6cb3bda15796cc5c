import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventType, NewEvent, ReadEvent } from '../../src/events/types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { InvalidCursor } from '../../src/records/ports.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { leg, record, recording, START } from '../kit/call-records.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';

const told = (subject: string, more: Partial<NewEvent> = {}): NewEvent => ({
  ...{ applicationId: 'taxi', subject, type: 'call.started', at: START, data: {} },
  ...more,
});
const brief = (events: readonly ReadEvent[]): string[] =>
  events.map(({ subject, position, type }) => `${subject} ${position} ${type}`);

/** What the log and the news of calls must do, whichever database is below. */
export function eventsContract(name: string, places: StoragePlaces): void {
  describe(`the event log on ${name}`, () => {
    let place: StoragePlace;
    let storage: Storage;
    const open = async (): Promise<Storage> =>
      await openStorage({
        ...place,
        ...{ clock: new VirtualClock(START), random: systemRandom, log: silentLogger, environment: {} },
      });
    /** The tables themselves, with the storage closed: an embedded database has one process. */
    const inDatabase = async <T>(
      work: (db: Awaited<ReturnType<typeof openDatabase>>['db']) => Promise<T>,
    ) => {
      await storage.close();
      const options = { databaseUrl: place.databaseUrl, dataFolder: place.dataFolder };
      const database = await openDatabase({ ...options, random: systemRandom, log: silentLogger });
      try {
        return await work(database.db);
      } finally {
        await database.close();
        storage = await open();
      }
    };
    const readAll = async (applicationId: string | undefined, limit = 2): Promise<ReadEvent[]> => {
      const all: ReadEvent[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await storage.events.read({
          applicationId,
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        });
        all.push(...page.items);
        if (page.items.length < limit) return all;
        cursor = page.cursor;
      }
    };

    beforeEach(async () => {
      place = await places.fresh();
      storage = await open();
    });
    afterEach(() => storage.close());
    afterAll(() => places.close());

    it('is read in order, page by page, and goes on where it stopped', async () => {
      await storage.events.append([told('a'), told('b'), told('a', { type: 'call.answered' })]);
      await storage.events.append([told('a', { type: 'call.ended', data: { seconds: 3.5 } })]);
      const all = await readAll('taxi');
      expect(brief(all)).toEqual([
        'a 1 call.started',
        'b 1 call.started',
        'a 2 call.answered',
        'a 3 call.ended',
      ]);
      expect(all[3]).toMatchObject({ applicationId: 'taxi', at: START, data: { seconds: 3.5 } });
      const rest = await storage.events.read({ applicationId: 'taxi', cursor: all[1]!.cursor, limit: 10 });
      expect(brief(rest.items)).toEqual(['a 2 call.answered', 'a 3 call.ended']);
      expect(
        (await storage.events.read({ applicationId: 'taxi', cursor: rest.cursor, limit: 10 })).items,
      ).toEqual([]);
      await storage.events.append([told('c')]);
      const next = await storage.events.read({ applicationId: 'taxi', cursor: rest.cursor, limit: 10 });
      expect(brief(next.items)).toEqual(['c 1 call.started']);
    });

    it('is read by subject, by type and by application, and from its end on', async () => {
      await storage.events.append([told('a'), told('b'), told('f', { applicationId: 'food' })]);
      const read = async (options: { subject?: string; types?: EventType[]; cursor?: string }) =>
        brief((await storage.events.read({ applicationId: 'taxi', limit: 10, ...options })).items);
      expect(await read({ subject: 'b' })).toEqual(['b 1 call.started']);
      expect(await read({ types: ['call.ended', 'call.started'] })).toHaveLength(2);
      expect(await read({ types: ['call.ended'] })).toEqual([]);
      expect(brief(await readAll(undefined))).toHaveLength(3);
      const cursor = await storage.events.end('taxi');
      expect(await read({ cursor })).toEqual([]);
      await storage.events.append([told('a', { type: 'call.ended' })]);
      expect(await read({ cursor })).toEqual(['a 2 call.ended']);
    });

    it("refuses cursors of another tenant, of nobody, and of the reader's own making", async () => {
      await storage.events.append([told('a'), told('f', { applicationId: 'food' })]);
      const { cursor } = await storage.events.read({ applicationId: 'food', limit: 1 });
      const forged = (text: string): string => Buffer.from(text).toString('base64url');
      for (const bad of [
        cursor,
        'AAAA',
        '',
        forged('e1 99999999999999999999 1 taxi'),
        forged("e1 1' 1 taxi"),
      ]) {
        await expect(storage.events.read({ applicationId: 'taxi', cursor: bad, limit: 1 })).rejects.toThrow(
          InvalidCursor,
        );
      }
      await expect(storage.events.read({ applicationId: undefined, cursor, limit: 1 })).rejects.toThrow(
        InvalidCursor,
      );
    });

    it('a database that was restored into another server keeps its events and their order, and old cursors go on', async () => {
      await storage.events.append([told('a'), told('b')]);
      const before = await storage.events.read({ applicationId: 'taxi', limit: 1 });
      // A young server: the numbers of the old one lie in its future.
      const old = '900000000000';
      await inDatabase(async (db) => {
        await db.updateTable('events').set({ xid: old }).execute();
      });
      const cursor = Buffer.from(`e1 ${old} 1 taxi`).toString('base64url');
      expect(brief(before.items)).toEqual(['a 1 call.started']);
      await storage.events.append([told('c')]);
      expect(brief(await readAll('taxi'))).toEqual([
        'a 1 call.started',
        'b 1 call.started',
        'c 1 call.started',
      ]);
      const rest = await storage.events.read({ applicationId: 'taxi', cursor, limit: 10 });
      expect(brief(rest.items)).toEqual(['b 1 call.started', 'c 1 call.started']);
    });

    describe('of calls', () => {
      const opened = { kind: 'open', record: record({ id: 's1', applicationId: 'taxi' }) } as const;
      const ended = leg({
        callId: 'leg-1',
        ...{
          answeredAt: START + 4_000,
          endedAt: START + 9_000,
          durationSeconds: 5,
          code: 200,
          endedBy: 'remote',
        },
      });

      it('tells the life of a leg, once, however often a batch is applied', async () => {
        const batch = [opened, { kind: 'leg', sessionId: 's1', leg: leg({ callId: 'leg-1' }) } as const];
        await storage.records.apply(batch);
        await storage.records.apply(batch);
        await storage.records.apply([
          { kind: 'leg', sessionId: 's1', leg: { ...ended, endedAt: undefined } },
        ]);
        // Another process, which does not know what this one has told.
        await storage.close();
        storage = await open();
        for (let twice = 0; twice < 2; twice++)
          await storage.records.apply([{ kind: 'leg', sessionId: 's1', leg: ended }]);
        const events = await readAll('taxi');
        expect(brief(events)).toEqual(['s1 1 call.started', 's1 2 call.answered', 's1 3 call.ended']);
        expect(events[2]).toMatchObject({
          at: START + 9_000,
          data: {
            ...{ sessionId: 's1', callId: 'leg-1', direction: 'inbound', answered: true, seconds: 5 },
            ...{ status: 200, endedBy: 'remote' },
          },
        });
        expect(JSON.stringify(events), 'numbers of people').not.toMatch(/7912|7903|7495/);
      });

      it('tells everything at once when it comes at once, and what was left out before', async () => {
        await storage.records.apply([opened, { kind: 'leg', sessionId: 's1', leg: ended }]);
        expect(brief(await readAll('taxi'))).toEqual([
          's1 1 call.started',
          's1 2 call.answered',
          's1 3 call.ended',
        ]);
      });

      it('tells refused calls, recordings and transcripts; of nobody, nothing', async () => {
        const refused = {
          status: 'refused',
          endedAt: START,
          legs: [leg({ callId: 'leg-2', code: 404 })],
        } as const;
        await storage.records.apply([
          { kind: 'open', record: record({ id: 's2', applicationId: 'taxi', ...refused }) },
          {
            kind: 'open',
            record: record({ id: 's3', ...refused, legs: [leg({ callId: 'leg-3', code: 404 })] }),
          },
        ]);
        const running = recording({ recordingId: 'r1', sessionId: 's1', callId: 'leg-1' });
        await storage.records.apply([
          opened,
          { kind: 'leg', sessionId: 's1', leg: leg({ callId: 'leg-1' }) },
        ]);
        await storage.records.apply([{ kind: 'recording', recording: running }]);
        await storage.records.apply([
          { kind: 'recording', recording: { ...running, status: 'complete', seconds: 2, bytes: 9 } },
        ]);
        const job = {
          recordingId: 'r1',
          language: 'de',
          phrases: [],
          attempts: 1,
          error: undefined,
        } as const;
        await storage.transcripts.save('node', { ...job, status: 'waiting' });
        await storage.transcripts.save('node', { ...job, status: 'complete' });
        await storage.transcripts.save('node', { ...job, status: 'complete' });
        const events = await readAll('taxi');
        expect(brief(events)).toEqual([
          's2 1 call.refused',
          's1 1 call.started',
          's1 2 recording.completed',
          's1 3 transcript.completed',
        ]);
        expect(events[0]?.data).toMatchObject({ callId: 'leg-2', status: 404, direction: 'inbound' });
        expect(events[2]).toMatchObject({
          at: START + 2_000,
          data: { recordingId: 'r1', status: 'complete', bytes: 9 },
        });
        expect(events[3]?.data).toMatchObject({ recordingId: 'r1', status: 'complete', language: 'de' });
      });

      it('those of a masking session stand under it, with tokens; the leg that was there before keeps its subject', async () => {
        await storage.records.apply([
          opened,
          { kind: 'leg', sessionId: 's1', leg: leg({ callId: 'leg-1' }) },
        ]);
        await inDatabase(async (db) => {
          await db
            .insertInto('masking_calls')
            .values({
              ...{
                id: 'leg-2',
                application_id: 'taxi',
                session_id: 'ms_1',
                scenario_session_id: 's1',
                node: 'node',
              },
              ...{
                caller: 'per_1',
                callee: 'per_2',
                started_at: new Date(START),
                answered_at: null,
                ended_at: null,
              },
              ...{ seconds: null, status: null },
            })
            .execute();
        });
        const out = leg({ callId: 'leg-2', incoming: false });
        const running = recording({ recordingId: 'r1', sessionId: 's1', callId: 'leg-1' });
        await storage.records.apply([{ kind: 'leg', sessionId: 's1', leg: out }]);
        await storage.records.apply([
          { kind: 'leg', sessionId: 's1', leg: { ...out, endedAt: START + 5 } },
          { kind: 'leg', sessionId: 's1', leg: ended },
          { kind: 'recording', recording: { ...running, status: 'partial' } },
        ]);
        const events = await readAll('taxi');
        expect(brief(events)).toEqual([
          's1 1 call.started',
          'ms_1 1 call.started',
          'ms_1 2 call.ended',
          's1 2 call.answered',
          's1 3 call.ended',
          'ms_1 3 recording.completed',
        ]);
        expect(events[1]?.data).toMatchObject({ caller: 'per_1', callee: 'per_2', maskingSessionId: 'ms_1' });
        expect(events[2]?.data).toMatchObject({ answered: false, direction: 'outbound' });
        expect(events[4]?.data).toMatchObject({ maskingSessionId: 'ms_1', direction: 'inbound' });
      });

      it('a leg that was dialled for a masking session stands under it, also when that call is written down later', async () => {
        const out = { ...leg({ callId: 'leg-2', incoming: false }), maskingSessionId: 'ms_1' };
        await storage.records.apply([opened, { kind: 'leg', sessionId: 's1', leg: out }]);
        await storage.records.apply([{ kind: 'leg', sessionId: 's1', leg: { ...out, endedAt: START + 5 } }]);
        const events = await readAll('taxi');
        expect(brief(events)).toEqual(['ms_1 1 call.started', 'ms_1 2 call.ended']);
        expect(events[0]?.data).toMatchObject({ maskingSessionId: 'ms_1' });
      });
    });
  });
}
