import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { ERRORS } from '../kernel/errors.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { MAX_CALL_DEPTH } from './call-depths.ts';
import type { Admitted, Applicant } from './fence/fence.ts';
import { TOO_LONG } from './fence/words.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { SERVICE_NUMBER } from './test-support/fake-directory.ts';
import { FakeUasSession } from './test-support/fake-sessions.ts';
import { type CallWorld, callWorld, expectNothingLeft, PASSENGER } from './test-support/world.ts';

let clock: VirtualClock;
let world: CallWorld;
let applicants: Applicant[];
let answer: Admitted;

beforeEach(() => {
  clock = new VirtualClock();
  applicants = [];
  answer = undefined;
  const fence = {
    admit: (applicant: Applicant) => {
      applicants.push(applicant);
      return answer;
    },
    allows: (_: string, number: PhoneNumber) => number.equals(PhoneNumber.parse(PASSENGER)),
  };
  world = callWorld(clock, seededRandom(1), { calls: 100, ringSeconds: 60 }, fence);
});
afterEach(() => expectNothingLeft(world, clock));

describe('a dial', () => {
  it('that the fence refuses ends with its words, and nothing is sent', async () => {
    answer = 'fence/destination';
    const end = await world.calls.dial(world.request(), world.ownerOf()).ended;
    expect(end).toMatchObject({ code: 403, reason: ERRORS['fence/destination'].title, by: 'fault' });
    expect(world.userAgent.outbound).toEqual([]);
  });

  it('waits for a fence that asks the database', async () => {
    const decision = Promise.withResolvers<undefined>();
    answer = decision.promise;
    world.calls.dial(world.request(), world.ownerOf());
    expect(world.userAgent.outbound).toEqual([]);
    decision.resolve(undefined);
    await clock.advance(0);
    expect(world.userAgent.outbound).toHaveLength(1);
  });

  it('[row 40] that is hung up meanwhile is never sent', async () => {
    const decision = Promise.withResolvers<undefined>();
    answer = decision.promise;
    const call = world.calls.dial(world.request(), world.ownerOf());
    call.hangup();
    decision.resolve(undefined);
    expect(await call.ended).toMatchObject({ code: 487, by: 'local' });
    expect(world.userAgent.outbound).toEqual([]);
  });

  it('waits for its permit before the fence counts it, and fails with what the permit says', async () => {
    const asked: string[] = [];
    const permits = [Promise.withResolvers<undefined>(), Promise.withResolvers<object>()] as const;
    const dial = (at: 0 | 1) =>
      world.calls.dial(
        world.request({
          permit: (callId) => {
            asked.push(callId);
            return permits[at].promise as Promise<undefined>;
          },
        }),
        world.ownerOf(),
      );
    const granted = dial(0);
    const refused = dial(1);
    expect(asked).toEqual([granted.id, refused.id]);
    expect([applicants.length, world.userAgent.outbound.length]).toEqual([0, 0]);
    permits[1].resolve({ code: 403, reason: 'calls-used-up' });
    expect(await refused.ended).toMatchObject({ code: 403, reason: 'calls-used-up', by: 'local' });
    permits[0].resolve(undefined);
    await clock.advance(0);
    expect(applicants.map(({ call }) => call.id)).toEqual([granted.id]);
    expect(world.userAgent.outbound).toHaveLength(1);
  });

  it('[row 40] that is hung up while it waits for its permit is never sent', async () => {
    const permit = Promise.withResolvers<undefined>();
    const call = world.calls.dial(world.request({ permit: () => permit.promise }), world.ownerOf());
    call.hangup();
    permit.resolve(undefined);
    expect(await call.ended).toMatchObject({ code: 487, by: 'local' });
    expect(world.userAgent.outbound).toEqual([]);
  });

  it('hands the fence on to whoever follows a redirect', () => {
    world.calls.dial(world.request(), world.ownerOf());
    const mayLeadTo = world.userAgent.outbound[0]?.invite.mayLeadTo;
    expect(mayLeadTo?.(PhoneNumber.parse(PASSENGER))).toBe(true);
    expect(mayLeadTo?.(PhoneNumber.parse('+881612345678'))).toBe(false);
  });

  it('is judged by what will be sent: with the number as it was read', () => {
    world.calls.dial(
      world.request({ target: { kind: 'pstn', number: '8 (905) 765-43-21' } }),
      world.ownerOf(),
    );
    expect(applicants[0]?.target).toEqual({ kind: 'trunk', number: PhoneNumber.parse('+79057654321') });
  });
});

it('ends all legs of the session when a call has lasted too long, and says why', async () => {
  const { call: inbound } = world.callIn();
  const owner = world.ownerOf('session-a');
  world.calls.adopt(inbound, owner);
  inbound.answer();
  await clock.advance(10);
  const outbound = world.calls.dial(world.request(), owner);
  const other = world.calls.dial(world.request(), world.ownerOf('session-b'));
  applicants[0]?.cutOff();
  expect(await outbound.ended).toMatchObject({ code: 480, reason: TOO_LONG.reason, by: 'local' });
  expect(await inbound.ended).toMatchObject({ reason: TOO_LONG.reason, by: 'local' });
  expect(other.state).toBe('PROGRESSING');
});

describe('[row 44] a call of ours that is forwarded back to us', () => {
  /** The call that a session dials comes in again, from the number that it shows. */
  const comesBack = (sessionId: string): FakeUasSession => {
    const session = new FakeUasSession({ offer: phoneSdp() });
    const before = world.routed.length;
    world.userAgent.incoming(session, { caller: PhoneNumber.parse(SERVICE_NUMBER) });
    const routed = world.routed[before];
    if (routed !== undefined) {
      const owner = world.ownerOf(sessionId);
      world.calls.adopt(routed.call, owner);
      world.calls.dial(world.request(), owner);
    }
    return session;
  };

  it('may be so a few times, and is a loop then', () => {
    const { call } = world.callIn();
    const owner = world.ownerOf('depth-1');
    world.calls.adopt(call, owner);
    world.calls.dial(world.request(), owner);
    for (let depth = 2; depth <= MAX_CALL_DEPTH; depth++) {
      expect(comesBack(`depth-${depth}`).kinds()).toEqual([]);
    }
    expect(comesBack('too-deep').kinds()).toEqual(['reject 482']);
    expect(world.refused).toMatchObject([{ code: 482, error: 'call/looped' }]);
  });

  it('is forgotten when it is over: others are not taken for it', async () => {
    const { call } = world.callIn();
    const owner = world.ownerOf('depth-1');
    world.calls.adopt(call, owner);
    world.calls.dial(world.request(), owner);
    for (let round = 0; round < 10; round++) {
      expect(comesBack(`round-${round}`).kinds()).toEqual([]);
      for (const live of world.calls.active.slice(2)) live.hangup();
      await clock.advance(5_000);
    }
  });
});
