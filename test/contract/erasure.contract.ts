import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { NewSession } from '../../src/masking/types.ts';
import { transcriptPath } from '../../src/records/ports.ts';
import { deleteFiles } from '../../src/retention/delete-files.ts';
import { eraseNow, erasuresOf } from '../../src/retention/erasures.ts';
import type { RetentionKind } from '../../src/retention/ports.ts';
import { RETENTION_KINDS } from '../../src/retention/ports.ts';
import { Retention } from '../../src/retention/retention.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { event, leg, record, recording, SERVICE, START } from '../kit/call-records.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI } from './directory-samples.ts';

const DRIVER = PhoneNumber.parse('+447700900101');
const PASSENGER = PhoneNumber.parse('+447700900202');
const DAY = 86_400_000;
const NODE = 'node-1';

/** Erasing people and taking away what is old, whichever database is below. */
export function erasureContract(name: string, places: StoragePlaces): void {
  describe(`taking away on ${name}`, () => {
    const clock = new VirtualClock(START);
    const opened: Storage[] = [];
    const root = mkdtempSync(join(tmpdir(), 'maskline-recordings-'));
    let folder = '';
    let place: StoragePlace;
    const tools = { clock, random: systemRandom, log: silentLogger, environment: {} };

    const open = async (): Promise<Storage> => {
      const storage = await openStorage({ ...place, ...tools });
      opened.push(storage);
      return storage;
    };
    const begin = async (): Promise<{ storage: Storage; application: string }> => {
      place = await places.fresh();
      folder = join(root, systemRandom.token(4));
      const storage = await open();
      await storage.importDirectory({
        applications: [
          TAXI,
          { ...TAXI, name: 'other', numbers: [], verifiedNumbers: [], users: [], rules: [] },
        ],
        trunks: [],
      });
      const application = storage.admin.applications().find((one) => one.name === 'taxi')?.id ?? '';
      return { storage, application };
    };
    const files = (storage: Storage, node = NODE) =>
      deleteFiles({ removals: storage.fileRemovals, node, recordingsFolder: folder, log: silentLogger });
    const retentionOf = (storage: Storage, days: Partial<Record<RetentionKind, number>>) =>
      new Retention({
        store: storage.retention,
        erasures: storage.erasures,
        deleteFiles: () => files(storage),
        days: {
          ...(Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, 0])) as Record<RetentionKind, number>),
          ...days,
        },
        clock,
        log: silentLogger,
      });
    /** All rows of all tables, as text, without what is sealed. */
    const dump = async (storage: Storage): Promise<string> => {
      opened.splice(opened.indexOf(storage), 1);
      await storage.close();
      const { databaseUrl, dataFolder } = place;
      const { db, close } = await openDatabase({
        databaseUrl,
        dataFolder,
        random: systemRandom,
        log: silentLogger,
      });
      const { rows: tables } = await sql<{ name: string }>`
        select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
      const all: string[] = [];
      for (const { name: table } of tables) {
        const { rows } = await sql<{
          row: string;
        }>`select row_to_json(t)::text as row from ${sql.table(table)} t`.execute(db);
        all.push(...rows.map(({ row }) => `${table} ${row}`));
      }
      await close();
      return all.join('\n');
    };

    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.close();
      expect(clock.pending, 'timers that were left').toBe(0);
    });
    afterAll(async () => {
      rmSync(root, { recursive: true, force: true });
      await places.close();
    });

    /** A call of the driver to the passenger, with a recording and its transcript on the disk. */
    const call = async (
      storage: Storage,
      application: string,
      id: string,
      ended: boolean,
      keepUntil?: number,
    ) => {
      const now = clock.now();
      const one = recording({
        ...{
          recordingId: `rec-${id}`,
          sessionId: id,
          callId: `${id}-a`,
          startedAt: now,
          path: `2026/01/${id}/rec-${id}.wav`,
        },
        ...{ status: ended ? 'complete' : 'recording', keepUntil },
      });
      const numbers = { callerid: DRIVER, number: SERVICE, startedAt: now };
      await storage.records.apply([
        { kind: 'open', record: record({ id, applicationId: application, node: NODE, startedAt: now }) },
        { kind: 'leg', sessionId: id, leg: leg({ callId: `${id}-a`, ...numbers }) },
        {
          ...{ kind: 'leg', sessionId: id },
          leg: leg({
            callId: `${id}-b`,
            incoming: false,
            callerid: SERVICE,
            number: PASSENGER,
            startedAt: now,
          }),
        },
        { kind: 'event', event: { ...event(id, 1, { message: 'hello Bob' }), name: 'session.log' } },
        { kind: 'recording', recording: one },
      ]);
      if (ended) await endCall(storage, id);
      const job = { language: 'en', phrases: [], status: 'complete', attempts: 1, error: undefined } as const;
      await storage.transcripts.save(NODE, { ...job, recordingId: one.recordingId });
      await storage.traces.append([
        {
          ...{ id: `trace-${id}`, sessionId: id, legId: `${id}-a`, omitted: 0 },
          messages: [
            {
              ...{ at: now, legId: `${id}-a`, direction: 'in', transport: 'udp' },
              ...{ local: '192.0.2.1:5060', remote: '192.0.2.2:5060', text: 'INVITE' },
            },
          ],
        },
      ]);
      const path = join(folder, one.path);
      mkdirSync(dirname(path), { recursive: true });
      for (const file of [path, transcriptPath(path), transcriptPath(path).replace('json', 'txt')])
        writeFileSync(file, 'x');
    };
    const endCall = (storage: Storage, id: string) =>
      storage.records.apply([
        { kind: 'close', id, status: 'completed', endedAt: clock.now(), reason: 'done', error: undefined },
      ]);
    const session = (application: string, label = 'Order of Bob'): NewSession => ({
      ...{ applicationId: application, externalId: undefined, mode: 'axb' as const },
      parties: [DRIVER, PASSENGER].map((number, index) => ({
        ...{ number, role: index === 0 ? 'driver' : 'client', label },
        ...{ announcement: undefined, extension: undefined },
      })),
      numbers: {
        ...{
          pool: undefined,
          prefer: 'any',
          region: undefined,
          strict: false,
          tags: [],
          explicit: undefined,
        },
      },
      rules: {
        ...{
          ttlSeconds: 3600,
          sliding: false,
          maxCalls: undefined,
          maxCallSeconds: undefined,
          oneWayFrom: undefined,
        },
        ...{
          ringSeconds: undefined,
          greeting: undefined,
          record: false,
          transcribe: false,
          language: undefined,
        },
      },
      metadata: { label },
    });

    it('erases a person everywhere, leaves the other side, and gives a receipt that leads nowhere', async () => {
      const { storage, application } = await begin();
      const made = await storage.masking.sessions.create(session(application));
      await storage.masking.blocks.add({
        ...{
          applicationId: application,
          person: PASSENGER,
          counterpart: undefined,
          direction: 'to',
          by: 'party',
        },
        ...{ reason: 'wants no calls', expiresAt: undefined },
      });
      await call(storage, application, 'call-1', true);
      await call(storage, application, 'call-2', false);
      const token = made.parties[1]?.token ?? '';
      await clock.advance(61_000);

      const request = {
        number: PhoneNumber.parse('+44 7700 900202'),
        applicationId: undefined,
        actor: 'key-1',
      };
      const erasures = erasuresOf(storage.erasures, () => files(storage));
      const first = await erasures.erase(request);
      expect(first).toMatchObject({ status: 'running', actor: 'key-1', applicationId: undefined });
      expect(first.removed).toEqual({
        ...{ people: 1, sessionsClosed: 1, parties: 2, blocks: 1, numbersInCalls: 1 },
        ...{ recordings: 1, transcripts: 1, traces: 1, logLines: 1 },
      });
      // The other call goes on; asked again, it is the same erasure.
      expect((await erasures.erase(request)).id).toBe(first.id);
      expect(await storage.masking.sessions.get(made.id, undefined)).toMatchObject({
        ...{ status: 'closed', closedReason: 'party-erased', metadata: {} },
        parties: [{ label: '' }, { label: '', number: undefined }],
      });
      const erased = await storage.records.get('call-1');
      expect(erased?.legs.map((one) => [one.callerid.masked, one.number.masked])).toEqual([
        [DRIVER.masked, SERVICE.masked],
        [SERVICE.masked, '(erased)'],
      ]);
      expect(erased?.recordings).toEqual([]);
      expect(
        readdirSync(folder, { recursive: true }).filter((path) => `${path}`.includes('rec-call-1')),
      ).toEqual([]);
      expect(existsSync(join(folder, '2026/01/call-1'))).toBe(false);
      const log = await storage.events.read({ applicationId: undefined, limit: 50 });
      expect(log.items.map(({ type }) => type)).toContain('person.erased');
      expect(log.items.find(({ type }) => type === 'person.erased')).toMatchObject({
        subject: token,
        data: { person: token, erasure: first.id },
      });

      // The process is killed here; the call ends, and another one finishes the work.
      await endCall(storage, 'call-2');
      opened.splice(opened.indexOf(storage), 1);
      await storage.close();
      const again = await open();
      await retentionOf(again, {}).run();
      expect((await again.erasures.get(first.id, undefined))?.status).toBe('running');
      await clock.advance(61_000);
      await retentionOf(again, {}).run();
      const done = await again.erasures.get(first.id, undefined);
      expect(done).toMatchObject({ status: 'complete', removed: { recordings: 2, numbersInCalls: 2 } });
      expect(readdirSync(folder)).toEqual([]);
      expect(await again.erasures.running()).toEqual([]);

      // Who is unknown gets a receipt, too; who comes back is somebody new.
      const nothing = await erasuresOf(again.erasures, () => files(again)).erase(request);
      expect(nothing).toMatchObject({ status: 'complete', removed: {} });
      const { items } = await again.audit.list(
        { applicationId: undefined, action: 'person.erased' },
        { limit: 9 },
      );
      expect(items.map(({ subject }) => subject)).toEqual([nothing.id, first.id]);
      await clock.advance(2 * 3_600_000);
      const second = await again.masking.sessions.create(session(application, 'Order 2'));
      expect(second.parties[0]?.token).toBe(made.parties[0]?.token);
      expect(second.parties[1]?.token).not.toBe(token);
      const rows = await dump(again);
      expect(/7700900202|7700 900202|Bob/.exec(rows)).toBeNull();
      for (const row of rows.split('\n').filter((one) => one.startsWith('erasures')))
        expect(row).toMatch(/"number_sealed":null/);
    });

    it('erases within one application only, when asked so, and refuses our own numbers', async () => {
      const { storage, application } = await begin();
      const other = storage.admin.applications().find((one) => one.name === 'other')?.id ?? '';
      await call(storage, application, 'call-1', true);
      await call(storage, other, 'call-2', true);
      await clock.advance(61_000);
      const erasures = erasuresOf(storage.erasures, () => files(storage));
      const receipt = await erasures.erase({ number: PASSENGER, applicationId: other, actor: 'cli' });
      expect(receipt).toMatchObject({ status: 'complete', removed: { numbersInCalls: 1 } });
      expect((await storage.records.get('call-1'))?.legs[1]?.number.equals(PASSENGER)).toBe(true);
      expect((await storage.records.get('call-2'))?.legs[1]?.number.equals(PASSENGER)).toBe(false);
      expect(await storage.erasures.get(receipt.id, application)).toBeUndefined();
      expect(await erasures.get(receipt.id, other)).toEqual(receipt);
      const own = erasures.erase({ number: SERVICE, applicationId: undefined, actor: 'cli' });
      await expect(own).rejects.toMatchObject({ code: 'entry/invalid' });
    });

    it('waits for the node that has the files, and completes when they are deleted', async () => {
      const { storage, application } = await begin();
      await call(storage, application, 'call-1', true);
      await clock.advance(61_000);
      const erasures = erasuresOf(storage.erasures, () => files(storage, 'node-2'));
      const receipt = await erasures.erase({ number: DRIVER, applicationId: undefined, actor: 'cli' });
      expect(receipt).toMatchObject({ status: 'running', removed: { recordings: 1 } });
      expect(await storage.fileRemovals.waiting()).toEqual({ [NODE]: 1 });
      expect(existsSync(join(folder, '2026/01/call-1/rec-call-1.wav'))).toBe(true);
      await files(storage);
      expect(existsSync(join(folder, '2026/01/call-1/rec-call-1.wav'))).toBe(false);
      await eraseNow(storage.erasures, receipt.id);
      expect((await storage.erasures.get(receipt.id, undefined))?.status).toBe('complete');
    });

    it('[row 43] has each node read its transcripts, and removes those in which the number was said', async () => {
      const { storage, application } = await begin();
      for (const id of ['call-1', 'call-2', 'call-3']) await call(storage, application, id, true);
      const words = (id: string): string => transcriptPath(join(folder, `2026/01/${id}/rec-${id}.wav`));
      writeFileSync(words('call-2').replace('json', 'txt'), 'caller: ring me at 07700 900505, please');
      const spoken = PhoneNumber.parse('+447700900505');
      const elsewhere = erasuresOf(storage.erasures, () => files(storage, 'node-2'));
      const receipt = await elsewhere.erase({ number: spoken, applicationId: application, actor: 'cli' });
      expect(receipt).toMatchObject({ status: 'running', removed: {}, searchedUntil: clock.now() });
      // The node reads one, and is killed.
      const { words: store } = storage.fileRemovals;
      const [search] = await store.list(NODE);
      if (search === undefined) throw new Error('nothing to be read');
      expect((await store.next(search, 1)).map(({ recordingId }) => recordingId)).toEqual(['rec-call-1']);
      await store.read(search, [], 'rec-call-1');
      const [again] = await store.list(NODE);
      expect(again?.after).toBe('rec-call-1');

      await files(storage);
      await eraseNow(storage.erasures, receipt.id);
      expect(await storage.erasures.get(receipt.id, undefined)).toMatchObject({
        ...{ status: 'complete', removed: { transcripts: 1 } },
      });
      expect(['call-1', 'call-2', 'call-3'].map((id) => existsSync(words(id)))).toEqual([true, false, true]);
      expect(existsSync(join(folder, '2026/01/call-2/rec-call-2.wav'))).toBe(true);
    });

    it('takes away what is too old, and what a script wished for goes before the settings', async () => {
      const { storage, application } = await begin();
      const soon = START + 2 * DAY;
      await call(storage, application, 'short', true, soon);
      await call(storage, application, 'plain', true);
      await call(storage, application, 'long', true, START + 300 * DAY);
      const made = await storage.masking.sessions.create(session(application));
      await storage.masking.sessions.close(made.id, undefined, 'asked');
      const wav = (id: string) => existsSync(join(folder, `2026/01/${id}/rec-${id}.wav`));
      const words = (id: string) => existsSync(join(folder, `2026/01/${id}/rec-${id}.transcript.txt`));

      const forEver = retentionOf(storage, {});
      await forEver.run();
      expect([wav('short'), wav('plain'), wav('long')]).toEqual([true, true, true]);
      await clock.advance(3 * DAY);
      await forEver.run();
      expect([wav('short'), wav('plain'), wav('long')]).toEqual([false, true, true]);

      const limits = retentionOf(storage, {
        transcripts: 5,
        recordings: 30,
        calls: 30,
        sessions: 10,
        people: 20,
        events: 10,
      });
      await clock.advance(3 * DAY);
      expect((await limits.backlog()).transcripts).toBe(2);
      await limits.run();
      expect((await limits.backlog()).transcripts).toBe(0);
      expect([words('plain'), wav('plain'), words('long'), wav('long')]).toEqual([false, true, false, true]);
      expect(await storage.masking.sessions.get(made.id, undefined)).toBeDefined();

      await clock.advance(10 * DAY);
      await limits.run();
      expect(await storage.masking.sessions.get(made.id, undefined)).toBeUndefined();
      await limits.run();
      expect(
        (await storage.events.read({ applicationId: undefined, limit: 50, subject: made.id })).items,
      ).toEqual([]);

      await clock.advance(20 * DAY);
      await limits.run();
      expect([wav('plain'), wav('long')]).toEqual([false, true]);
      // A call stays for as long as its recording.
      expect(await storage.records.get('plain')).toBeUndefined();
      expect(await storage.records.get('long')).toBeDefined();
      expect((await storage.traces.read('plain')).messages).toEqual([]);
      const rows = await dump(storage);
      expect(rows.split('\n').filter((row) => row.startsWith('people '))).toEqual([]);
      expect(rows.split('\n').filter((row) => row.startsWith('call_legs '))).toHaveLength(2);
    });

    it('no session is left with a person who was erased while it was made', async () => {
      const { storage, application } = await begin();
      const erasures = erasuresOf(storage.erasures, () => files(storage));
      for (let round = 0; round < 8; round++) {
        const [made] = await Promise.allSettled([
          storage.masking.sessions.create(session(application)),
          erasures.erase({ number: PASSENGER, applicationId: undefined, actor: 'cli' }),
          retentionOf(storage, { people: 1 }).run(),
        ]);
        if (made?.status !== 'fulfilled') throw made?.reason;
        const now = await storage.masking.sessions.get(made.value.id, undefined);
        // Either it came before the erasure and is closed, or after it and has somebody new.
        if (now?.status === 'open')
          expect(now.parties.map(({ number }) => number === undefined)).toEqual([false, false]);
        else expect(now?.closedReason).toBe('party-erased');
        await storage.masking.sessions.close(made.value.id, undefined, 'asked');
        await clock.advance(2 * 3_600_000);
      }
    });

    it('keeps the newest event of a subject to which more may come', async () => {
      const { storage, application } = await begin();
      const made = await storage.masking.sessions.create(session(application));
      await storage.masking.sessions.change(made.id, undefined, { metadata: { a: 'b' } });
      const limits = retentionOf(storage, { events: 1 });
      await clock.advance(2 * DAY);
      await limits.run();
      const left = await storage.events.read({ applicationId: undefined, limit: 9, subject: made.id });
      expect(left.items.map(({ position }) => position)).toEqual([2]);
      await storage.masking.sessions.close(made.id, undefined, 'asked');
      const more = await storage.events.read({ applicationId: undefined, limit: 9, subject: made.id });
      expect(more.items.map(({ position }) => position)).toEqual([2, 3]);
    });
  });
}
