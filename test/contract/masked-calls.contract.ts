import { afterAll, describe, expect, it } from 'vitest';
import type { PhoneNumber } from '../../src/kernel/phone-number.ts';
import type { BeginRefusal } from '../../src/masking/ports.ts';
import type { MaskingSession, SessionRules } from '../../src/masking/types.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeApplication, openMasking, person, sessionOf } from '../kit/masking-world.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';

const START = Date.UTC(2026, 0, 5, 12);
const AT_ONCE = 20;

interface World {
  readonly nodes: readonly Storage[];
  readonly clock: VirtualClock;
  readonly application: string;
  create(rules: Partial<SessionRules>): Promise<MaskingSession>;
  /** Begins a call of the session, on the node that is next. */
  begin(id: string, session: MaskingSession, more?: Begin): Promise<BeginRefusal | undefined>;
}

interface Begin {
  readonly attemptsPerHour?: number;
  readonly over?: readonly string[];
  /** Of the parties, the one who calls. */
  readonly caller?: 0 | 1;
  /** A callee whom the backend named, and no session. */
  readonly named?: PhoneNumber;
}

/** Who may begin a call, and who comes too late, whichever database is below. */
export function maskedCallsContract(name: string, places: StoragePlaces, shared: boolean): void {
  describe(`calls of masking sessions on ${name}`, () => {
    afterAll(() => places.close());

    /** With two nodes, where the database can be shared; else one takes all calls. */
    const within = async (test: (world: World) => Promise<void>): Promise<void> => {
      const place = await places.fresh();
      const clock = new VirtualClock(START);
      const nodes = [await openMasking(place, clock, { node: 'node-1' })];
      if (shared) nodes.push(await openMasking(place, clock, { node: 'node-2' }));
      const { id: application } = await makeApplication(nodes[0]!, 1);
      let next = 0;
      const begin: World['begin'] = async (id, { id: sessionId, parties }, more = {}) => {
        const { attemptsPerHour, over = [], caller = 0, named } = more;
        const [from, to] = [parties[caller]!, parties[1 - caller]!];
        const leg = {
          ...{ id, applicationId: application, scenarioSessionId: `scenario ${id}` },
          ...{ caller: from.number as PhoneNumber, callerPartyId: from.id },
          ...(named === undefined
            ? { sessionId, callee: to.number as PhoneNumber, calleePartyId: to.id }
            : { sessionId: undefined, callee: named, calleePartyId: undefined }),
        };
        return await nodes[next++ % nodes.length]!.masking.calls.begin(leg, { attemptsPerHour, over });
      };
      const create: World['create'] = (rules) =>
        nodes[0]!.masking.sessions.create(sessionOf(application, [1, 2], { rules }));
      try {
        await test({ nodes, clock, application, create, begin });
      } finally {
        await Promise.all(nodes.map((node) => node.close()));
      }
    };
    const many = <T>(work: (at: number) => Promise<T>): Promise<readonly T[]> =>
      Promise.all(Array.from({ length: AT_ONCE }, (_, at) => work(at)));

    it('[row 31] 20 at once for the three calls of a session: three begin, the others are told', async () => {
      await within(async ({ nodes, create, begin }) => {
        const session = await create({ maxCalls: 3 });
        const verdicts = await many((at) => begin(`leg-${at}`, session, { caller: at % 2 === 0 ? 0 : 1 }));
        const begun = verdicts.flatMap((verdict, at) => (verdict === undefined ? [`leg-${at}`] : []));
        expect(begun).toHaveLength(3);
        expect(verdicts.filter((verdict) => verdict === 'calls-used-up')).toHaveLength(AT_ONCE - 3);
        // Of the three one is not answered, and gives its place back; the two others use it up with the next one.
        const [first, second, third] = begun as [string, string, string];
        const { calls, sessions } = nodes[0]!.masking;
        await calls.answered(first);
        await calls.ended(second, { answered: false, seconds: 0, status: 486 });
        const again = await many((at) => begin(`again-${at}`, session));
        const fourth = `again-${again.indexOf(undefined)}`;
        expect(again.filter((verdict) => verdict === undefined)).toHaveLength(1);
        await calls.answered(third);
        await calls.answered(fourth);
        for (const leg of [first, third, fourth])
          await calls.ended(leg, { answered: true, seconds: 9, status: 200 });
        expect(await sessions.get(session.id, undefined)).toMatchObject({
          ...{ status: 'closed', closedReason: 'calls-used-up', calls: 3 },
        });
        expect(await begin('late', session)).toBe('unknown-caller');
      });
    });

    it('[row 31] a call that ended unanswered takes no place, written or not', async () => {
      await within(async ({ nodes, create, begin }) => {
        const session = await create({ maxCalls: 1 });
        expect(await begin('first', session)).toBeUndefined();
        expect(await begin('second', session)).toBe('calls-used-up');
        expect(await begin('second', session, { over: ['first'] })).toBeUndefined();
        // Told again, as after an answer that was lost, it is the same call.
        expect(await begin('second', session, { over: ['first'] })).toBeUndefined();
        await nodes[0]!.masking.calls.ended('second', { answered: false, seconds: 0, status: 480 });
        expect(await begin('third', session, { over: ['first'] })).toBeUndefined();
      });
    });

    it('[row 31] what a dead node had begun gives its places back', async () => {
      await within(async ({ nodes, clock, create, begin }) => {
        const session = await create({ maxCalls: nodes.length, ttlSeconds: undefined });
        for (const at of nodes.keys()) expect(await begin(`leg-${at}`, session)).toBeUndefined();
        expect(await begin('one more', session)).toBe('calls-used-up');
        expect(await nodes[0]!.masking.calls.recover('node-1')).toBe(1);
        expect(await begin('in its place', session)).toBeUndefined();
        expect(await begin('one more', session)).toBe('calls-used-up');
        // One that never comes back does not keep its calls for ever.
        await clock.advance(3_600_000);
        expect(await begin('much later', session)).toBeUndefined();
      });
    });

    it('[row 31] 20 at once for three attempts an hour: three begin, and three more an hour later', async () => {
      await within(async ({ clock, create, begin }) => {
        const session = await create({ ttlSeconds: undefined });
        const three = { attemptsPerHour: 3 };
        const attempt = async (run: string, more: Begin) =>
          (await many((at) => begin(`${run}-${at}`, session, more))).map((verdict) => verdict ?? 'begun');
        const expected = [...Array(3).fill('begun'), ...Array(AT_ONCE - 3).fill('too-many-attempts')];
        expect((await attempt('first', three)).sort()).toEqual(expected);
        // The other way round, and to somebody else, they count for themselves, with a session or without.
        expect((await attempt('back', { ...three, caller: 1 })).sort()).toEqual(expected);
        expect((await attempt('named', { ...three, named: person(3) })).sort()).toEqual(expected);
        await clock.advance(3_600_001);
        expect((await attempt('later', three)).sort()).toEqual(expected);
      });
    });

    it('[row 31] nobody is called by a session that has ended since it was found, nor past a block', async () => {
      await within(async ({ nodes, clock, application, create, begin }) => {
        const { sessions, blocks } = nodes[0]!.masking;
        const closed = await create({});
        await sessions.close(closed.id, undefined, 'asked');
        expect(await begin('closed', closed)).toBe('unknown-caller');

        const blocked = await create({});
        await blocks.add({
          ...{ applicationId: application, person: person(2), counterpart: person(1), direction: 'to' },
          ...{ by: 'party', reason: '', expiresAt: undefined },
        });
        expect(await begin('blocked', blocked)).toBe('blocked');
        expect(await begin('back', blocked, { caller: 1 })).toBeUndefined();

        // Nothing has written down that it is over.
        await clock.advance(3_600_000);
        expect(await begin('expired', blocked, { caller: 1 })).toBe('unknown-caller');
        await sessions.remove(blocked.id, undefined);
        expect(await begin('removed', blocked, { caller: 1 })).toBe('unknown-caller');
      });
    });

    it('[row 31] whoever has left the session since it was found neither calls nor is called by it', async () => {
      await within(async ({ nodes, create, begin }) => {
        const before = await create({});
        const party = { id: before.parties[1]!.id, number: person(3) };
        const after = await nodes[0]!.masking.sessions.change(before.id, undefined, { party });
        expect(await begin('to who left', before)).toBe('unknown-caller');
        expect(await begin('from who left', before, { caller: 1 })).toBe('unknown-caller');
        expect(await begin('to who came', after)).toBeUndefined();
        expect(await begin('from who came', after, { caller: 1 })).toBeUndefined();
      });
    });

    it('[row 31] who may not call any more by the session’s direction does not', async () => {
      await within(async ({ nodes, create, begin }) => {
        const session = await create({});
        const { sessions } = nodes[0]!.masking;
        const driver = { id: session.parties[0]!.id, role: 'driver' };
        await sessions.change(session.id, undefined, { party: driver, rules: { oneWayFrom: 'driver' } });
        expect(await begin('from the driver', session)).toBeUndefined();
        expect(await begin('back', session, { caller: 1 })).toBe('one-way');
      });
    });

    it('[row 31] of a close and a call that begins at once, either comes first', async () => {
      await within(async ({ nodes, create, begin }) => {
        const { sessions } = nodes[0]!.masking;
        for (let run = 0; run < 5; run++) {
          const session = await create({ maxCalls: 5 });
          const [verdicts] = await Promise.all([
            Promise.all([0, 1, 2].map((at) => begin(`${run}-${at}`, session))),
            sessions.close(session.id, undefined, 'asked'),
          ]);
          for (const verdict of verdicts) expect([undefined, 'unknown-caller']).toContain(verdict);
          expect(await begin(`${run}-late`, session)).toBe('unknown-caller');
          const { status, closedAt } = (await sessions.get(session.id, undefined)) as MaskingSession;
          expect([status, closedAt]).toEqual(['closed', START]);
        }
      });
    });
  });
}
