import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MaskingSession } from '../../src/masking/types.ts';
import type { Storage } from '../../src/storage/storage.ts';
import {
  eventsOf,
  JumpingClock,
  makeApplication,
  openMasking,
  party,
  person,
  sessionOf,
} from '../kit/masking-world.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';

const START = Date.UTC(2026, 0, 5, 12);
const HOUR = 3_600_000;

/** How numbers are given, whichever database is below. */
export function maskingContract(name: string, places: StoragePlaces): void {
  describe(`masking sessions on ${name}`, () => {
    let storage: Storage;
    const clock = new VirtualClock(START);
    const wall = new JumpingClock(clock);
    beforeAll(async () => {
      storage = await openMasking(await places.fresh(), wall);
    });
    afterAll(async () => {
      await storage.close();
      await places.close();
    });
    const numbersOf = (session: MaskingSession): string[] =>
      session.parties.map((one) => one.serviceNumberId);
    const create = (...given: Parameters<typeof sessionOf>): Promise<MaskingSession> =>
      storage.masking.sessions.create(sessionOf(...given));

    it('gives two people one number, and reads back what was written', async () => {
      const { id, numbers } = await makeApplication(storage, 2);
      const greeting = { kind: 'say', text: 'Hello', language: 'en-GB' } as const;
      const made = await create(id, [], {
        externalId: 'order 1',
        rules: { greeting, maxCalls: 3, record: true },
        metadata: { town: 'Tver' },
        parties: [
          party(person(1), {
            role: 'driver',
            label: 'Order 1',
            announcement: { kind: 'play', url: 'https://x.example/a' },
          }),
          party(person(2), { role: 'client' }),
        ],
      });
      expect(made).toMatchObject({
        status: 'open',
        calls: 0,
        createdAt: clock.now(),
        expiresAt: clock.now() + HOUR,
      });
      expect(made.parties.map((one) => one.serviceNumber?.equals(numbers[0]!))).toEqual([true, true]);
      expect(made.id).toMatch(/^ms_[\da-f-]{36}$/);
      expect(made.parties[0]?.token).toMatch(/^per_[\da-f-]{36}$/);
      const read = await storage.masking.sessions.get(made.id, id);
      expect(read).toEqual(made);
      expect(read?.parties[0]?.number?.equals(person(1))).toBe(true);
      expect(await storage.masking.sessions.get(made.id, 'another application')).toBeUndefined();
      const [event] = await eventsOf(storage, made.id);
      expect(event).toMatchObject({ type: 'masking_session.created', position: 1, data: { mode: 'axb' } });
      expect(JSON.stringify(event)).not.toMatch(/Order 1|Hello|Tver|7912/);
    });

    it('[row 31] a person never meets two others on one number; others may have it meanwhile', async () => {
      const { id, numberIds } = await makeApplication(storage, 3);
      const sessions = [];
      for (const client of [11, 12, 13]) sessions.push(await create(id, [10, client]));
      expect(sessions.map((one) => numbersOf(one)[0])).toEqual(numberIds);
      expect(numbersOf(await create(id, [14, 15]))[0]).toBe(numberIds[0]);
      expect(numbersOf(await create(id, [14, 13]))[0]).toBe(numberIds[1]);
    });

    it('says what would help when no number is free', async () => {
      const { id, numberIds } = await makeApplication(storage, 3);
      await storage.masking.pools.changeNumber(numberIds[2]!, id, {
        status: 'quarantined',
        quarantineReason: 'spam',
      });
      await create(id, [20, 21], { rules: { ttlSeconds: 60 } });
      const second = await create(id, [20, 22], { rules: { ttlSeconds: undefined } });
      const failing = create(id, [20, 23]);
      await expect(failing).rejects.toMatchObject({ code: 'masking/no-number' });
      const message = await failing.catch(String);
      expect(message).toContain(
        "has 3 numbers: 2 are held by these people's sessions or their cool-off, 1 in quarantine",
      );
      expect(message).toContain('None of these becomes free within an hour.');
      expect(message).toContain('maskline numbers plan');
      await storage.masking.sessions.close(second.id, id, 'asked');
      await clock.advance(30 * 60_000);
      expect(await create(id, [20, 23]).catch(String)).toContain('The first becomes free in 30 minutes');
      const empty = await makeApplication(storage, 0);
      expect(await create(empty.id, [1, 2]).catch(String)).toContain('has no numbers');
    });

    it('a number cools off for others, and not for the two themselves', async () => {
      const { id, numberIds } = await makeApplication(storage, 2);
      const first = await create(id, [30, 31]);
      await storage.masking.sessions.close(first.id, id, 'asked');
      expect(numbersOf(await create(id, [30, 32]))).toEqual([numberIds[1], numberIds[1]]);
      const again = await create(id, [31, 30]);
      expect(numbersOf(again)).toEqual([numberIds[0], numberIds[0]]);
      await storage.masking.sessions.close(again.id, id, 'asked');
      await clock.advance(HOUR - 1);
      await expect(create(id, [30, 33])).rejects.toMatchObject({ code: 'masking/no-number' });
      await clock.advance(1);
      expect(numbersOf(await create(id, [30, 33]))[0]).toBe(numberIds[0]);
    });

    it('what has expired is closed, whether or not anybody has written it down', async () => {
      const { id } = await makeApplication(storage, 1);
      await storage.masking.pools.putPool({
        applicationId: id,
        name: 'default',
        coolOffSeconds: 0,
        sharing: false,
      });
      const first = await create(id, [40, 41], { externalId: 'same' });
      // Said of an order that comes twice, too, although the two have no other number left.
      for (const people of [
        [42, 43],
        [40, 41],
      ])
        await expect(create(id, people, { externalId: 'same' })).rejects.toMatchObject({
          code: 'masking/external-id-taken',
          field: '/externalId',
        });
      await clock.advance(HOUR);
      expect(await storage.masking.sessions.get(first.id, id)).toMatchObject({
        status: 'closed',
        closedReason: 'expired',
        closedAt: first.expiresAt,
      });
      // It makes room for the order's id and for the number, and its end is written with the new beginning.
      const second = await create(id, [40, 43], { externalId: 'same' });
      const types = (await eventsOf(storage, first.id)).map(({ type, data }) => [type, data.reason]);
      expect(types).toEqual([
        ['masking_session.created', undefined],
        ['masking_session.closed', 'expired'],
      ]);
      // A clock that jumps back does not bring it to life.
      wall.ahead = -HOUR;
      const read = await storage.masking.sessions.get(first.id, id);
      expect(read).toMatchObject({ status: 'closed', closedReason: 'expired' });
      await expect(create(id, [40, 44])).rejects.toMatchObject({ code: 'masking/no-number' });
      wall.ahead = 0;
      await storage.masking.sessions.closeExpired(100);
      expect((await storage.masking.sessions.get(second.id, id))?.status).toBe('open');
    });

    it('axyb: each has a number of its own', async () => {
      const { id, numberIds } = await makeApplication(storage, 2);
      const made = await create(id, [50, 51], { mode: 'axyb' });
      expect(numbersOf(made)).toEqual([numberIds[0], numberIds[1]]);
      // Each of the two has another number left, and they are different ones.
      expect(numbersOf(await create(id, [50, 51], { mode: 'axyb' }))).toEqual([numberIds[1], numberIds[0]]);
      await expect(create(id, [50, 52], { mode: 'axyb' })).rejects.toMatchObject({
        code: 'masking/no-number',
      });
    });

    it('axn: whoever calls is meant, so that nobody else has the number', async () => {
      const { id, numberIds } = await makeApplication(storage, 2);
      const shop = await create(id, [60], { mode: 'axn' });
      expect(numbersOf(shop)).toEqual([numberIds[0]]);
      expect(numbersOf(await create(id, [61, 62]))).toEqual([numberIds[1], numberIds[1]]);
      await expect(create(id, [63], { mode: 'axn' })).rejects.toMatchObject({ code: 'masking/no-number' });
      await expect(
        create(id, [63], { mode: 'extension', wish: { explicit: shop.parties[0]?.serviceNumber } }),
      ).rejects.toMatchObject({ code: 'masking/number-taken' });
      await storage.masking.sessions.close(shop.id, id, 'asked');
      expect(numbersOf(await create(id, [60], { mode: 'axn' }))).toEqual([numberIds[0]]);
    });

    it('axg: the first reaches a group on one number', async () => {
      const { id, numberIds } = await makeApplication(storage, 2);
      await create(id, [72, 79]);
      const group = await create(id, [70, 71, 72, 73], { mode: 'axg' });
      expect(new Set(numbersOf(group))).toEqual(new Set([numberIds[1]]));
      await expect(
        create(id, [73, 79], { wish: { explicit: group.parties[0]?.serviceNumber } }),
      ).rejects.toMatchObject({
        code: 'masking/number-taken',
        field: '/number/explicit',
      });
    });

    it('extension: many on one number, told apart by digits that a slip does not mistake', async () => {
      const { id, numberIds, numbers } = await makeApplication(storage, 1);
      const seen = new Set<string>();
      for (let ad = 0; ad < 20; ad++) {
        const made = await create(id, [80 + 2 * ad, 81 + 2 * ad], { mode: 'extension' });
        for (const one of made.parties) {
          expect(one.serviceNumberId).toBe(numberIds[0]);
          expect(one.extension).toMatch(/^([2-6]\d{3}|[78]\d{4}|9\d{5})$/);
          seen.add(one.extension ?? '');
        }
      }
      expect(seen.size).toBe(40);
      for (const one of seen) {
        for (let at = 0; at < one.length; at++)
          for (let digit = 0; digit < 10; digit++) {
            const slip = `${one.slice(0, at)}${digit}${one.slice(at + 1)}`;
            if (slip !== one) expect(seen.has(slip)).toBe(false);
          }
      }
      const wished = (extension: string, who: number) =>
        create(id, [], { mode: 'extension', parties: [party(person(who), { extension })] });
      const first = await wished('0123', 150);
      expect(first.parties[0]?.extension).toBe('0123');
      for (const digits of ['0123', '01234'])
        await expect(wished(digits, 151)).rejects.toMatchObject({
          code: 'masking/extension-taken',
          field: '/parties/0/extension',
        });
      // Who has an extension there may not also have the number for somebody: it could not be told which is meant.
      await expect(create(id, [150, 160], { wish: { explicit: numbers[0] } })).rejects.toMatchObject({
        code: 'masking/number-taken',
      });
      expect(numbersOf(await create(id, [161, 162]))[0]).toBe(numberIds[0]);
      await expect(create(id, [161], { mode: 'extension' })).rejects.toMatchObject({
        code: 'masking/no-number',
      });
    });

    it('a pool that is shared gives one number to all', async () => {
      const { id, numberIds } = await makeApplication(storage, 2);
      await storage.masking.pools.putPool({
        applicationId: id,
        name: 'one',
        coolOffSeconds: 60,
        sharing: true,
      });
      await storage.masking.pools.changeNumber(numberIds[1]!, id, { pool: 'one' });
      const wish = { pool: 'one' };
      const made = [await create(id, [170, 171], { wish }), await create(id, [170, 172], { wish })];
      expect(made.map((one) => numbersOf(one)[0])).toEqual([numberIds[1], numberIds[1]]);
      await expect(create(id, [1, 2], { wish: { pool: 'none' } })).rejects.toMatchObject({
        code: 'masking/unknown-pool',
      });
    });

    it('wishes: sticky, avoid, tags, region, explicit', async () => {
      const { id, numberIds, numbers } = await makeApplication(storage, 3);
      await storage.masking.pools.putPool({
        applicationId: id,
        name: 'default',
        coolOffSeconds: 0,
        sharing: false,
      });
      const { pools, sessions } = storage.masking;
      const second = await create(id, [180, 181], { wish: { explicit: numbers[1] } });
      expect(numbersOf(second)[0]).toBe(numberIds[1]);
      await sessions.close(second.id, id, 'asked');
      await clock.advance(1);
      const sticky = await create(id, [181, 180], { wish: { prefer: 'sticky' } });
      expect(numbersOf(sticky)[0]).toBe(numberIds[1]);
      await sessions.close(sticky.id, id, 'asked');
      await clock.advance(1);
      const plain = await create(id, [180, 181]);
      expect(numbersOf(plain)[0]).toBe(numberIds[0]);
      expect(numbersOf(await create(id, [180, 182], { wish: { prefer: 'avoid' } }))[0]).toBe(numberIds[2]);
      await pools.changeNumber(numberIds[1]!, id, { tags: ['vip', 'say "hi"'], region: 'Moscow' });
      await pools.changeNumber(numberIds[2]!, id, { region: 'Tver' });
      const tagged = await create(id, [190, 191], { wish: { tags: ['say "hi"', 'vip'] } });
      expect(numbersOf(tagged)[0]).toBe(numberIds[1]);
      expect(numbersOf(await create(id, [192, 193], { wish: { region: 'tver' } }))[0]).toBe(numberIds[2]);
      expect(numbersOf(await create(id, [192, 194], { wish: { region: 'tver' } }))[0]).toBe(numberIds[0]);
      await expect(create(id, [192, 195], { wish: { region: 'tver', strict: true } })).rejects.toMatchObject({
        code: 'masking/no-number',
      });
      await expect(create(id, [196, 197], { wish: { region: 'DE', strict: true } })).rejects.toThrow(
        /wished tags or region/,
      );
      expect(numbersOf(await create(id, [196, 197], { wish: { region: 'same', strict: true } }))[0]).toBe(
        numberIds[0],
      );
      await expect(create(id, [196, 198], { wish: { explicit: person(199) } })).rejects.toMatchObject({
        code: 'masking/number-taken',
      });
    });

    it('sticky gives each party of an axyb session the number that it has had itself', async () => {
      const { id, numberIds, numbers } = await makeApplication(storage, 3);
      const { pools, sessions } = storage.masking;
      await pools.putPool({ applicationId: id, name: 'default', coolOffSeconds: 0, sharing: false });
      const before = await create(id, [184, 185], { mode: 'axyb', wish: { explicit: numbers[1] } });
      expect(numbersOf(before)).toEqual([numberIds[1], numberIds[0]]);
      await sessions.close(before.id, id, 'asked');
      await clock.advance(1);
      const again = await create(id, [184, 185], { mode: 'axyb', wish: { prefer: 'sticky' } });
      expect(numbersOf(again)).toEqual([numberIds[1], numberIds[0]]);
    });

    it('refuses who cannot be a party, and leaves nothing behind', async () => {
      const { id, numbers } = await makeApplication(storage, 1);
      const other = await makeApplication(storage, 1);
      const people = (...given: Parameters<typeof party>[]) => ({
        parties: given.map((one) => party(...one)),
      });
      const refused = async (more: Parameters<typeof sessionOf>[2], field: string): Promise<void> => {
        await expect(create(id, [], more)).rejects.toMatchObject({ code: 'masking/party-invalid', field });
      };
      await refused(people([person(1)], [person(1)]), '/parties/1/number');
      await refused(people([person(1)], [numbers[0]!]), '/parties/1/number');
      await refused(people([other.numbers[0]!], [person(1)]), '/parties/0/number');
      await refused(people([person(1)]), '/parties');
      await refused(people([person(1)], [person(2), { extension: '1234' }]), '/parties/1/extension');
      await refused(
        { mode: 'extension', ...people([person(1), { extension: '12' }]) },
        '/parties/0/extension',
      );
      const list = await storage.masking.sessions.list({ applicationId: id }, { limit: 10 });
      expect(list.items).toEqual([]);
      expect((await storage.masking.pools.numbers({ applicationId: id }))[0]?.sessions).toBe(0);
    });

    it('makes many in one request, each for itself, in the order given', async () => {
      const { id } = await makeApplication(storage, 2);
      const wishes = Array.from({ length: 40 }, (_, i) => sessionOf(id, [1_000 + 2 * i, 1_001 + 2 * i]));
      wishes[7] = sessionOf(id, [1_000, 1_050], { externalId: 'twice' });
      wishes[8] = sessionOf(id, [1_000, 1_051], { externalId: 'twice' });
      wishes[9] = sessionOf(id, [1_000, 1_052]);
      wishes[10] = sessionOf(id, [1_000, 1_000]);
      const outcomes = await storage.masking.sessions.createMany(wishes);
      const codes = outcomes.flatMap((one, index) => (one instanceof Error ? [[index, one.code]] : []));
      expect(codes).toEqual([
        [8, 'masking/external-id-taken'],
        [9, 'masking/no-number'],
        [10, 'masking/party-invalid'],
      ]);
      const made = outcomes.flatMap((one) => (one instanceof Error ? [] : [one.id]));
      const closed = await storage.masking.sessions.closeMany([...made, 'ms_none'], id);
      expect(closed.slice(0, -1).every((one) => !(one instanceof Error) && one.status === 'closed')).toBe(
        true,
      );
      expect(closed.at(-1)).toMatchObject({ code: 'masking/unknown-session' });
    });
  });
}
