import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { InvalidCursor } from '../../src/records/ports.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { StorageErrorCode } from '../../src/storage/errors.ts';
import { openStorage, type Storage, type StorageOptions } from '../../src/storage/storage.ts';
import type { TraceBatch, TracedMessage } from '../../src/trace/ports.ts';
import { DRIVER, event, leg, PASSENGER, record, recording, SERVICE, START } from '../kit/call-records.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI, TRUNK } from './directory-samples.ts';

/** What every storage must do, whichever database is below. */
export function storageContract(name: string, places: StoragePlaces): void {
  describe(`storage on ${name}`, () => {
    const clock = new VirtualClock(START);
    const opened: Storage[] = [];

    const openAt = async (place: StoragePlace, more: Partial<StorageOptions> = {}): Promise<Storage> => {
      const storage = await openStorage({
        ...place,
        clock,
        random: systemRandom,
        log: silentLogger,
        environment: {},
        ...more,
      });
      opened.push(storage);
      return storage;
    };
    const openFresh = async (): Promise<Storage> => await openAt(await places.fresh());
    const close = async (storage: Storage): Promise<void> => {
      opened.splice(opened.indexOf(storage), 1);
      await storage.close();
    };

    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.close();
      expect(clock.pending, 'timers that were left').toBe(0);
    });
    afterAll(() => places.close());

    it('transcripts: their states survive a restart, the oldest that waits first, and only those of the node', async () => {
      const place = await places.fresh();
      const storage = await openAt(place);
      const job = {
        language: 'ru-RU',
        phrases: ['да\0'],
        status: 'waiting',
        attempts: 0,
        error: undefined,
      } as const;
      await storage.transcripts.save('one', { ...job, recordingId: 'a' });
      await storage.transcripts.save('one', { ...job, recordingId: 'b' });
      await storage.transcripts.save('two', { ...job, recordingId: 'c' });
      await clock.advance(1_000);
      const failed = { ...job, recordingId: 'a', phrases: ['да'], attempts: 1, error: 'It is away.' };
      await storage.transcripts.save('one', failed);
      await close(storage);
      const again = await openAt(place);
      expect((await again.transcripts.waiting('one')).map(({ recordingId }) => recordingId)).toEqual([
        'b',
        'a',
      ]);
      expect(await again.transcripts.get('a')).toEqual(failed);
      await again.transcripts.save('one', { ...failed, status: 'complete', error: undefined });
      expect(await again.transcripts.waiting('one')).toHaveLength(1);
      expect(await again.transcripts.get('nothing')).toBeUndefined();
    });

    describe('traces', () => {
      const message = (at: number, text = 'INVITE sip:+447700900101@a SIP/2.0'): TracedMessage => ({
        at,
        legId: 'leg-1',
        direction: 'in',
        transport: 'udp',
        local: '192.0.2.1:5060',
        remote: '192.0.2.2:5060',
        text,
      });
      const batch = (id: string, messages: TracedMessage[], omitted = 0): TraceBatch => {
        return { id, sessionId: 'session-1', legId: 'leg-1', messages, omitted };
      };

      it('[row 43] are given back in order, written once, sealed, and deleted by age and size', async () => {
        const place = await places.fresh();
        const storage = await openAt(place);
        const { traces } = storage;
        await traces.append([
          batch('b', [message(START + 20)], 2),
          batch('a', [message(START), message(START + 10)]),
        ]);
        await traces.append([batch('a', [message(START)])]);
        await traces.append([batch('c', [], 1)]);
        const kept = await traces.read('session-1');
        expect(kept.messages).toEqual([message(START), message(START + 10), message(START + 20)]);
        expect(kept.omitted).toBe(3);
        expect(await traces.read('session-2')).toEqual({ messages: [], omitted: 0 });

        expect(await traces.purge(START + 1, 1_000_000)).toBe(1);
        expect((await traces.read('session-1')).messages).toEqual([message(START + 20)]);
        expect(await traces.purge(START, 1)).toBe(2);
        expect(await traces.read('session-1')).toEqual({ messages: [], omitted: 0 });
        await traces.append([batch('d', [message(START)])]);
        await close(storage);

        const database = await openDatabase({
          databaseUrl: place.databaseUrl,
          dataFolder: place.dataFolder,
          random: systemRandom,
          log: silentLogger,
        });
        const rows = await database.db.selectFrom('call_traces').selectAll().execute();
        await database.close();
        expect(rows).toHaveLength(1);
        expect(JSON.stringify(rows)).not.toMatch(/447700900101|INVITE/);
      });
    });

    describe('records', () => {
      it('keeps a call with its legs, events and recordings as it was told', async () => {
        const wish = { name: 'order 7', keepUntil: START + 1000 };
        const { records } = await openFresh();
        const inbound = leg({ callId: 'call-1', answeredAt: START + 2_000, media: { packetsLost: 3 } });
        const outbound = leg({ callId: 'call-2', incoming: false, callerid: SERVICE, number: PASSENGER });
        await records.apply([
          { kind: 'open', record: record({ id: 'session-1', applicationId: 'app', ruleName: 'all' }) },
          { kind: 'leg', sessionId: 'session-1', leg: inbound },
          { kind: 'leg', sessionId: 'session-1', leg: outbound },
          { kind: 'event', event: event('session-1', 1, { text: 'a', nested: { list: [1, true, null] } }) },
          { kind: 'recording', recording: recording({ recordingId: 'recording-1', ...wish }) },
        ]);
        const done = recording({
          recordingId: 'recording-1',
          ...wish,
          status: 'complete',
          seconds: 12.5,
          bytes: 5_000_000_000,
        });
        const ended = leg({
          ...inbound,
          endedAt: START + 9_250,
          durationSeconds: 7.25,
          code: 200,
          endedBy: 'remote',
        });
        await records.apply([
          { kind: 'leg', sessionId: 'session-1', leg: ended },
          { kind: 'recording', recording: done },
          {
            kind: 'close',
            id: 'session-1',
            status: 'completed',
            endedAt: START + 9_251,
            reason: 'fine',
            error: undefined,
          },
        ]);
        const found = await records.get('session-1');
        expect(found).toMatchObject({
          node: 'node-1',
          applicationId: 'app',
          ruleName: 'all',
          scenario: undefined,
          status: 'completed',
          startedAt: START,
          endedAt: START + 9_251,
          reason: 'fine',
          error: undefined,
          recordings: [done],
        });
        expect(found?.legs).toHaveLength(2);
        expect(found?.legs[0]).toMatchObject({
          ...ended,
          callerid: expect.anything(),
          number: expect.anything(),
        });
        expect(found?.legs[0]?.callerid.equals(DRIVER)).toBe(true);
        expect(found?.legs[1]?.number.equals(PASSENGER)).toBe(true);
        expect(found?.legs[1]?.number.isE164).toBe(true);
        expect((await records.events('session-1', { limit: 10 })).items).toEqual([
          event('session-1', 1, { text: 'a', nested: { list: [1, true, null] } }),
        ]);
        expect(await records.recording('recording-1')).toEqual(done);
        expect(await records.get('nobody')).toBeUndefined();
        expect(await records.recording('nothing')).toBeUndefined();
      });

      it('changes nothing when a batch is applied twice', async () => {
        const { records } = await openFresh();
        const batch = [
          { kind: 'open', record: record({ id: 'session-1' }) },
          { kind: 'leg', sessionId: 'session-1', leg: leg({ callId: 'call-1', endedAt: START + 5 }) },
          { kind: 'event', event: event('session-1', 1) },
          { kind: 'event', event: event('session-1', 2) },
          {
            kind: 'close',
            id: 'session-1',
            status: 'failed',
            endedAt: START + 6,
            reason: 'busy',
            error: undefined,
          },
        ] as const;
        await records.apply(batch);
        const first = await records.get('session-1');
        await records.apply(batch);
        expect(await records.get('session-1')).toEqual(first);
        expect((await records.events('session-1', { limit: 10 })).items).toHaveLength(2);
        await records.apply([{ kind: 'open', record: record({ id: 'session-1' }) }]);
        expect((await records.get('session-1'))?.status).toBe('failed');
      });

      it('writes all of a batch or nothing', async () => {
        const { records } = await openFresh();
        const bad = { ...recording({ recordingId: 'recording-1' }), status: 'lost' as 'partial' };
        const applying = records.apply([
          { kind: 'open', record: record({ id: 'session-1' }) },
          { kind: 'event', event: event('session-1', 1) },
          { kind: 'recording', recording: bad },
        ]);
        await expect(applying).rejects.toMatchObject({ code: '23514' });
        expect(await records.get('session-1')).toBeUndefined();
        expect((await records.events('session-1', { limit: 10 })).items).toEqual([]);
      });

      it('takes texts that a database would refuse: NUL and lone surrogates', async () => {
        const { records } = await openFresh();
        await records.apply([
          { kind: 'open', record: record({ id: 'session-1', reason: 'a\0b\ud800' }) },
          { kind: 'event', event: event('session-1', 1, { message: 'x\0\udc00y', number: DRIVER }) },
        ]);
        expect((await records.get('session-1'))?.reason).toBe('ab\ufffd');
        const [first] = (await records.events('session-1', { limit: 1 })).items;
        expect(first?.detail).toEqual({ message: 'x\ufffdy', number: DRIVER.masked });
      });

      it('lists newest first, in pages, of one application or all', async () => {
        const { records } = await openFresh();
        await records.apply(
          [1, 2, 3, 4, 5].map((n) => ({
            kind: 'open',
            record: record({
              id: `session-${n}`,
              applicationId: n % 2 === 0 ? 'even' : 'odd',
              // Two of them at the same millisecond: the page border must not lose one.
              startedAt: START + (n === 4 ? 3 : n),
            }),
          })),
        );
        const ids: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await records.list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
          ids.push(...page.items.map((item) => item.id));
          cursor = page.next;
        } while (cursor !== undefined);
        expect(ids).toEqual(['session-5', 'session-4', 'session-3', 'session-2', 'session-1']);
        const even = await records.list({ limit: 10, applicationId: 'even' });
        expect(even.items.map((item) => item.id)).toEqual(['session-4', 'session-2']);
        expect(even.next).toBeUndefined();
        await expect(records.list({ limit: 1, cursor: 'nonsense' })).rejects.toBeInstanceOf(InvalidCursor);
      });

      it('pages through events in order', async () => {
        const { records } = await openFresh();
        await records.apply([3, 1, 2].map((n) => ({ kind: 'event', event: event('session-1', n) })));
        const first = await records.events('session-1', { limit: 2 });
        expect(first.items.map((item) => item.position)).toEqual([1, 2]);
        const second = await records.events('session-1', { limit: 2, cursor: first.next ?? '' });
        expect(second.items.map((item) => item.position)).toEqual([3]);
        expect(second.next).toBeUndefined();
        await expect(records.events('session-1', { limit: 1, cursor: '-1' })).rejects.toBeInstanceOf(
          InvalidCursor,
        );
      });

      it('names the records that a dead process of this node left open', async () => {
        const { records } = await openFresh();
        await records.apply([
          { kind: 'open', record: record({ id: 'session-1' }) },
          { kind: 'open', record: record({ id: 'session-2', node: 'node-2' }) },
          { kind: 'open', record: record({ id: 'session-3', status: 'refused', endedAt: START }) },
        ]);
        expect((await records.openRecords('node-1')).map((item) => item.id)).toEqual(['session-1']);
      });
    });

    it('the platform API: numbers that never change, entries beside declared ones, history by numbers', async () => {
      const place = await places.fresh();
      const storage = await openAt(place);
      await storage.importDirectory({ applications: [TAXI], trunks: [TRUNK] });
      const { directory, ids, history } = storage.platform;
      const account = await directory.account();
      expect(account.id).toBeGreaterThan(999_999);
      // Many at once, from two sides: each gets one number.
      const refs = Array.from({ length: 1_500 }, (_, at) => `session-${at}`);
      const [one, other] = await Promise.all([ids.numbers('session', refs), ids.numbers('session', refs)]);
      expect(new Set(one.values()).size).toBe(refs.length);
      expect([...other]).toEqual(expect.arrayContaining([...one].slice(0, 5)));
      const first = one.get('session-0') ?? 0;
      expect([...(await ids.refs('session', [first, 1]))]).toEqual([[first, 'session-0']]);
      expect((await ids.refs('rule', [first])).size).toBe(0);

      const shop = await directory.addApplication('shop');
      const shared = { applicationId: undefined, rewrite: false, ruleId: undefined };
      const common = await directory.addScenario({ ...shared, name: 'common', source: '1' });
      await expect(directory.addScenario({ ...shared, name: 'common', source: '2' })).rejects.toMatchObject({
        code: 'entry/conflict',
      });
      const rule = { applicationId: shop, pattern: '.*', exclude: '1+', scenarioIds: [common] };
      const [a, b] = [
        await directory.addRule({ ...rule, name: 'a' }),
        await directory.addRule({ ...rule, name: 'b' }),
      ];
      await directory.orderRules([b, a]);
      const own = (await directory.rules()).filter(({ applicationId }) => applicationId === shop);
      expect(own.map(({ name }) => name)).toEqual(['b', 'a']);
      const [phone = ''] = await directory.addPhones([PhoneNumber.parse('+74951112233')]);
      await directory.bindPhones([phone], shop);
      expect(storage.directory.applicationOfNumber(PhoneNumber.parse('74951112233'))?.name).toBe('shop');
      await directory.removeApplications([shop]);
      expect((await directory.phones()).find(({ id }) => id === phone)?.applicationId).toBeUndefined();
      const taxi = (await directory.applications()).find(({ declared }) => declared)?.id ?? '';
      await expect(directory.removeApplications([taxi])).rejects.toMatchObject({ code: 'entry/declared' });

      const open = (id: string, at: number) =>
        ({ kind: 'open', record: record({ id, startedAt: at }) }) as const;
      await storage.records.apply([
        ...[open('early', START), open('late', START + 60_000)],
        { kind: 'leg', sessionId: 'late', leg: leg({ callId: 'leg', number: PASSENGER, incoming: false }) },
      ]);
      const all = { from: START, to: START + 60_000, newestFirst: false, limit: 10, offset: 0 };
      const found = async (more: object) => {
        const { items, total } = await history.search({ ...all, ...more }, true);
        return [items.map(({ id }) => id).join(), total];
      };
      expect(await found({})).toEqual(['early,late', 2]);
      expect(await found({ newestFirst: true, limit: 1 })).toEqual(['late', 2]);
      expect(await found({ remoteNumbers: [PASSENGER] })).toEqual(['late', 1]);
      expect(await found({ localNumbers: [PASSENGER] })).toEqual(['', 0]);
      expect(await found({ sessionIds: [] })).toEqual(['', 0]);
      expect(await found({ to: START + 1 })).toEqual(['early', 1]);
      await close(storage);
      const again = await openAt(place);
      expect(await again.platform.directory.account()).toEqual(account);
      expect((await again.platform.ids.numbers('session', ['session-0'])).get('session-0')).toBe(first);
    });

    describe('the directory', () => {
      it('[row 43] holds no number and no secret in clear, in any row', async () => {
        const place = await places.fresh();
        const storage = await openAt(place);
        await storage.importDirectory({ applications: [TAXI], trunks: [TRUNK] });
        const user = storage.directory.userByName('driver');
        expect(storage.directory.isUser(user?.applicationId ?? '', 'driver')).toBe(true);
        expect(storage.directory.isUser('another', 'driver')).toBe(false);
        await storage.locations.put({
          userId: user?.id ?? '',
          contact: 'sip:79123456789@192.0.2.1:5060',
          source: { transport: 'udp', host: '192.0.2.1', port: 5060 },
          callId: 'x',
          cseq: 1,
          expiresAt: START + 60_000,
          q: 1,
        });
        await storage.records.apply([
          { kind: 'open', record: record({ id: 'session-1' }) },
          { kind: 'leg', sessionId: 'session-1', leg: leg({ callId: 'call-1', number: PASSENGER }) },
          { kind: 'event', event: event('session-1', 1, { to: PASSENGER }) },
        ]);
        const { secret } = await storage.apiKeys.create({ name: 'k', scopes: [], applicationId: undefined });
        await storage.idempotency.begin((await storage.apiKeys.list())[0]?.id ?? '', '+79031112233', 'hash');
        await storage.platform.directory.addPhones([PhoneNumber.parse('+74951112233')]);
        await close(storage);
        const rows = await dump(place);
        expect(rows).toContain('session-1');
        for (const clear of [
          '9123456789',
          '9031112233',
          '4950000001',
          '4957770000',
          '4951112233',
          secret,
          'trunk-password',
        ]) {
          expect(rows).not.toContain(clear);
        }
        expect(rows).not.toContain(TAXI.users[0]?.ha1.md5);
      });

      it('answers the questions of calls from what the settings declare', async () => {
        const { directory, importDirectory } = await openFresh();
        await importDirectory({ applications: [TAXI], trunks: [TRUNK] });
        const application = directory.applicationOfNumber(SERVICE);
        expect(application?.name).toBe('taxi');
        const id = application?.id ?? '';
        expect(directory.routeFor(id, SERVICE)).toEqual({
          applicationId: id,
          applicationName: 'taxi',
          ruleName: 'drivers',
          scenarios: [
            { name: 'library', source: '/* library */' },
            { name: 'masking', source: '/* masking */' },
          ],
          customData: 'http://127.0.0.1:9000',
        });
        expect(directory.routeFor(id, PhoneNumber.parse('112'))?.ruleName).toBe('rest');
        expect(directory.routeFor(id, PhoneNumber.parse('112'))).not.toHaveProperty('customData');
        expect(directory.routeFor('other', SERVICE)).toBeUndefined();
        expect(directory.scenarioByName(id, 'masking')?.source).toBe('/* masking */');
        expect(directory.scenarioByName(id, 'nothing')).toBeUndefined();
        expect(directory.isServiceNumber(id, SERVICE)).toBe(true);
        expect(directory.isServiceNumber(id, DRIVER)).toBe(false);
        expect(directory.isServiceNumber('other', SERVICE)).toBe(false);
        const office = PhoneNumber.parse('+74957770000');
        expect(directory.isVerifiedNumber(id, office)).toBe(true);
        expect(directory.isServiceNumber(id, office)).toBe(false);
        expect(directory.applicationOfNumber(office)).toBeUndefined();
        expect(directory.trunks()).toEqual([{ ...TRUNK, id: expect.any(String) }]);
        expect(directory.userByName('driver')?.ha1).toEqual(TAXI.users[0]?.ha1);
        expect(directory.userByNumber(DRIVER)?.username).toBe('driver');
        expect(directory.userByNumber(PASSENGER)).toBeUndefined();
      });

      it('takes the same declaration twice without a change, and says what a new one changes', async () => {
        const { directory, importDirectory } = await openFresh();
        expect(await importDirectory({ applications: [TAXI], trunks: [TRUNK] })).toHaveLength(9);
        const before = directory.snapshot.version;
        expect(await importDirectory({ applications: [TAXI], trunks: [TRUNK] })).toEqual([]);
        expect(directory.snapshot.version).toBe(before);
        const [drivers] = TAXI.rules;
        const changed = {
          ...TAXI,
          numbers: [],
          scenarios: [
            { name: 'library', source: '/* library */' },
            { name: 'masking', source: '/* new */' },
          ],
          rules: [{ ...drivers, scenarios: ['masking'] }].filter(
            (rule) => rule.name !== undefined,
          ) as typeof TAXI.rules,
        };
        const { fromDomain: _, ...trunk } = TRUNK;
        const changes = await importDirectory({ applications: [changed], trunks: [trunk] });
        expect(
          changes.map((change) => `${change.outcome} ${change.entry.replace(/ [0-9a-f-]{36}$/, '')}`),
        ).toEqual([
          'updated scenario taxi/masking',
          'updated rule taxi/drivers',
          'updated trunk carrier',
          'removed rule rest',
          'removed number',
        ]);
        expect(directory.applicationOfNumber(SERVICE)).toBeUndefined();
        expect(await importDirectory({ applications: [], trunks: [] })).not.toEqual([]);
        expect(directory.snapshot.applications).toEqual([]);
        expect(directory.trunks()).toEqual([]);
      });

      it('lets accounts swap their numbers and a number move to another application', async () => {
        const { directory, importDirectory } = await openFresh();
        const [driver] = TAXI.users;
        if (driver === undefined) throw new Error('the sample has a user');
        const two = (a: PhoneNumber, b: PhoneNumber) => ({
          ...TAXI,
          users: [
            { ...driver, username: 'a', number: a },
            { ...driver, username: 'b', number: b },
          ],
        });
        await importDirectory({ applications: [two(DRIVER, PASSENGER)], trunks: [] });
        await importDirectory({ applications: [two(PASSENGER, DRIVER)], trunks: [] });
        expect(directory.userByNumber(DRIVER)?.username).toBe('b');
        const other = { ...TAXI, name: 'delivery', users: [] };
        await importDirectory({ applications: [{ ...TAXI, numbers: [] }, other], trunks: [] });
        expect(directory.applicationOfNumber(SERVICE)?.name).toBe('delivery');
      });

      it('refuses a declaration that cannot be, and leaves all as it was', async () => {
        const { directory, importDirectory } = await openFresh();
        await importDirectory({ applications: [TAXI], trunks: [] });
        const withRule = (pattern: string, scenarios: string[]) =>
          importDirectory({
            applications: [{ ...TAXI, numbers: [], rules: [{ name: 'r', pattern, scenarios }] }],
            trunks: [],
          });
        await expect(withRule('(\\d+)+', ['masking'])).rejects.toMatchObject({ code: 'entry/invalid' });
        await expect(withRule('.*', ['missing'])).rejects.toMatchObject({ code: 'entry/invalid' });
        const twice = importDirectory({
          applications: [TAXI, { ...TAXI, name: 'copy', users: [] }],
          trunks: [],
        });
        await expect(twice).rejects.toMatchObject({ code: 'entry/invalid' });
        expect(directory.applicationOfNumber(SERVICE)?.name).toBe('taxi');
        expect(directory.snapshot.rules.get(directory.snapshot.applications[0]?.id ?? '')).toHaveLength(2);
      });

      it('is changed entry by entry, and what the settings declare is not', async () => {
        const { admin, directory, importDirectory } = await openFresh();
        await importDirectory({ applications: [TAXI], trunks: [] });
        const { id: applicationId } = await admin.putApplication('shop');
        const number = await admin.addNumber({
          applicationId,
          kind: 'service',
          number: PASSENGER,
          label: 'shop',
        });
        expect(directory.applicationOfNumber(PASSENGER)?.name).toBe('shop');
        const again = admin.addNumber({ applicationId, kind: 'service', number: PASSENGER, label: '' });
        await expect(again).rejects.toMatchObject({ code: 'entry/conflict' });
        const held = admin.addNumber({ applicationId, kind: 'service', number: SERVICE, label: '' });
        await expect(held).rejects.toMatchObject({ code: 'entry/conflict' });
        const nobody = admin.addNumber({
          applicationId: 'nobody',
          kind: 'service',
          number: DRIVER,
          label: '',
        });
        await expect(nobody).rejects.toMatchObject({ code: 'entry/unknown' });

        expect(await admin.putScenario(applicationId, 'greet', 'a')).toBe('created');
        expect(await admin.putScenario(applicationId, 'greet', 'b')).toBe('updated');
        expect(await admin.putScenario(applicationId, 'greet', 'b')).toBe('unchanged');
        const rule = await admin.putRule(applicationId, 0, {
          name: 'all',
          pattern: '.*',
          scenarios: ['greet'],
        });
        await expect(admin.removeScenario(applicationId, 'greet')).rejects.toMatchObject({
          code: 'entry/in-use',
        });
        await admin.removeRule(rule.id);
        await admin.removeScenario(applicationId, 'greet');
        expect(admin.scenarios(applicationId)).toEqual([]);

        const taxi = directory.applicationOfNumber(SERVICE)?.id ?? '';
        const declared = { code: 'entry/declared' };
        await expect(admin.putScenario(taxi, 'masking', 'x')).rejects.toMatchObject(declared);
        await expect(admin.removeScenario(taxi, 'masking')).rejects.toMatchObject(declared);
        await expect(admin.removeNumber(admin.numbers(taxi)[0]?.id ?? '')).rejects.toMatchObject(declared);
        await admin.removeNumber(number.id);
        await expect(admin.removeNumber(number.id)).rejects.toMatchObject({ code: 'entry/unknown' });
        expect(directory.applicationOfNumber(PASSENGER)).toBeUndefined();
        await importDirectory({ applications: [TAXI], trunks: [] });
        expect(directory.snapshot.applications.map((one) => one.name)).toEqual(['shop', 'taxi']);
      });
    });

    it('keeps registrations over a restart, one row per contact, and drops them when they expire', async () => {
      const place = await places.fresh();
      const first = await openAt(place);
      await first.importDirectory({ applications: [TAXI], trunks: [] });
      const userId = first.directory.userByName('driver')?.id ?? '';
      const binding = {
        userId,
        contact: 'sip:driver@192.0.2.1:5060',
        source: { transport: 'wss' as const, host: '192.0.2.1', port: 5060 },
        callId: 'a',
        cseq: 4_000_000_000,
        expiresAt: clock.now() + 60_000,
        q: 0.5,
      };
      await first.locations.put(binding);
      await first.locations.put({ ...binding, cseq: 4_000_000_001 });
      await first.locations.put({ ...binding, contact: 'sip:driver@192.0.2.2', q: 1 });
      await close(first);
      const second = await openAt(place);
      expect(await second.locations.list(userId)).toEqual([
        { ...binding, contact: 'sip:driver@192.0.2.2', q: 1 },
        { ...binding, cseq: 4_000_000_001 },
      ]);
      expect((await second.admin.users())[0]).toMatchObject({ username: 'driver', registered: 2 });
      await second.locations.remove(userId, 'sip:driver@192.0.2.2');
      expect(await second.locations.list(userId)).toHaveLength(1);
      await clock.advance(60_001);
      expect(await second.locations.list(userId)).toEqual([]);
      await second.locations.remove(userId);
    });

    it('knows an API key by its hash until it is revoked', async () => {
      const { apiKeys, admin } = await openFresh();
      const { id } = await admin.putApplication('shop');
      const { key, secret } = await apiKeys.create({
        name: 'one',
        scopes: ['calls:read'],
        applicationId: id,
      });
      expect(secret).toMatch(/^mk_[\w-]{43}$/);
      expect(await apiKeys.find(secret)).toEqual(key);
      expect(await apiKeys.find(`${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined();
      expect(await apiKeys.find("' or 1=1")).toBeUndefined();
      expect(await apiKeys.revoke(key.prefix)).toBe(true);
      expect(await apiKeys.revoke(key.prefix)).toBe(false);
      expect(await apiKeys.find(secret)).toBeUndefined();
      expect((await apiKeys.list())[0]?.revokedAt).toBe(clock.now());
      const nobody = apiKeys.create({ name: 'x', scopes: [], applicationId: 'nobody' });
      await expect(nobody).rejects.toMatchObject({ code: 'entry/unknown' });
    });

    it('[row 39] remembers a request by its idempotency key, also over a restart, for a day', async () => {
      const place = await places.fresh();
      const first = await openAt(place);
      const { key } = await first.apiKeys.create({ name: 'one', scopes: [], applicationId: undefined });
      expect(await first.idempotency.begin(key.id, 'a', 'hash')).toEqual({ kind: 'first' });
      expect(await first.idempotency.begin(key.id, 'a', 'hash')).toEqual({ kind: 'unfinished' });
      await first.idempotency.finish(key.id, 'a', { status: 202, body: { sessionId: 's' } });
      await close(first);
      const second = await openAt(place);
      const answered = { kind: 'answered', status: 202, body: { sessionId: 's' } };
      expect(await second.idempotency.begin(key.id, 'a', 'hash')).toEqual(answered);
      expect(await second.idempotency.begin(key.id, 'a', 'other')).toEqual({ kind: 'other-request' });
      await second.idempotency.release(key.id, 'a');
      expect(await second.idempotency.begin(key.id, 'a', 'hash')).toEqual(answered);
      expect(await second.idempotency.begin(key.id, 'b', 'hash')).toEqual({ kind: 'first' });
      await second.idempotency.release(key.id, 'b');
      expect(await second.idempotency.begin(key.id, 'b', 'hash')).toEqual({ kind: 'first' });
      await clock.advance(24 * 3_600_000 + 1);
      expect(await second.idempotency.begin(key.id, 'a', 'other')).toEqual({ kind: 'first' });
    });

    it('lets one of many requests with the same idempotency key begin', async () => {
      const { idempotency, apiKeys } = await openFresh();
      const { key } = await apiKeys.create({ name: 'one', scopes: [], applicationId: undefined });
      const replays = await Promise.all(
        Array.from({ length: 8 }, () => idempotency.begin(key.id, 'same', 'hash')),
      );
      expect(replays.filter((replay) => replay.kind === 'first')).toHaveLength(1);
      expect(replays.filter((replay) => replay.kind === 'unfinished')).toHaveLength(7);
    });

    it('refuses to open with another key, with none, or with a broken one, and changes nothing', async () => {
      const place = await places.fresh();
      await close(await openAt(place));
      const line = (id: string) => `${id}:${Buffer.from(systemRandom.bytes(32)).toString('base64')}`;
      const refused = async (more: Partial<StorageOptions>, code: StorageErrorCode): Promise<void> => {
        await expect(openAt(place, more)).rejects.toMatchObject({ name: 'StorageError', code });
      };
      await refused({ key: line('k1') }, 'storage/key-wrong');
      await refused({ key: line('k9') }, 'storage/key-missing');
      await refused({ key: 'k1:short' }, 'storage/key-invalid');
      await refused({ keyFile: `${place.dataFolder}/nowhere` }, 'storage/key-missing');
      await close(await openAt(place));
    });

    it('brings a new database up to date once, and refuses one that is newer', async () => {
      const place = await places.bare();
      await close(await openAt(place));
      const database = await openDatabase({
        ...place,
        databaseUrl: place.databaseUrl,
        random: systemRandom,
        log: silentLogger,
      });
      const { migrate } = await import('../../src/storage/migrate.ts');
      const { MIGRATIONS } = await import('../../src/storage/migrations/index.ts');
      try {
        expect(await migrate(database.db)).toEqual([]);
        const broken = { name: '9999-broken', statements: ['create table half (a int)', 'create nonsense'] };
        await expect(migrate(database.db, [...MIGRATIONS, broken])).rejects.toMatchObject({ code: '42601' });
        const added = { name: '9999-added', statements: ['create table half (a int)'] };
        expect(await migrate(database.db, [...MIGRATIONS, added])).toEqual(['9999-added']);
        await expect(migrate(database.db)).rejects.toMatchObject({ code: 'storage/newer' });
      } finally {
        await database.close();
      }
    });
  });
}

/** Every row of every table, as text. */
async function dump(place: StoragePlace): Promise<string> {
  const { sql } = await import('kysely');
  const database = await openDatabase({
    ...place,
    databaseUrl: place.databaseUrl,
    random: systemRandom,
    log: silentLogger,
  });
  try {
    const tables = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'public'`.execute(
      database.db,
    );
    const out: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await sql<{ row: string }>`
        select row_to_json(t)::text as row from ${sql.table(name)} t`.execute(database.db);
      out.push(...rows.map(({ row }) => `${name} ${row}`));
    }
    return out.join('\n');
  } finally {
    await database.close();
  }
}
