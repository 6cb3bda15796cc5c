import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { callWorld, endIn, eventsOf, expectNothingLeft, namesOf, PASSENGER } from './test-support/world.ts';
import type { DialRequest } from './types.ts';

let clock = new VirtualClock();
let world = callWorld(clock, seededRandom(1));

beforeEach(() => {
  clock = new VirtualClock();
  world = callWorld(clock, seededRandom(1));
});

afterEach(() => expectNothingLeft(world, clock));

async function dial(overrides: Partial<DialRequest> = {}) {
  const owner = world.ownerOf();
  const call = world.calls.dial(world.request(overrides), owner);
  const seen = eventsOf(call);
  await clock.advance(0);
  return { call, seen, media: owner.media, session: world.userAgent.outbound.at(-1)?.session };
}

async function ringing(overrides: Partial<DialRequest> = {}) {
  const { session, ...rest } = await dial(overrides);
  if (session === undefined) throw new Error('nobody was called');
  return { ...rest, session };
}

describe('an outbound call', () => {
  it('offers A-law, µ-law and telephone-event from a port of its own', async () => {
    const { call, session, media } = await ringing();
    expect(session.offer).toContain(`m=audio ${media.legs[0]!.local.port} RTP/AVP 8 0 9 101`);
    expect([call.state, call.incoming]).toEqual(['PROGRESSING', false]);
    expect(call.number.reveal('scenario')).toBe(PASSENGER);
  });

  it('takes an IPv6 port towards an IPv6 target', async () => {
    world.userAgent.localHost = '2001:db8::1';
    const { session } = await ringing();
    expect(session.offer).toContain('c=IN IP6 2001:db8::10');
  });

  it('rings, is answered, and ends with the callee', async () => {
    const { call, session, media, seen } = await ringing();
    session.ring(180, undefined, [['X-A', 'b']]);
    session.ring(180);
    await clock.advance(4_000);
    session.answer(phoneSdp());
    expect(call.state).toBe('CONNECTED');
    await clock.advance(61_000);
    session.bye();
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    expect(namesOf(seen)).toEqual(['ringing', 'connected', 'disconnected']);
    expect(seen[0]!.event).toEqual({ headers: { 'X-A': 'b' } });
    expect(endIn(seen)).toMatchObject({ code: 200, by: 'remote', durationSeconds: 61 });
    expect(media.legs[0]?.plans).toHaveLength(1);
  });

  it('[row 15] 180 with SDP is early media, like 183', async () => {
    const { session, media, seen } = await ringing();
    session.ring(180, phoneSdp());
    expect(namesOf(seen)).toEqual(['audioStarted']);
    expect(media.legs[0]?.plan?.remote.port).toBe(40_000);
  });

  it('[row 15] each 18x and the 200 re-point the leg; the script hears of early media once', async () => {
    const { session, media, seen } = await ringing();
    session.ring(180);
    session.ring(183, phoneSdp({ port: 41_000 }));
    session.ring(183, phoneSdp({ port: 42_000 }));
    session.ring(180);
    session.answer(phoneSdp({ port: 43_000, formats: '0 101' }));
    expect(media.legs[0]?.plans.map((plan) => [plan.remote.port, plan.codec])).toEqual([
      [41_000, 'PCMA'],
      [42_000, 'PCMA'],
      [43_000, 'PCMU'],
    ]);
    expect(namesOf(seen)).toEqual(['ringing', 'audioStarted', 'connected']);
  });

  it('[row 15] the same SDP in 183 and 200 leaves the leg alone', async () => {
    const { session, media } = await ringing();
    session.ring(183, phoneSdp());
    session.answer(phoneSdp());
    expect(media.legs[0]?.plans).toHaveLength(1);
  });

  it('[row 15] a 200 without SDP keeps what the 183 has said', async () => {
    const { call, session, media } = await ringing();
    session.ring(183, phoneSdp());
    session.answer(undefined);
    expect(call.state).toBe('CONNECTED');
    expect(media.legs[0]?.plans).toHaveLength(1);
  });

  it('early media that cannot be read counts as ringing', async () => {
    const { session, seen } = await ringing();
    session.ring(183, 'hello');
    expect(namesOf(seen)).toEqual(['ringing']);
  });

  it('[row 16] an UPDATE in early media re-points the leg; before it, it is refused', async () => {
    const { session, media } = await ringing();
    expect(session.peerReoffer(phoneSdp()).outcome()).toEqual({ kind: 'rejected', status: 500 });
    session.ring(183, phoneSdp());
    expect(session.peerReoffer(phoneSdp({ port: 45_000 })).outcome()).toMatchObject({ kind: 'accepted' });
    expect(media.legs[0]?.plan?.remote.port).toBe(45_000);
  });

  it.each([
    ['no SDP', undefined],
    ['nonsense', 'hello'],
    ['no codec of ours', phoneSdp({ formats: '99' })],
    ['a refused stream', phoneSdp({ port: 0 })],
  ])('a 200 with %s is hung up', async (_what, sdp) => {
    const { session, seen } = await ringing();
    session.answer(sdp);
    await clock.advance(0);
    expect(session.kinds()).toEqual(['ack', 'bye']);
    expect(namesOf(seen)).toEqual(['failed']);
    expect(endIn(seen)).toMatchObject({ code: 488, by: 'fault' });
  });

  it.each([
    [486, 'Busy'],
    [603, 'Declined'],
    [404, 'No such number'],
    [480, 'Not available'],
    [499, 'Refused'],
  ])("a refusal with %d is reported in our words, not the peer's", async (status, reason) => {
    const { session, seen } = await ringing();
    session.refuse(status, [['X-Why', 'x']]);
    await clock.advance(0);
    expect(namesOf(seen)).toEqual(['failed']);
    expect(endIn(seen)).toMatchObject({ code: status, reason, by: 'remote', headers: { 'X-Why': 'x' } });
  });

  it('[row 39] says whether dialling again is safe: what the session knows', async () => {
    const first = await ringing();
    first.session.refuse(503, [], true);
    await clock.advance(0);
    expect(endIn(first.seen)).toMatchObject({ code: 503, retryable: true });
    const second = await ringing();
    second.session.ring();
    second.session.refuse(503);
    await clock.advance(0);
    expect(endIn(second.seen)).toMatchObject({ code: 503, retryable: false });
  });

  it('[row 39] an INVITE that never left for want of a port may be repeated', async () => {
    world.engine.openLegMode = 'busy';
    const { seen } = await dial();
    expect(namesOf(seen)).toEqual(['failed']);
    expect(endIn(seen)).toMatchObject({ code: 503, by: 'fault', retryable: true });
  });

  it('nobody answers: 408 after the ring time-out, and the callee stops ringing', async () => {
    const { session, seen } = await ringing();
    session.ring();
    await clock.advance(59_000);
    expect(namesOf(seen)).toEqual(['ringing']);
    await clock.advance(1_000);
    expect(session.kinds()).toEqual(['cancel']);
    expect(namesOf(seen)).toEqual(['ringing', 'failed']);
    expect(endIn(seen)).toMatchObject({ code: 408, reason: 'No answer', by: 'local', retryable: false });
  });

  it('an answer in time stops the ring time-out', async () => {
    const { call, session } = await ringing();
    session.answer(phoneSdp());
    await clock.advance(120_000);
    expect(call.state).toBe('CONNECTED');
  });

  it('[row 1] a hang-up while ringing waits for the protocol; a 200 that crosses changes nothing', async () => {
    world.userAgent.autoCancel = false;
    const { call, session, seen } = await ringing();
    session.ring();
    call.hangup();
    await clock.advance(100);
    expect([call.state, session.kinds()]).toEqual(['PROGRESSING', ['cancel']]);
    session.answer(phoneSdp());
    await clock.advance(0);
    expect(session.kinds()).toEqual(['cancel', 'ack', 'bye']);
    expect(namesOf(seen)).toEqual(['ringing', 'failed']);
    expect(endIn(seen)).toMatchObject({ code: 487, by: 'local' });
  });

  it('[row 40] a hang-up while the port is taken leaves no leg and sends no offer', async () => {
    world.engine.openLegMode = 'held';
    const { call, media, seen, session } = await ringing();
    call.hangup();
    await clock.advance(0);
    expect(namesOf(seen)).toEqual(['failed']);
    media.release();
    await clock.advance(0);
    expect(media.openLegs).toEqual([]);
    expect(session.offer).toBeUndefined();
  });

  it('[row 40] a hang-up whose CANCEL is not answered yet still sends no offer', async () => {
    world.engine.openLegMode = 'held';
    world.userAgent.autoCancel = false;
    const { call, media, session } = await ringing();
    call.hangup();
    media.release();
    await clock.advance(0);
    expect(session.offer).toBeUndefined();
  });

  it('[row 17] a hold by the callee is answered with recvonly', async () => {
    const { session, seen } = await ringing();
    session.answer(phoneSdp());
    const outcome = session.peerReoffer(phoneSdp({ direction: 'sendonly' })).outcome();
    expect(outcome.kind === 'accepted' && outcome.sdp).toMatch(/a=recvonly/);
    expect(namesOf(seen)).toEqual(['connected', 'reinviteReceived', 'onHold']);
  });

  it('does not do what only an inbound call can do', async () => {
    const { call, session } = await ringing();
    call.answer();
    call.ring();
    call.startEarlyMedia();
    call.reject(486);
    await clock.advance(0);
    expect([call.state, session.kinds()]).toEqual(['PROGRESSING', []]);
  });

  it('a listener that throws stops nothing', async () => {
    const { call, session, seen } = await ringing();
    call.events.on('connected', () => {
      throw new Error('a bug of a listener');
    });
    session.answer(phoneSdp());
    call.hangup();
    await clock.advance(0);
    expect(namesOf(seen)).toEqual(['connected', 'disconnected']);
  });
});
