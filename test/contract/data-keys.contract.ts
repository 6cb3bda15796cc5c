import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { readKeyFile } from '../../src/storage/key-ring.ts';
import { resealTable } from '../../src/storage/reseal.ts';
import type { Schema } from '../../src/storage/schema.ts';
import { SEALED_TABLES } from '../../src/storage/sealed-columns.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { Vault } from '../../src/storage/vault.ts';
import { DRIVER, leg, PASSENGER, record, SERVICE, START } from '../kit/call-records.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI, TRUNK } from './directory-samples.ts';

const SOMEBODY = PhoneNumber.parse('+447700900333');

/** How keys are changed, whichever database is below. */
export function dataKeysContract(name: string, places: StoragePlaces): void {
  describe(`a change of keys on ${name}`, () => {
    const clock = new VirtualClock(START);
    const opened: Storage[] = [];
    const tools = { clock, random: systemRandom, log: silentLogger, environment: {} };
    const open = async (place: StoragePlace, key?: string): Promise<Storage> => {
      const storage = await openStorage({ ...place, ...tools, ...(key === undefined ? {} : { key }) });
      opened.push(storage);
      return storage;
    };
    const close = async (storage: Storage): Promise<void> => {
      opened.splice(opened.indexOf(storage), 1);
      await storage.close();
    };
    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.close();
      expect(clock.pending, 'timers that were left').toBe(0);
    });
    afterAll(() => places.close());

    it('seals every column of every table anew, goes on after it was broken off, and retires the old key', async () => {
      const place = await places.fresh();
      const keyFile = join(place.dataFolder, 'maskline.key');
      const first = await open(place);
      const application = await fill(first);
      expect((await first.dataKeys.status()).current).toBe('k1');
      await close(first);
      const vault = new Vault(readKeyFile(keyFile)!, systemRandom);
      await withDatabase(place, (db) => fillBySql(db, vault, application));

      const second = await open(place);
      const before = await keysOfRows(place, second, close, open);
      expect(Object.keys(before.counts).sort()).toEqual(SEALED_TABLES.map(({ table }) => table).sort());
      expect(new Set(before.keys)).toEqual(new Set(['k1']));
      let storage = before.storage;

      const added = await storage.dataKeys.add();
      expect(added).toMatchObject({ id: 'k2', path: keyFile });
      expect(readFileSync(keyFile, 'utf8').trim().split('\n').at(-1)).toBe(added.line);
      // It opens, and seals nothing yet.
      expect((await storage.dataKeys.status()).current).toBe('k1');
      await storage.dataKeys.activate('k2');
      await expect(storage.dataKeys.finish('test')).rejects.toMatchObject({ code: 'storage/key-in-use' });

      // Some tables, and then the process is gone.
      await close(storage);
      await withDatabase(place, async (db) => {
        const ring = readKeyFile(keyFile)!;
        for (const table of SEALED_TABLES.slice(0, 4))
          await resealTable(db, new Vault(ring, systemRandom), table);
      });
      storage = await open(place);
      const told: string[] = [];
      const { rows, stuck } = await storage.dataKeys.resealAll((table) => void told.push(table));
      expect(stuck).toBe(0);
      expect(rows).toBeGreaterThan(8);
      expect(told).not.toContain('numbers');
      expect(told).toContain('call_legs');
      expect((await storage.dataKeys.status()).stale).toEqual({});
      expect(await storage.dataKeys.finish('test')).toEqual(['k1']);
      expect(await storage.dataKeys.status()).toMatchObject({
        current: 'k2',
        keys: ['k1', 'k2'],
        retired: ['k1'],
      });

      const after = await keysOfRows(place, storage, close, open);
      expect(new Set(after.keys)).toEqual(new Set(['k2']));
      await close(after.storage);

      // The old key's line may go; everything is read and found again.
      writeFileSync(keyFile, `${added.line}\n`);
      storage = await open(place);
      await expectFilled(storage, application);
      await close(storage);
      // Another key under its name is still refused.
      const line = (id: string) => `${id}:${Buffer.from(systemRandom.bytes(32)).toString('base64')}`;
      await expect(open(place, `${line('k1')}\n${added.line}`)).rejects.toMatchObject({
        code: 'storage/key-wrong',
      });
      await expect(open(place, line('k3'))).rejects.toMatchObject({ code: 'storage/key-missing' });
      storage = await open(place);
      expect((await storage.dataKeys.add()).id).toBe('k3');
    });

    it('makes one person of two that two nodes made while the key changed', async () => {
      const place = await places.fresh();
      const storage = await open(place);
      await storage.importDirectory({ applications: [TAXI], trunks: [] });
      const application = storage.admin.applications()[0]?.id ?? '';
      await storage.dataKeys.add();
      await close(storage);
      const ring = readKeyFile(join(place.dataFolder, 'maskline.key'))!;
      const [older, newer] = ['k1', 'k2'].map((currentId) => new Vault({ ...ring, currentId }, systemRandom));
      await withDatabase(place, async (db) => {
        for (const [id, vault] of [
          ['p_old', older],
          ['p_new', newer],
        ] as const)
          await insertPerson(db, vault!, application, id);
        for (const [person, until] of [
          ['p_old', '2026-01-03'],
          ['p_new', '2026-01-02'],
        ] as const)
          await db
            .insertInto('masking_slots')
            .values({
              person_id: person,
              number_id: 'n1',
              lane: '',
              session_id: person,
              free_after: new Date(until),
            })
            .execute();
        await db
          .insertInto('masking_blocks')
          .values({
            ...{
              id: 'b1',
              application_id: application,
              person_id: 'p_old',
              counterpart_id: null,
              direction: 'both',
            },
            ...{ by_whom: 'party', reason: '', created_at: new Date(START), expires_at: null },
          })
          .execute();
        const people = SEALED_TABLES.find(({ table }) => table === 'people')!;
        expect(await resealTable(db, newer!, people)).toEqual({ done: 1, stuck: 0 });
        expect(await db.selectFrom('people').select('id').execute()).toEqual([{ id: 'p_new' }]);
        expect(await db.selectFrom('masking_slots').select(['person_id', 'free_after']).execute()).toEqual([
          { person_id: 'p_new', free_after: new Date('2026-01-03') },
        ]);
        expect(await db.selectFrom('masking_blocks').select('person_id').execute()).toEqual([
          { person_id: 'p_new' },
        ]);
      });
    });
  });

  async function withDatabase<T>(place: StoragePlace, use: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    const { databaseUrl, dataFolder } = place;
    const database = await openDatabase({ databaseUrl, dataFolder, random: systemRandom, log: silentLogger });
    try {
      return await use(database.db);
    } finally {
      await database.close();
    }
  }

  /** The ids of all keys that rows are under, and how many rows each table has. The embedded database is opened by one at a time. */
  async function keysOfRows(
    place: StoragePlace,
    storage: Storage,
    close: (storage: Storage) => Promise<void>,
    open: (place: StoragePlace) => Promise<Storage>,
  ) {
    await close(storage);
    const found = await withDatabase(place, async (db) => {
      const keys: string[] = [];
      const counts: Record<string, number> = {};
      for (const { table, sealed, indexes } of SEALED_TABLES) {
        const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db);
        if (rows.length > 0) counts[table] = rows.length;
        for (const row of rows)
          for (const { column } of [...sealed, ...indexes])
            if (typeof row[column] === 'string') keys.push(row[column].split('.')[0]!);
      }
      return { keys, counts };
    });
    return { ...found, storage: await open(place) };
  }
}

const TRACE = {
  ...{ id: 't1', sessionId: 's1', legId: 'l1', omitted: 0 },
  messages: [
    {
      ...{ at: START, legId: 'l1', direction: 'in' as const, transport: 'udp' as const },
      ...{ local: '192.0.2.1:5060', remote: '192.0.2.2:5060', text: 'INVITE sip:+447700900333@a SIP/2.0' },
    },
  ],
};
const LOG = {
  ...{ sessionId: 's1', at: START, scripts: [], turns: [], omitted: 0 },
  started: { type: 'Started' },
} as unknown as Parameters<Storage['eventLogs']['append']>[0][number];

/** A row in each table that a store writes. Returns the application's id. */
async function fill(storage: Storage): Promise<string> {
  await storage.importDirectory({ applications: [TAXI], trunks: [TRUNK] });
  const application = storage.admin.applications()[0]?.id ?? '';
  const userId = (await storage.admin.users())[0]?.id ?? '';
  await storage.locations.put({
    ...{ userId, contact: 'sip:driver@192.0.2.7', callId: 'c', cseq: 1, expiresAt: START + 3_600_000, q: 1 },
    source: { transport: 'udp', host: '192.0.2.7', port: 5060 },
  });
  await storage.appStorage.put(application, 'order:4711', 'value', 86_400);
  await storage.records.apply([
    { kind: 'open', record: record({ id: 's1', applicationId: application }) },
    { kind: 'leg', sessionId: 's1', leg: leg({ callId: 'l1', callerid: SOMEBODY }) },
  ]);
  await storage.traces.append([TRACE]);
  await storage.eventLogs.append([LOG]);
  const { key } = await storage.apiKeys.create({ name: 'one', scopes: [], applicationId: undefined });
  await storage.idempotency.begin(key.id, 'a', 'hash');
  await storage.idempotency.finish(key.id, 'a', { status: 202, body: { number: '+447700900333' } });
  return application;
}

async function insertPerson(
  db: Kysely<Schema>,
  vault: Vault,
  application: string,
  id: string,
): Promise<void> {
  const { sealed, index } = vault.sealNumber(SOMEBODY, 'people.number');
  await db
    .insertInto('people')
    .values({
      id,
      application_id: application,
      number_sealed: sealed,
      number_index: index,
      created_at: new Date(START),
    })
    .execute();
}

/** What has no store that is easily asked. */
async function fillBySql(db: Kysely<Schema>, vault: Vault, application: string): Promise<void> {
  await insertPerson(db, vault, application, 'p1');
  const at = new Date(START);
  await db
    .insertInto('masking_sessions')
    .values({
      ...{ id: 'ms_1', application_id: application, external_id: null, mode: 'axb', status: 'open' },
      ...{ closed_reason: null, rules: '{}', last_call_at: null, closed_at: null },
      ...{
        metadata_sealed: vault.seal('{"name":"A"}', 'masking_sessions.metadata'),
        created_at: at,
        expires_at: at,
      },
    })
    .execute();
  await db
    .insertInto('webhooks')
    .values({
      ...{ id: 'w1', application_id: application, url: 'https://example.com', types: [], created_at: at },
      secrets_sealed: vault.seal('[]', 'webhooks.secrets'),
    })
    .execute();
  await sql`insert into backend_secrets (application_id, secrets_sealed)
    values (${application}, ${vault.seal('[]', 'backend_secrets.secrets')})`.execute(db);
  await sql`insert into pull_answers (application_id, question_index, caller_index, callee_index, answer_sealed, fetched_at)
    values (${application}, ${vault.index('q')}, ${vault.index('a')}, ${vault.index('b')},
      ${vault.seal('{}', 'pull_answers.answer')}, ${at})`.execute(db);
  const { sealed, index } = vault.sealNumber(PASSENGER, 'numbers.number');
  await db
    .insertInto('platform_phones')
    .values({ id: 'f1', number_sealed: sealed, number_index: index, created_at: at })
    .execute();
  await db
    .insertInto('erasures')
    .values({
      ...{
        id: 'e1',
        application_id: null,
        at,
        actor: 'test',
        status: 'running',
        removed: '{}',
        finished_at: null,
      },
      number_sealed: vault.seal('+447700900333', 'erasures.number'),
    })
    .execute();
  const { rows } = await sql<{ id: number }>`
    insert into call_lists (application_id, rule_id, name, priority, max_simultaneous, num_attempts, interval_seconds, strategy,
      time_zone, windows, custom_data, columns, status, submitted_at)
    values (${application}, 'r', 'l', 1, 1, 1, 1, 'first_attempts', 'UTC', '[]', '', '[]', 'Canceled', ${at}) returning id`.execute(
    db,
  );
  await sql`
    insert into call_list_tasks (list_id, uuid, batch_id, status, attempts_left, priority, not_before, windows, custom_data_sealed)
    values (${rows[0]?.id ?? 0}, 'u', 'b', 0, 1, 1, ${at}, '[]',
      ${vault.seal('{"number":"+447700900333"}', 'call_list_tasks.custom_data')})`.execute(db);
}

async function expectFilled(storage: Storage, application: string): Promise<void> {
  expect(storage.directory.applicationOfNumber(SERVICE)?.name).toBe('taxi');
  // Nothing is made a second time under the new index.
  expect(await storage.importDirectory({ applications: [TAXI], trunks: [TRUNK] })).toEqual([]);
  const [user] = await storage.admin.users();
  expect(user?.number?.equals(DRIVER)).toBe(true);
  expect(user?.registered).toBe(1);
  await storage.locations.remove(user?.id ?? '', 'sip:driver@192.0.2.7');
  expect(await storage.locations.list(user?.id ?? '')).toEqual([]);
  expect((await storage.appStorage.get(application, 'order:4711'))?.value).toBe('value');
  const page = { namespace: 'order', limit: 9, offset: 0 };
  expect((await storage.appStorage.list(application, page)).total).toBe(1);
  const filter = { from: 0, to: START + 1, newestFirst: true, limit: 9, offset: 0 };
  const { items } = await storage.platform.history.search(
    { ...filter, remoteNumbers: [SOMEBODY] } as never,
    false,
  );
  expect(items[0]?.legs[0]?.callerid.equals(SOMEBODY)).toBe(true);
  expect((await storage.traces.read('s1')).messages[0]?.text).toContain('INVITE');
  expect((await storage.eventLogs.read('s1'))?.started).toEqual({ type: 'Started' });
}
