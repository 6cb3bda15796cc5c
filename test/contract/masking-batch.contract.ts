import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { MaskingError } from '../../src/masking/ports.ts';
import type { MaskingSession, NewSession } from '../../src/masking/types.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { eventsOf, makeApplication, openMasking, party, person, sessionOf } from '../kit/masking-world.ts';
import { seededRandom } from '../kit/seeded-random.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';

const START = Date.UTC(2026, 0, 5, 12);
const NUMBERS = 5;
const ROUNDS = 6;

type Outcome = MaskingSession | MaskingError;

/** Sessions that are made and closed by the hundred, whichever database is below. */
export function maskingBatchContract(name: string, places: StoragePlaces, shared: boolean): void {
  describe(`many masking sessions at once on ${name}`, () => {
    const clock = new VirtualClock(START);
    let storage: Storage;
    beforeAll(async () => {
      storage = await openMasking(await places.fresh(), clock);
    });
    afterAll(async () => {
      await storage.close();
      await places.close();
    });
    const alone = (session: NewSession): Promise<Outcome> =>
      storage.masking.sessions.create(session).catch((error: MaskingError) => error);

    it('[row 31] each gets the number, or the refusal, that it would get alone', async () => {
      const random = seededRandom(7);
      const below = (most: number): number => random.int(most);
      const many = await makeApplication(storage, NUMBERS);
      const one = await makeApplication(storage, NUMBERS);
      const seen = new Set<string>();
      const told = (outcomes: readonly Outcome[], { numberIds }: typeof many) =>
        outcomes.map((outcome) => {
          const what =
            outcome instanceof MaskingError
              ? outcome.code
              : outcome.parties.map(({ serviceNumberId }) => numberIds.indexOf(serviceNumberId)).join();
          seen.add(what);
          return what;
        });
      let open: (readonly [string, string])[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const prefer = (['sticky', 'any', 'avoid'] as const)[round % 3]!;
        const wishes = Array.from({ length: 30 }, (_, at) => {
          const driver = below(9);
          const mode = below(6) === 0 ? ('axg' as const) : ('axb' as const);
          const people = [driver, 100 + below(40), ...(mode === 'axg' ? [200 + below(20)] : [])];
          const externalId = below(4) === 0 ? `order ${below(round * 10 + 10)}` : `order ${round} ${at}`;
          return {
            people: below(15) === 0 ? [driver, driver] : people,
            more: { mode, externalId, wish: { prefer } },
          };
        });
        const of = (application: string): NewSession[] =>
          wishes.map(({ people, more }) => sessionOf(application, people, more));
        const together = await storage.masking.sessions.createMany(of(many.id));
        const separate: Outcome[] = [];
        for (const wish of of(one.id)) separate.push(await alone(wish));
        expect(told(together, many)).toEqual(told(separate, one));
        together.forEach((outcome, at) => {
          const other = separate[at]!;
          if (!(outcome instanceof Error) && !(other instanceof Error)) open.push([outcome.id, other.id]);
        });
        // Some end, some expire, and their numbers cool off.
        const ending = open.filter(() => below(3) === 0);
        open = open.filter((pair) => !ending.includes(pair));
        await storage.masking.sessions.closeMany(
          ending.map(([id]) => id),
          many.id,
        );
        for (const [, id] of ending) await storage.masking.sessions.close(id, one.id, 'asked');
        await clock.advance(below(5) * 600_000);
      }
      expect([...seen].sort()).toEqual(
        expect.arrayContaining([
          '0,0',
          '4,4',
          'masking/external-id-taken',
          'masking/no-number',
          'masking/party-invalid',
        ]),
      );
    });

    it('whatever is odd is made beside the others, or refused for what it is', async () => {
      const { id, numbers } = await makeApplication(storage, 3);
      const { sessions } = storage.masking;
      const taken = await sessions.create(sessionOf(id, [900, 901], { externalId: 'taken' }));
      const outcomes = await sessions.createMany([
        sessionOf(id, [910, 911]),
        sessionOf(id, [912, 913], { externalId: 'taken' }),
        sessionOf(id, [914, 915], { wish: { pool: 'none' } }),
        sessionOf(id, [916, 917], { mode: 'axyb' }),
        sessionOf(id, [918], { mode: 'axn' }),
        sessionOf(id, [919, 920], { mode: 'extension' }),
        sessionOf(id, [921, 922], { wish: { explicit: numbers[0]!, region: 'same' } }),
        sessionOf(id, [], { parties: [party(numbers[0]!), party(person(923))] }),
        sessionOf(id, [925, 926], { wish: { tags: ['none'] } }),
        sessionOf(id, [927, 928], { rules: { ttlSeconds: undefined }, metadata: { order: '7' } }),
      ]);
      expect(outcomes.map((one) => (one instanceof Error ? one.code : one.mode))).toEqual([
        ...['axb', 'masking/external-id-taken', 'masking/unknown-pool', 'axyb', 'axn', 'extension', 'axb'],
        ...['masking/party-invalid', 'masking/no-number', 'axb'],
      ]);
      for (const one of outcomes) {
        if (one instanceof Error) continue;
        expect(await sessions.get(one.id, id)).toEqual(one);
        expect((await eventsOf(storage, one.id)).map(({ type, position }) => [type, position])).toEqual([
          ['masking_session.created', 1],
        ]);
      }
      const { items } = await sessions.list({ applicationId: id }, { limit: 100 });
      expect(items).toHaveLength(7);
      // Nobody of those who were refused is known.
      for (const index of [912, 914, 925])
        expect(await storage.masking.resolution.token(id, person(index), false)).toBeUndefined();

      const ids = [taken.id, 'ms_none', ...items.map((one) => one.id), taken.id];
      const closed = await sessions.closeMany(ids, id);
      expect(closed[1]).toMatchObject({ code: 'masking/unknown-session' });
      expect(closed.flatMap((one) => (one instanceof Error ? [] : [one.closedReason]))).toEqual(
        Array(9).fill('asked'),
      );
      expect(await sessions.closeMany(ids, id)).toEqual(closed);
      expect(await sessions.closeMany([taken.id], 'another')).toMatchObject([
        { code: 'masking/unknown-session' },
      ]);
      expect((await eventsOf(storage, taken.id)).map(({ type }) => type)).toEqual([
        'masking_session.created',
        'masking_session.closed',
      ]);
    });

    it('takes over what is past its time, and closes whose it was', async () => {
      const { id } = await makeApplication(storage, 1);
      const { sessions } = storage.masking;
      const [anyones] = await sessions.createMany([sessionOf(id, [950], { mode: 'axn' })]);
      const before = async () =>
        (await eventsOf(storage, (anyones as MaskingSession).id)).map(({ type }) => type);
      await clock.advance(2 * 3_600_000);
      const pairs = [0, 1, 2].map((at) => sessionOf(id, [960 + at, 970 + at]));
      const first = (await sessions.createMany(pairs)) as readonly MaskingSession[];
      expect(await before()).toEqual(['masking_session.created', 'masking_session.closed']);
      await clock.advance(2 * 3_600_000);
      const others = [0, 1, 2].map((at) => sessionOf(id, [960 + at, 980 + at]));
      expect((await sessions.createMany(others)).map((one) => one instanceof Error)).toEqual([
        false,
        false,
        false,
      ]);
      for (const one of first)
        expect((await eventsOf(storage, one.id)).at(-1)).toMatchObject({
          ...{ type: 'masking_session.closed', position: 2, data: { reason: 'expired' } },
        });
    });

    it('[row 31] four requests at once for the same drivers: nobody meets two others on one number', async () => {
      const place = await places.fresh();
      const nodes = [await openMasking(place, systemClock)];
      if (shared) nodes.push(await openMasking(place, systemClock));
      try {
        const { id } = await makeApplication(nodes[0]!, 12);
        const requests = [0, 1, 2, 3].map((request) =>
          Array.from({ length: 40 }, (_, at) => sessionOf(id, [at % 8, 100 + request * 100 + at])),
        );
        const outcomes = (
          await Promise.all(
            requests.map((wishes, at) => nodes[at % nodes.length]!.masking.sessions.createMany(wishes)),
          )
        ).flat();
        // Eight drivers have twelve numbers each; twenty sessions were wished for each of them.
        const codes = outcomes.flatMap((one) => (one instanceof Error ? [one.code] : []));
        expect(codes).toEqual(Array(160 - 8 * 12).fill('masking/no-number'));
        const met = outcomes.flatMap((one) =>
          one instanceof Error ? [] : one.parties.map((party) => `${party.token} ${party.serviceNumberId}`),
        );
        expect(new Set(met).size).toBe(met.length);
      } finally {
        await Promise.all(nodes.map((node) => node.close()));
      }
    });
  });
}
