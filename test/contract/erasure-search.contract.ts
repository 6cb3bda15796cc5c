import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { CallListInfo, CallTaskInfo, ClaimedTask } from '../../src/dialler/ports.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { mentionsOf } from '../../src/kernel/number-spellings.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { deleteFiles } from '../../src/retention/delete-files.ts';
import { eraseNow, erasuresOf } from '../../src/retention/erasures.ts';
import type { Schema } from '../../src/storage/schema.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import type { Vault } from '../../src/storage/vault.ts';
import { leg, record, recording, START } from '../kit/call-records.ts';
import { openedRows, withVault } from '../kit/opened-rows.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI } from './directory-samples.ts';

const PERSON = '+447700900303';
const number = PhoneNumber.parse(PERSON);
const NATIONAL = '07700 900303';
const DIGEST = createHash('sha256').update(PERSON).digest('hex');
const BASE64 = Buffer.from(`{"phone":"${NATIONAL}"}`).toString('base64');
const mentions = mentionsOf(PERSON);
const OTHER = 'call +44 7700 900404';

/** What an erasure does with all that has no index, whichever database is below. */
export function erasureSearchContract(name: string, places: StoragePlaces): void {
  describe(`an erasure reads what was written on ${name}`, () => {
    const clock = new VirtualClock(START);
    let storage: Storage;
    let place: StoragePlace;
    let taxi = '';
    let other = '';

    const open = async (): Promise<void> => {
      storage = await openStorage({
        ...{ ...place, clock, random: systemRandom, log: silentLogger, environment: {} },
      });
    };
    const begin = async (): Promise<void> => {
      place = await places.fresh();
      await open();
      const second = { ...TAXI, name: 'other', numbers: [], verifiedNumbers: [], users: [], rules: [] };
      await storage.importDirectory({ applications: [TAXI, second], trunks: [] });
      const idOf = (wanted: string) =>
        storage.admin.applications().find((one) => one.name === wanted)?.id ?? '';
      [taxi, other] = [idOf('taxi'), idOf('other')];
    };
    /** The storage is closed meanwhile. */
    const reopened = async <T>(use: Parameters<typeof withVault<T>>[1]): Promise<T> => {
      await storage.close();
      const result = await withVault(place, use);
      await open();
      return result;
    };
    const erase = (applicationId?: string) =>
      erasuresOf(storage.erasures, () =>
        deleteFiles({
          ...{ removals: storage.fileRemovals, node: 'n', recordingsFolder: '/nowhere', log: silentLogger },
        }),
      ).erase({ number, applicationId, actor: 'cli' });
    /** At the end of a test: tables in which the number stands in any spelling. */
    const found = async (): Promise<readonly string[]> => {
      await storage.close();
      return await withVault(place, tablesWithNumber);
    };

    const insertList = (applicationId: string, data: readonly string[]): Promise<number> => {
      const list: Omit<CallListInfo, 'id' | 'completedAt'> = {
        ...{ applicationId, ruleId: 'r', name: `list ${NATIONAL}`, priority: 0, maxSimultaneous: 9 },
        ...{ numAttempts: 2, intervalSeconds: 0, startAt: undefined, strategy: 'first_attempts' },
        ...{ timeZone: 'UTC', windows: [], customData: 'of nobody', columns: ['phone'] },
        ...{ status: 'In progress', submittedAt: clock.now() },
      };
      const tasks = data.map((customData, index) => ({
        ...{ uuid: `row-${index}`, customData, notBefore: 0, priority: 0, windows: [] },
      }));
      return storage.callLists.insert(list, 'batch', tasks);
    };
    const tasksOf = async (listId: number): Promise<readonly CallTaskInfo[]> =>
      (await storage.callLists.tasks(listId, { limit: 99, offset: 0 })).items;
    const claim = () =>
      storage.callLists.claim({ node: 'n', instance: 'i', limit: 1, leaseSeconds: 60, now: clock.now() });

    afterEach(async () => {
      await storage.close();
      expect(clock.pending, 'timers that were left').toBe(0);
    });
    afterAll(() => places.close());

    it('[row 43] takes the number out of everything that holds it, in any spelling, and leaves the rest', async () => {
      await begin();
      await fill(storage, taxi);
      const listId = await insertList(taxi, [`{"phone":"${NATIONAL}"}`, OTHER]);
      const before = await reopened(async (db, vault) => {
        await fillTexts(db, vault, taxi);
        return await tablesWithNumber(db, vault);
      });
      expect(before).toEqual(HOLDING);
      await clock.advance(61_000);

      const receipt = await erase();
      expect(receipt).toMatchObject({
        status: 'complete',
        finishedAt: clock.now(),
        searchedUntil: clock.now(),
      });
      expect(receipt.removed).toEqual({
        ...{ storedValues: 3, callListRows: 1, keptAnswers: 2, backendAnswers: 1, registrations: 1 },
        ...{ traces: 1, eventLogs: 1, logLines: 1, texts: 11 },
      });
      expect(receipt.kept.slice(0, 2)).toMatchObject([
        { what: expect.stringContaining('scenarios'), count: 1 },
        { what: expect.stringContaining('policies'), count: 1 },
      ]);
      const left = await storage.appStorage.list(taxi, { limit: 9, offset: 0 });
      expect(left.items).toMatchObject([{ key: 'someone else', value: OTHER }]);
      expect(await tasksOf(listId)).toMatchObject([
        { status: 'Error', attemptsLeft: 0, customData: '{}' },
        { status: 'New', customData: OTHER },
      ]);
      expect(await storage.callLists.recover(listId)).toBe(0);
      const { items } = await storage.events.read({ applicationId: taxi, limit: 9, subject: 'x' });
      expect(items.map(({ data }) => data)).toEqual([{ note: '(erased)', kept: 'as it was' }]);
      expect(await storage.masking.sessions.get('ms_1', undefined)).toMatchObject({
        ...{ externalId: undefined, metadata: { order: '4711', name: '(erased)' } },
        rules: { greeting: undefined, record: true },
      });
      const again = await erase();
      expect(again).toMatchObject({ status: 'complete', removed: {} });
      // Settings stay, and are told.
      expect(await found()).toEqual(['masking_policies', 'scenarios']);
    });

    it('an answer that was erased is not given again, and its request not done again', async () => {
      await begin();
      const { key } = await storage.apiKeys.create({ name: 'one', scopes: [], applicationId: undefined });
      await storage.idempotency.begin(key.id, 'a', 'hash');
      await storage.idempotency.finish(key.id, 'a', { status: 201, body: { number: PERSON } });
      expect((await erase(other)).removed).toEqual({ keptAnswers: 1 });
      expect(await storage.idempotency.begin(key.id, 'a', 'hash')).toEqual({ kind: 'unfinished' });
    });

    it('stays within the application that it was asked for', async () => {
      await begin();
      await storage.appStorage.put(taxi, 'a', PERSON, undefined);
      await storage.appStorage.put(other, 'a', PERSON, undefined);
      const [here, there] = [await insertList(other, [PERSON]), await insertList(taxi, [PERSON])];
      expect((await erase(other)).removed).toEqual({ storedValues: 1, callListRows: 1, texts: 1 });
      expect(await storage.appStorage.get(taxi, 'a')).toBeDefined();
      expect(await storage.appStorage.get(other, 'a')).toBeUndefined();
      expect((await tasksOf(here))[0]?.customData).toBe('{}');
      expect((await tasksOf(there))[0]?.customData).toBe(PERSON);
    });

    it('goes on where it was after each step, and finds what is written behind it meanwhile', async () => {
      await begin();
      const listId = await insertList(
        taxi,
        Array.from({ length: 1_200 }, (_, row) => (row % 400 === 7 ? PERSON : `order ${row}`)),
      );
      const { id } = await storage.erasures.begin({ number, applicationId: undefined, actor: 'cli' });
      const steps: (string | undefined)[] = [];
      let wrote = false;
      for (let last: string | undefined = 'more'; last === 'more'; steps.push(last)) {
        last = await storage.erasures.step(id);
        // The process ends here, in the middle of a table, and another one goes on.
        if (steps.length < 2) await reopened(async () => undefined);
        const first = (await tasksOf(listId))[0];
        if (!wrote && first !== undefined && steps.length === 1) {
          await storage.callLists.updateTask(first.id, { customData: `changed to ${NATIONAL}` });
          await storage.appStorage.put(taxi, 'late', BASE64, undefined);
          wrote = true;
        }
      }
      expect(wrote).toBe(true);
      expect(steps.length).toBeGreaterThan(3);
      expect(steps.at(-1)).toBe('complete');
      const done = await storage.erasures.get(id, undefined);
      expect(done?.removed).toEqual({ callListRows: 4, storedValues: 1, texts: 1 });
      expect(await found()).toEqual([]);
    });

    it('reads everything once more when the database was restored into another server', async () => {
      await begin();
      await storage.appStorage.put(taxi, 'a', 'b', undefined);
      const { id } = await storage.erasures.begin({ number, applicationId: undefined, actor: 'cli' });
      expect(await storage.erasures.step(id)).toBe('more');
      await storage.appStorage.put(taxi, 'a', PERSON, undefined);
      // The other server had counted further.
      await reopened(async (db) => {
        await sql`update erasures set search = jsonb_set(search, '{since}', '"99999999999"')`.execute(db);
      });
      expect(await storage.erasures.step(id)).toBe('complete');
      expect(await storage.appStorage.get(taxi, 'a')).toBeUndefined();
    });

    it('waits for a row that is being called, and takes what its session reports', async () => {
      await begin();
      const listId = await insertList(taxi, [PERSON]);
      const [task] = (await claim()) as [ClaimedTask];
      expect(await storage.callLists.begin(task)).toBe(true);
      const receipt = await erase();
      expect(receipt).toMatchObject({ status: 'running', searchedUntil: undefined });
      expect(await tasksOf(listId)).toMatchObject([{ status: 'In progress', customData: '{}' }]);
      await storage.callLists.report(task, { kind: 'next', data: `no answer at ${PERSON}` });
      const next = { attemptsLeft: 1, notBefore: 0, customData: BASE64 };
      await storage.callLists.finish(task, { status: 'New', result: `of ${PERSON}`, ...next }, clock.now());
      await eraseNow(storage.erasures, receipt.id);
      expect(await storage.erasures.get(receipt.id, undefined)).toMatchObject({ status: 'complete' });
      expect(await tasksOf(listId)).toMatchObject([
        { status: 'Error', customData: '{}', resultData: undefined },
      ]);
      expect((await storage.callLists.get(listId))?.status).toBe('Completed');
      expect(await claim()).toEqual([]);
      expect(await found()).toEqual([]);
    });

    it('looks once more when a call of the person has ended, and not before', async () => {
      await begin();
      const at = clock.now();
      await storage.records.apply([
        { kind: 'open', record: record({ id: 'c', applicationId: taxi, startedAt: at }) },
        { kind: 'leg', sessionId: 'c', leg: leg({ callId: 'c-a', callerid: number, startedAt: at }) },
      ]);
      const { id, searchedUntil } = await erase();
      expect(searchedUntil).toBeUndefined();
      await storage.appStorage.put(taxi, 'last words', DIGEST, undefined);
      await eraseNow(storage.erasures, id);
      expect(await storage.appStorage.get(taxi, 'last words')).toBeDefined();
      // A leg that the call began later is a part of it.
      await storage.records.apply([
        {
          ...{ kind: 'leg', sessionId: 'c' },
          leg: leg({ callId: 'c-b', number, incoming: false, startedAt: at + 5_000 }),
        },
        { kind: 'close', id: 'c', status: 'completed', endedAt: at, reason: 'done', error: undefined },
      ]);
      await clock.advance(61_000);
      await eraseNow(storage.erasures, id);
      expect(await storage.erasures.get(id, undefined)).toMatchObject({
        ...{ status: 'complete', searchedUntil: clock.now() },
        removed: { numbersInCalls: 2, storedValues: 1 },
      });
      expect(await found()).toEqual([]);
    });

    it('is not held up by a damaged row, and tells of it', async () => {
      await begin();
      await storage.appStorage.put(taxi, 'a', 'b', undefined);
      await storage.appStorage.put(taxi, 'c', PERSON, undefined);
      await reopened(async (db, vault) => {
        await sql`update app_storage set value_sealed = ${`${vault.currentKeyId}.AAAA`}
                   where key_index = ${vault.index(`app_storage ${taxi} a`)}`.execute(db);
      });
      const receipt = await erase();
      expect(receipt).toMatchObject({ status: 'complete', removed: { storedValues: 1 } });
      expect(receipt.kept[0]).toMatchObject({ what: 'rows that cannot be opened', count: 1 });
    });
  });
}

async function tablesWithNumber(db: Kysely<Schema>, vault: Vault): Promise<readonly string[]> {
  const rows = (await openedRows(db, vault)).filter(({ text }) => mentions(text));
  return [...new Set(rows.map(({ table }) => table))].sort();
}

/** Tables that have the number after `fill`, `fillTexts` and a call list. */
const HOLDING = [
  ...[
    'app_storage',
    'audit_log',
    'call_events',
    'call_legs',
    'call_list_tasks',
    'call_lists',
    'call_records',
  ],
  ...['call_traces', 'event_logs', 'events', 'idempotency_keys', 'masking_blocks', 'masking_parties'],
  ...['masking_policies', 'masking_sessions', 'pull_answers', 'recordings', 'registrations', 'scenarios'],
  ...['transcripts', 'webhook_deliveries'],
];

/** By the stores that write it. No leg has the number. */
async function fill(storage: Storage, application: string): Promise<void> {
  const { appStorage } = storage;
  await appStorage.put(application, `user:${PERSON}`, 'driver', undefined);
  await appStorage.put(application, 'order:1', BASE64, undefined);
  await appStorage.put(application, DIGEST, 'by hash', undefined);
  await appStorage.put(application, 'someone else', OTHER, undefined);
  const userId = (await storage.admin.users())[0]?.id ?? '';
  await storage.locations.put({
    ...{ userId, contact: `sip:${PERSON}@192.0.2.7`, callId: 'c', cseq: 1, q: 1 },
    expiresAt: START + 3_600_000,
    source: { transport: 'udp', host: '192.0.2.7', port: 5060 },
  });
  await storage.records.apply([
    { kind: 'open', record: record({ id: 's1', applicationId: application, startedAt: START }) },
    { kind: 'leg', sessionId: 's1', leg: leg({ callId: 'l1', startedAt: START }) },
    { kind: 'recording', recording: recording({ recordingId: 'rec', sessionId: 's1', callId: 'l1' }) },
    {
      ...{ kind: 'close', id: 's1', status: 'completed', endedAt: START },
      ...{ reason: BASE64, error: undefined },
    },
  ]);
  const message = { at: START, legId: 'l1', direction: 'in', transport: 'udp' } as const;
  const ends = { local: '192.0.2.1:5060', remote: '192.0.2.2:5060' };
  await storage.traces.append([
    {
      ...{ id: 't1', sessionId: 's1', legId: 'l1', omitted: 0 },
      messages: [{ ...message, ...ends, text: `INVITE sip:x@a SIP/2.0\r\nDiversion: <sip:${PERSON}@b>` }],
    },
  ]);
  await storage.eventLogs.append([
    {
      ...{ sessionId: 's1', at: START, scripts: [], turns: [], omitted: 0 },
      started: { type: 'Started', asked: `driver=${encodeURIComponent('+44 7700 900303')}` },
    } as unknown as Parameters<Storage['eventLogs']['append']>[0][number],
  ]);
  const { key } = await storage.apiKeys.create({ name: 'one', scopes: [], applicationId: application });
  for (const [name, body] of [
    ['a', { number: PERSON }],
    [PERSON, {}],
    ['b', { number: OTHER }],
  ] as const) {
    await storage.idempotency.begin(key.id, name, 'hash');
    await storage.idempotency.finish(key.id, name, { status: 201, body });
  }
}

/** Columns that nobody should write a number into, and might. */
async function fillTexts(db: Kysely<Schema>, vault: Vault, application: string): Promise<void> {
  const at = new Date(START);
  const metadata = vault.seal(JSON.stringify({ order: '4711', name: NATIONAL }), 'masking_sessions.metadata');
  const rules = JSON.stringify({ record: true, greeting: { kind: 'say', text: `for ${NATIONAL}` } });
  await db
    .insertInto('masking_sessions')
    .values({
      ...{ id: 'ms_1', application_id: application, external_id: PERSON, mode: 'axb', status: 'closed' },
      ...{ closed_reason: 'asked', rules, metadata_sealed: metadata, last_call_at: null, closed_at: at },
      ...{ created_at: at, expires_at: at },
    })
    .execute();
  await sql`insert into masking_parties (id, session_id, position, person_id, number_id, role, label)
    values ('mp_1', 'ms_1', 0, 'per_gone', 'n', 'client', ${`Order of ${NATIONAL}`})`.execute(db);
  const person = vault.sealNumber(PhoneNumber.parse('+447700900404'), 'people.number');
  await sql`insert into people (id, application_id, number_sealed, number_index, created_at)
    values ('per_1', ${application}, ${person.sealed}, ${person.index}, ${at})`.execute(db);
  await sql`insert into masking_blocks (id, application_id, person_id, direction, by_whom, reason, created_at)
    values ('b', ${application}, 'per_1', 'both', 'application', ${`spam from ${NATIONAL}`}, ${at})`.execute(
    db,
  );
  await sql`insert into events (id, application_id, subject, position, type, at, data)
    values ('e', ${application}, 'x', 1, 'call.started', ${at},
      ${JSON.stringify({ note: PERSON, kept: 'as it was' })}::jsonb)`.execute(db);
  await sql`insert into webhooks (id, application_id, url, secrets_sealed, created_at)
    values ('w', ${application}, 'https://example.com', ${vault.seal('[]', 'webhooks.secrets')}, ${at})`.execute(
    db,
  );
  await sql`insert into webhook_deliveries (webhook_id, event_seq, subject, state, last_error, created_at)
    select 'w', seq, 'x', 'delivered', ${`no route to ${PERSON}`}, ${at} from events where id = 'e'`.execute(
    db,
  );
  const data = JSON.stringify({ message: BASE64 });
  await sql`insert into call_events (session_id, position, at, name, detail)
    values ('s1', 9, ${at}, 'session.log', ${data}::jsonb)`.execute(db);
  await sql`update call_legs set reason = ${PERSON}`.execute(db);
  await sql`update recordings set name = ${PERSON}`.execute(db);
  await sql`insert into transcripts (recording_id, node, language, phrases, status, attempts, updated_at)
    values ('rec', 'n', 'en', ${JSON.stringify([NATIONAL])}::jsonb, 'complete', 1, ${at})`.execute(db);
  await sql`insert into audit_log (at, actor, action, subject, detail)
    values (${at}, 'k', 'numbers.shown', 'x', ${data}::jsonb)`.execute(db);
  await sql`insert into pull_answers (application_id, question_index, caller_index, callee_index, answer_sealed, fetched_at)
    values (${application}, 'q', 'a', 'b', ${vault.seal(data, 'pull_answers.answer')}, ${at})`.execute(db);
  await sql`update scenarios set source = ${`call("${NATIONAL}")`} where application_id = ${application} and name = 'library'`.execute(
    db,
  );
  await sql`insert into masking_policies (application_id, policy) values (${application}, ${JSON.stringify({ operator: PERSON })}::jsonb)`.execute(
    db,
  );
}
