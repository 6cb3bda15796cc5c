import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhoneNumber } from '../../src/kernel/phone-number.ts';
import type { MaskingSession } from '../../src/masking/types.ts';
import { InvalidCursor } from '../../src/records/ports.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { eventsOf, makeApplication, openMasking, person, sessionOf } from '../kit/masking-world.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI } from './directory-samples.ts';

const START = Date.UTC(2026, 0, 5, 12);
const HOUR = 3_600_000;
const NO_TERMS = { attemptsPerHour: undefined, over: [] };

/** What becomes of sessions, whichever database is below. */
export function maskingLifeContract(name: string, places: StoragePlaces): void {
  describe(`the life of masking sessions on ${name}`, () => {
    let storage: Storage;
    const clock = new VirtualClock(START);
    beforeAll(async () => {
      storage = await openMasking(await places.fresh(), clock, { node: 'node-1' });
    });
    afterAll(async () => {
      await storage.close();
      await places.close();
    });
    const create = (...given: Parameters<typeof sessionOf>): Promise<MaskingSession> =>
      storage.masking.sessions.create(sessionOf(...given));
    const get = async (session: MaskingSession): Promise<MaskingSession> =>
      (await storage.masking.sessions.get(session.id, session.applicationId)) as MaskingSession;
    const typesOf = async (session: MaskingSession): Promise<string[]> =>
      (await eventsOf(storage, session.id)).map(({ type }) => type.replace('masking_session.', ''));
    let legs = 0;
    const call = async (session: MaskingSession, caller = 0): Promise<string> => {
      const id = `leg-${++legs}`;
      const [from, to] = [session.parties[caller]!, session.parties[1 - caller]!];
      const leg = {
        ...{ id, applicationId: session.applicationId, sessionId: session.id, scenarioSessionId: 'scenario' },
        ...{ caller: from.number as PhoneNumber, callee: to.number as PhoneNumber },
        ...{ callerPartyId: from.id, calleePartyId: to.id },
      };
      expect(await storage.masking.calls.begin(leg, NO_TERMS)).toBeUndefined();
      return id;
    };

    it('closes once, and says why', async () => {
      const { id } = await makeApplication(storage, 1);
      const made = await create(id, [1, 2], { externalId: 'order 7' });
      const { sessions } = storage.masking;
      await expect(sessions.close(made.id, 'another', 'asked')).rejects.toMatchObject({
        code: 'masking/unknown-session',
      });
      const closed = await sessions.close(made.id, id, 'asked');
      expect(closed).toMatchObject({ status: 'closed', closedReason: 'asked', closedAt: clock.now() });
      expect(await sessions.close(made.id, id, 'party-erased')).toEqual(closed);
      expect((await eventsOf(storage, made.id)).at(-1)).toMatchObject({
        position: 2,
        data: { reason: 'asked', externalId: 'order 7' },
      });
      await expect(sessions.change(made.id, id, { extendSeconds: 60 })).rejects.toMatchObject({
        code: 'masking/session-closed',
      });
    });

    it('writes down what has expired, each once, on whichever node', async () => {
      const { id } = await makeApplication(storage, 2);
      const made = [await create(id, [3, 4]), await create(id, [5, 6])];
      const endless = await create(id, [3, 5], { rules: { ttlSeconds: undefined } });
      await clock.advance(HOUR);
      const { sessions } = storage.masking;
      expect(await Promise.all([sessions.closeExpired(1), sessions.closeExpired(1)])).toEqual([1, 1]);
      expect(await sessions.closeExpired(10)).toBe(0);
      for (const one of made) expect(await typesOf(one)).toEqual(['created', 'closed']);
      expect((await get(endless)).expiresAt).toBeUndefined();
      expect((await get(endless)).status).toBe('open');
    });

    it('is extended from now on, and keeps its number so much longer', async () => {
      const { id, numberIds } = await makeApplication(storage, 2);
      const made = await create(id, [7, 8]);
      await clock.advance(HOUR - 1);
      const changed = await storage.masking.sessions.change(made.id, id, {
        extendSeconds: 7_200,
        rules: { maxCalls: 5, greeting: { kind: 'say', text: 'a\0b', language: undefined } },
        metadata: { town: 'Tula' },
      });
      expect(changed).toMatchObject({ expiresAt: clock.now() + 2 * HOUR, metadata: { town: 'Tula' } });
      expect(changed.rules).toMatchObject({ maxCalls: 5, ttlSeconds: 3_600, greeting: { text: 'ab' } });
      expect(await get(made)).toEqual(changed);
      await clock.advance(2 * HOUR - 1);
      const other = await create(id, [7, 9]);
      expect(other.parties[0]?.serviceNumberId).toBe(numberIds[1]);
      expect((await eventsOf(storage, made.id)).at(-1)?.data).toMatchObject({
        changed: ['maxCalls', 'greeting', 'metadata', 'expiresAt'],
      });
      await clock.advance(1);
      expect((await get(made)).status).toBe('closed');
      const endless = await storage.masking.sessions.change(other.id, id, {
        rules: { ttlSeconds: undefined },
      });
      expect(endless.expiresAt).toBeUndefined();
    });

    it('gives a party another number of their own, and keeps the service number where that is free', async () => {
      const { id, numberIds, numbers } = await makeApplication(storage, 1);
      const made = await create(id, [10, 11]);
      await create(id, [12, 13]);
      const [first, second] = made.parties;
      const change = (values: object) =>
        storage.masking.sessions.change(made.id, id, { party: { id: second!.id, ...values } });
      const changed = await change({ number: person(14), label: 'new', role: 'buyer' });
      expect(changed.parties[1]).toMatchObject({
        label: 'new',
        role: 'buyer',
        serviceNumberId: numberIds[0],
      });
      expect(changed.parties[1]?.number?.equals(person(14))).toBe(true);
      expect(changed.parties[0]).toEqual(first);
      expect(changed.parties[1]?.token).not.toBe(second?.token);
      // Whoever left does not reach those who go on; who came does.
      const reached = async (who: number) => {
        const question = {
          caller: person(who),
          dialled: numbers[0]!,
          extension: undefined,
          chosen: undefined,
        };
        const found = await storage.masking.resolution.candidates({
          ...question,
          applicationId: id,
          callId: undefined,
        });
        return found.map(({ session, callees }) => [session.id, callees.map((one) => one.id)]);
      };
      expect(await reached(11)).toEqual([]);
      expect(await reached(14)).toEqual([[made.id, [first?.id]]]);
      expect(await reached(10)).toEqual([[made.id, [second?.id]]]);
      // The one who left cools off, and meets nobody else there meanwhile; the new one has it.
      for (const busy of [11, 14])
        await expect(create(id, [busy, 15])).rejects.toMatchObject({ code: 'masking/no-number' });
      await expect(change({ number: person(12) })).rejects.toMatchObject({
        code: 'masking/number-taken',
        field: '/number',
      });
      await expect(change({ number: person(10) })).rejects.toMatchObject({
        code: 'masking/party-invalid',
        field: '/number',
      });
      await expect(
        storage.masking.sessions.change(made.id, id, { party: { id: 'pt_none', label: '' } }),
      ).rejects.toMatchObject({ code: 'masking/unknown-party' });
      expect(await get(made)).toEqual(changed);
      await storage.masking.sessions.change(made.id, id, { extendSeconds: 7_200 });
      await clock.advance(HOUR);
      // Whoever left may have the number again; the session that they left goes on.
      expect((await create(id, [11, 15])).parties[0]?.serviceNumberId).toBe(numberIds[0]);
      expect((await get(made)).status).toBe('open');
    });

    it('removal forgets its people, and its events keep their tokens', async () => {
      const { id } = await makeApplication(storage, 1);
      await storage.masking.pools.putPool({
        applicationId: id,
        name: 'default',
        coolOffSeconds: 0,
        sharing: false,
      });
      const made = await create(id, [16, 17]);
      await storage.masking.blocks.add({
        ...{ applicationId: id, person: person(17), counterpart: undefined, direction: 'to', by: 'party' },
        ...{ reason: '', expiresAt: undefined },
      });
      const { sessions } = storage.masking;
      expect(await sessions.remove(made.id, 'another')).toBe(false);
      expect(await sessions.remove(made.id, id)).toBe(true);
      expect(await sessions.remove(made.id, id)).toBe(false);
      expect(await sessions.get(made.id, id)).toBeUndefined();
      expect(await typesOf(made)).toEqual(['created', 'closed']);
      const again = await create(id, [16, 17]);
      expect(again.parties[0]?.token).not.toBe(made.parties[0]?.token);
      // Somebody about whom there is a block is still known.
      expect(again.parties[1]?.token).toBe(made.parties[1]?.token);
    });

    it('calls are counted, move a sliding end, and use a session up', async () => {
      const { id } = await makeApplication(storage, 1);
      const made = await create(id, [20, 21], { rules: { sliding: true, maxCalls: 2 } });
      const { calls } = storage.masking;
      await clock.advance(HOUR / 2);
      const first = await call(made);
      expect(await get(made)).toMatchObject({ status: 'in-progress', calls: 0, lastCallAt: clock.now() });
      await calls.answered(first);
      await calls.answered(first);
      expect(await get(made)).toMatchObject({ calls: 1, expiresAt: clock.now() + HOUR });
      const second = await call(made, 1);
      // That it was answered is told at its end only.
      await calls.ended(second, { answered: true, seconds: 3, status: 200 });
      expect(await get(made)).toMatchObject({ status: 'in-progress', calls: 2 });
      await calls.ended(first, { answered: true, seconds: 61, status: 200 });
      await calls.ended(first, { answered: true, seconds: 61, status: 200 });
      expect(await get(made)).toMatchObject({ status: 'closed', closedReason: 'calls-used-up', calls: 2 });
      expect(await typesOf(made)).toEqual(['created', 'closed']);
    });

    it('axn: whom its party calls back is the last caller from outside, whoever has left or was erased', async () => {
      const { id } = await makeApplication(storage, 1);
      const { sessions, calls, resolution } = storage.masking;
      const made = await create(id, [60], { mode: 'axn' });
      const seller = made.parties[0]!;
      let minutes = 0;
      const talk = async (caller: PhoneNumber, callee: PhoneNumber, party: string | undefined) => {
        await clock.advance(60_000);
        const leg = `axn-${++minutes}`;
        const ids = { id: leg, applicationId: id, sessionId: made.id, scenarioSessionId: 's' };
        const parties = { callerPartyId: party, calleePartyId: party === undefined ? seller.id : undefined };
        expect(await calls.begin({ ...ids, caller, callee, ...parties }, NO_TERMS)).toBeUndefined();
        await calls.ended(leg, { answered: true, seconds: 1, status: 200 });
      };
      await talk(person(61), person(60), undefined);
      await talk(person(62), person(60), undefined);
      await talk(person(60), person(62), seller.id);
      await sessions.change(made.id, id, { party: { id: seller.id, number: person(63) } });
      expect((await resolution.lastCaller(made.id))?.equals(person(62))).toBe(true);
      const erasure = await storage.erasures.begin({ number: person(62), applicationId: id, actor: 'test' });
      while ((await storage.erasures.step(erasure.id)) === 'more');
      expect(await resolution.lastCaller(made.id)).toBeUndefined();
    });

    it('a call does not bring a sliding end nearer', async () => {
      const { id } = await makeApplication(storage, 1);
      const made = await create(id, [25, 26], { rules: { sliding: true } });
      const { expiresAt } = await storage.masking.sessions.change(made.id, id, { extendSeconds: 86_400 });
      const leg = await call(made);
      await storage.masking.calls.answered(leg);
      await storage.masking.calls.ended(leg, { answered: true, seconds: 5, status: 200 });
      expect(expiresAt).toBe(clock.now() + 24 * HOUR);
      expect(await get(made)).toMatchObject({ calls: 1, expiresAt });
    });

    it('calls that a dead process left open are ended, and their sessions go on or end', async () => {
      const { id } = await makeApplication(storage, 2);
      const made = await create(id, [22, 23]);
      const used = await create(id, [22, 24], { rules: { maxCalls: 1 } });
      await call(made);
      await storage.masking.calls.answered(await call(used));
      expect(await storage.masking.calls.recover('node-2')).toBe(0);
      const list = async (status: MaskingSession['status']) =>
        (await storage.masking.sessions.list({ applicationId: id, status }, { limit: 9 })).items.map(
          (one) => one.id,
        );
      expect(new Set(await list('in-progress'))).toEqual(new Set([made.id, used.id]));
      expect(await storage.masking.calls.recover('node-1')).toBe(2);
      expect([await list('in-progress'), await list('open'), await list('closed')]).toEqual([
        [],
        [made.id],
        [used.id],
      ]);
    });

    it('lists by page, external id, person and number', async () => {
      const { id, numbers } = await makeApplication(storage, 5);
      const made = [];
      for (let i = 0; i < 5; i++) made.unshift(await create(id, [30, 31 + i], { externalId: `o${i}` }));
      const { sessions } = storage.masking;
      const filter = { applicationId: id };
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await sessions.list(filter, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.items.map((one) => one.id));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(new Set(found)).toEqual(new Set(made.map((one) => one.id)));
      expect(found).toHaveLength(5);
      const ids = async (more: object) =>
        (await sessions.list({ ...filter, ...more }, { limit: 9 })).items.map((one) => one.id);
      expect(await ids({ externalId: 'o4' })).toEqual([made[0]?.id]);
      expect(await ids({ person: made[0]?.parties[1]?.token })).toEqual([made[0]?.id]);
      expect(await ids({ number: person(35) })).toEqual([made[0]?.id]);
      expect(await ids({ number: numbers[4] })).toEqual([made[0]?.id]);
      expect(await ids({ number: person(30) })).toHaveLength(5);
      expect(await ids({ status: 'closed' })).toEqual([]);
      await expect(sessions.list(filter, { limit: 2, cursor: 'bm9uc2Vuc2U' })).rejects.toThrow(InvalidCursor);
    });

    it('pools: numbers come, leave and rest', async () => {
      const { id, numberIds } = await makeApplication(storage, 3);
      const { pools } = storage.masking;
      expect(await pools.pools(id)).toEqual([
        { id: 'default', applicationId: id, name: 'default', coolOffSeconds: 3_600, sharing: false },
      ]);
      const taxi = await pools.putPool({
        applicationId: id,
        name: 'taxi',
        coolOffSeconds: 60,
        sharing: false,
      });
      expect(await pools.putPool({ ...taxi, coolOffSeconds: 90 })).toEqual({ ...taxi, coolOffSeconds: 90 });
      const moved = await pools.changeNumber(numberIds[0]!, id, {
        pool: 'taxi',
        tags: ['a'],
        region: 'Moscow',
        label: 'first',
      });
      expect(moved).toMatchObject({
        poolId: taxi.id,
        tags: ['a'],
        region: 'Moscow',
        label: 'first',
        country: 'RU',
      });
      expect(storage.admin.numbers(id).find((one) => one.id === moved.id)?.label).toBe('first');
      const made = await create(id, [40, 41], { wish: { pool: 'taxi' } });
      expect(
        (await pools.numbers({ applicationId: id, poolId: taxi.id })).map((one) => one.sessions),
      ).toEqual([1]);
      const resting = await pools.changeNumber(numberIds[0]!, id, {
        status: 'quarantined',
        quarantineReason: 'call +79123456789',
      });
      expect(resting).toMatchObject({ status: 'quarantined', sessions: 1 });
      expect((await get(made)).status).toBe('open');
      const [event] = await eventsOf(storage, numberIds[0]!);
      expect(event).toMatchObject({ type: 'number.quarantined', data: { reason: 'call +7••••••••89' } });
      const active = await pools.changeNumber(numberIds[0]!, id, { status: 'active', region: null });
      expect(active).toMatchObject({ quarantineReason: undefined, region: undefined });
      await pools.removePool(taxi.id, id);
      expect(await pools.numbers({ applicationId: id, poolId: 'default' })).toHaveLength(3);
      await expect(pools.removePool(taxi.id, id)).rejects.toMatchObject({ code: 'masking/unknown-pool' });
      await expect(pools.changeNumber('none', id, {})).rejects.toMatchObject({ code: 'entry/unknown' });
      await expect(pools.changeNumber(numberIds[0]!, id, { pool: 'none' })).rejects.toMatchObject({
        code: 'masking/unknown-pool',
      });
    });

    it('numbers that go away: refused to the API, and an end of sessions for the settings file', async () => {
      const { id, numberIds } = await makeApplication(storage, 2);
      const made = await create(id, [50, 51]);
      await expect(storage.admin.removeNumber(numberIds[0]!)).rejects.toMatchObject({ code: 'entry/in-use' });
      await expect(storage.platform.directory.removePhones([numberIds[0]!])).rejects.toMatchObject({
        code: 'entry/in-use',
      });
      await storage.masking.sessions.close(made.id, id, 'asked');
      await storage.admin.removeNumber(numberIds[0]!);
      expect((await get(made)).parties[0]).toMatchObject({
        serviceNumber: undefined,
        serviceNumberId: numberIds[0],
      });

      const second = { ...TAXI, name: 'second', numbers: [], users: [] };
      await storage.importDirectory({ applications: [TAXI, second], trunks: [] });
      const taxi = storage.directory.snapshot.applications.find((one) => one.name === 'taxi')?.id ?? '';
      const declared = [await create(taxi, [52, 53]), await create(taxi, [54], { mode: 'extension' })];
      // The number goes to another application, and then altogether.
      await storage.importDirectory({
        applications: [
          { ...TAXI, numbers: [] },
          { ...second, numbers: TAXI.numbers },
        ],
        trunks: [],
      });
      for (const one of declared) {
        expect(await get(one)).toMatchObject({ status: 'closed', closedReason: 'number-removed' });
        expect(await typesOf(one)).toEqual(['created', 'closed']);
      }
      const other = storage.directory.snapshot.applications.find((one) => one.name === 'second')?.id ?? '';
      const last = await create(other, [55, 56]);
      await storage.importDirectory({ applications: [{ ...TAXI, numbers: [] }, second], trunks: [] });
      expect(await get(last)).toMatchObject({ status: 'closed', closedReason: 'number-removed' });
    });

    it('blocks: by number or token, with their events', async () => {
      const { id, numbers } = await makeApplication(storage, 1);
      const made = await create(id, [60, 61]);
      const { blocks } = storage.masking;
      const rule = {
        applicationId: id,
        direction: 'both',
        by: 'application',
        reason: 'Anna',
        expiresAt: undefined,
      } as const;
      const one = await blocks.add({ ...rule, person: person(60), counterpart: made.parties[1]?.token });
      expect(one).toMatchObject({
        person: made.parties[0]?.token,
        counterpart: made.parties[1]?.token,
        reason: 'Anna',
      });
      await blocks.add({
        ...rule,
        person: person(62),
        counterpart: undefined,
        expiresAt: clock.now() + 1_000,
      });
      const first = await blocks.list(id, { limit: 1 });
      const second = await blocks.list(id, { limit: 1, cursor: first.next ?? '' });
      expect(new Set([...first.items, ...second.items].map((block) => block.id)).size).toBe(2);
      expect(second.next).toBeUndefined();
      await clock.advance(1_000);
      expect((await blocks.list(id, { limit: 9 })).items).toEqual([one]);
      const refused = async (values: object, field: string) =>
        expect(
          blocks.add({ ...rule, person: person(60), counterpart: undefined, ...values }),
        ).rejects.toMatchObject({
          code: 'masking/party-invalid',
          field,
        });
      await refused({ person: 'per_nobody' }, '/person');
      await refused({ person: numbers[0] }, '/person');
      await refused({ counterpart: person(60) }, '/counterpart');
      expect(await blocks.remove(one.id, 'another')).toBe(false);
      expect(await blocks.remove(one.id, id)).toBe(true);
      expect(await blocks.remove(one.id, id)).toBe(false);
      const events = await eventsOf(storage, one.id);
      expect(events.map(({ type }) => type)).toEqual(['block.created', 'block.removed']);
      expect(JSON.stringify(events)).not.toContain('Anna');
    });
  });
}
