import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import type { FakeUasSession } from './test-support/fake-sessions.ts';
import { callWorld, eventsOf, expectNothingLeft, namesOf } from './test-support/world.ts';

let clock = new VirtualClock();
let world = callWorld(clock, seededRandom(1));

beforeEach(() => {
  clock = new VirtualClock();
  world = callWorld(clock, seededRandom(1));
});

afterEach(() => expectNothingLeft(world, clock));

async function connected() {
  const { session, call } = world.callIn();
  const { media, sessionId } = world.ownerOf();
  world.calls.adopt(call, { media, sessionId });
  const seen = eventsOf(call);
  call.answer();
  await clock.advance(0);
  seen.length = 0;
  return { session, call, leg: media.legs[0]!, seen };
}

const offers = (session: FakeUasSession) =>
  session.sent.flatMap((one) => (one.kind === 'reoffer' ? [one.sdp] : []));
const directions = (session: FakeUasSession) =>
  offers(session).map((sdp) => /^a=(send\w+|recvonly|inactive)/m.exec(sdp)?.[1]);
const versions = (session: FakeUasSession) =>
  session.sent.flatMap((one) =>
    'sdp' in one && one.sdp !== undefined ? [Number(/^o=- \d+ (\d+)/m.exec(one.sdp)?.[1])] : [],
  );

describe('a call that we put on hold', () => {
  it('[row 17] [RFC 3264 §8.4] is offered sendonly, then sendrecv; its leg stops listening and listens again', async () => {
    const { session, call, leg, seen } = await connected();
    call.hold();
    await clock.advance(0);
    session.settleOffer({ kind: 'answered', sdp: phoneSdp({ direction: 'recvonly' }) });
    await clock.advance(0);
    expect(leg.plan?.direction).toBe('sendonly');
    call.unhold();
    await clock.advance(0);
    session.settleOffer({ kind: 'answered', sdp: phoneSdp() });
    await clock.advance(0);
    expect(leg.plan?.direction).toBe('sendrecv');
    expect(directions(session)).toEqual(['sendonly', 'sendrecv']);
    expect(versions(session)).toEqual([1, 2, 3]);
    // Our own hold is not the peer's: the script is told that the offer was taken, not that it was put on hold.
    expect(namesOf(seen)).toEqual(['reinviteAccepted', 'reinviteAccepted']);
  });

  it('offers one thing at a time, and only the last wish counts', async () => {
    const { session, call } = await connected();
    call.hold();
    call.unhold();
    call.hold();
    await clock.advance(0);
    expect(directions(session)).toEqual(['sendonly']);
    call.unhold();
    call.hold();
    session.settleOffer({ kind: 'answered', sdp: phoneSdp({ direction: 'recvonly' }) });
    await clock.advance(0);
    call.hold();
    await clock.advance(0);
    expect(directions(session)).toEqual(['sendonly']);
    call.unhold();
    await clock.advance(0);
    expect(directions(session)).toEqual(['sendonly', 'sendrecv']);
  });

  it('[RFC 3261 §14.1] a refusal leaves the media as it was, and does not repeat itself', async () => {
    const { session, call, leg, seen } = await connected();
    call.hold();
    await clock.advance(0);
    session.settleOffer({ kind: 'refused', status: 488 });
    await clock.advance(60_000);
    expect(leg.plans).toHaveLength(1);
    expect(seen).toEqual([{ name: 'reinviteRejected', event: { code: 488 } }]);
    expect(directions(session)).toEqual(['sendonly']);
    const settled = session.peerReoffer(phoneSdp({ version: 2 })).outcome();
    expect(settled.kind === 'accepted' && settled.sdp).toContain('a=sendrecv');
    call.hold();
    await clock.advance(0);
    expect(directions(session)).toEqual(['sendonly', 'sendonly']);
  });

  it('an answer that cannot be used counts as a refusal', async () => {
    const { session, call, leg, seen } = await connected();
    call.hold();
    await clock.advance(0);
    session.settleOffer({ kind: 'answered', sdp: 'hello' });
    await clock.advance(0);
    expect(seen).toEqual([{ name: 'reinviteRejected', event: { code: 488 } }]);
    expect(leg.plan?.direction).toBe('sendrecv');
  });

  it('[row 11] after glare the offer is made anew, and its version never goes back', async () => {
    const { session, call } = await connected();
    call.hold();
    await clock.advance(0);
    // 491: while we wait, the peer's own offer is answered, as things are.
    const settled = session.peerReoffer(phoneSdp({ port: 50_000, version: 2 })).outcome();
    expect(settled.kind === 'accepted' && settled.sdp).toContain('a=sendrecv');
    session.sendOffer();
    const [before, after] = offers(session);
    expect(Number(/^o=- \d+ (\d+)/m.exec(after!)?.[1])).toBeGreaterThan(
      Number(/^o=- \d+ (\d+)/m.exec(before!)?.[1]),
    );
    session.settleOffer({ kind: 'answered', sdp: phoneSdp({ direction: 'recvonly', port: 50_000 }) });
    await clock.advance(0);
    expect(call.leg).toBeDefined();
  });

  it('[row 17] stays on hold when the peer refreshes or moves, and both may hold at once', async () => {
    const { session, call, leg, seen } = await connected();
    call.hold();
    await clock.advance(0);
    session.settleOffer({ kind: 'answered', sdp: phoneSdp({ direction: 'recvonly' }) });
    await clock.advance(0);
    const answers = ['sendrecv', 'sendonly', 'sendrecv'].map((direction, at) => {
      const settled = session.peerReoffer(phoneSdp({ direction, version: at + 2 })).outcome();
      return settled.kind === 'accepted'
        ? /^a=(sendonly|inactive|sendrecv)/m.exec(settled.sdp)?.[1]
        : settled.kind;
    });
    expect(answers).toEqual(['sendonly', 'inactive', 'sendonly']);
    expect(leg.plan?.direction).toBe('sendonly');
    expect(namesOf(seen).filter((name) => name !== 'reinviteReceived')).toEqual([
      'reinviteAccepted',
      'onHold',
      'offHold',
    ]);
  });

  it('[row 40] says nothing when the call ends before the answer', async () => {
    const { session, call, seen } = await connected();
    call.hold();
    await clock.advance(0);
    session.bye();
    await clock.advance(0);
    call.hold();
    expect(namesOf(seen)).toEqual(['disconnected']);
    expect(directions(session)).toEqual(['sendonly']);
  });

  it('[row 40] [row 11] after our own hang-up an answer that was under way changes nothing', async () => {
    const { session, call, leg, seen } = await connected();
    call.hold();
    await clock.advance(0);
    session.settleOffer({ kind: 'answered', sdp: phoneSdp({ direction: 'recvonly' }) });
    call.hangup();
    await clock.advance(0);
    expect(leg.plans).toHaveLength(1);
    expect(namesOf(seen)).toEqual(['disconnected']);
  });

  it('before the answer there is nobody to hold', async () => {
    const { session, call } = world.callIn();
    world.calls.adopt(call, world.ownerOf());
    call.hold();
    call.unhold();
    await clock.advance(0);
    expect(offers(session)).toEqual([]);
    call.reject(486);
  });
});
