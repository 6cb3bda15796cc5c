import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { FakeUasSession } from './test-support/fake-sessions.ts';
import { DRIVER } from './test-support/fake-user-agent.ts';
import { callWorld, endIn, eventsOf, expectNothingLeft, namesOf } from './test-support/world.ts';

let clock = new VirtualClock();
let world = callWorld(clock, seededRandom(1));

function start(session = new FakeUasSession({ offer: phoneSdp() })) {
  clock = new VirtualClock();
  world = callWorld(clock, seededRandom(1));
  const { call } = world.callIn(session);
  const owner = world.ownerOf();
  world.calls.adopt(call, owner);
  return { session, call, media: owner.media, seen: eventsOf(call) };
}

afterEach(() => expectNothingLeft(world, clock));

describe('an inbound call', () => {
  it('is answered with our SDP and connected by the ACK', async () => {
    const { session, call, media, seen } = start();
    expect([call.state, call.incoming]).toEqual(['ALERTING', true]);
    call.answer({ 'X-Order': '17' });
    await clock.advance(0);
    expect(session.kinds()).toEqual(['accept']);
    expect(session.sent[0]).toMatchObject({ headers: [['X-Order', '17']] });
    expect(session.lastSdp()).toContain('m=audio');
    expect(session.lastSdp()).not.toContain('Secret');
    expect(call.state).toBe('CONNECTED');
    expect(namesOf(seen)).toEqual(['connected']);
    expect(media.legs[0]?.plan).toMatchObject({
      remote: { host: '198.51.100.7', port: 40_000 },
      codec: 'PCMA',
    });
    await expect(call.whenMedia()).resolves.toBe(media.legs[0]);
  });

  it('counts its seconds from the answer, and ends with the figures of its leg', async () => {
    const { session, call, media, seen } = start();
    await clock.advance(3_000);
    call.answer();
    await clock.advance(12_500);
    session.bye([['X-Why', 'done']]);
    await clock.advance(0);
    expect(namesOf(seen)).toEqual(['connected', 'disconnected']);
    expect(endIn(seen)).toMatchObject({
      code: 200,
      by: 'remote',
      durationSeconds: 12.5,
      headers: { 'X-Why': 'done' },
      retryable: false,
    });
    expect(endIn(seen).media).toMatchObject({ packetsReceived: 0 });
    expect(media.openLegs).toEqual([]);
    await expect(call.ended).resolves.toBe(endIn(seen));
  });

  it('ignores a second answer', async () => {
    const { session, call } = start();
    call.answer();
    call.answer();
    await clock.advance(0);
    call.answer();
    await clock.advance(0);
    expect(session.kinds()).toEqual(['accept']);
  });

  it('[row 15] early media and answer carry one and the same SDP', async () => {
    const { session, call, media } = start();
    call.ring();
    call.startEarlyMedia();
    await clock.advance(1_000);
    call.answer();
    await clock.advance(0);
    expect(session.kinds()).toEqual(['provisional 180', 'provisional 183', 'accept']);
    const sdps = session.sent.flatMap((one) => ('sdp' in one && one.sdp !== undefined ? [one.sdp] : []));
    expect(sdps).toHaveLength(2);
    expect(sdps[0]).toBe(sdps[1]);
    expect(media.legs).toHaveLength(1);
    expect(media.legs[0]?.plans).toHaveLength(1);
  });

  it('an answer overtakes early media that is still waiting for its port', async () => {
    const { session, call, media } = start();
    media.openLegMode = 'held';
    call.startEarlyMedia();
    call.answer();
    await clock.advance(0);
    media.release();
    await clock.advance(0);
    expect(session.kinds()).toEqual(['accept']);
  });

  it('does not ring any more once it is being answered', async () => {
    const { session, call, media } = start();
    media.openLegMode = 'held';
    call.answer();
    call.ring();
    media.release();
    await clock.advance(0);
    expect(session.kinds()).toEqual(['accept']);
  });

  it('[row 14] a late offer is answered in the ACK', async () => {
    const { session, call, media, seen } = start(
      new FakeUasSession({ answerInAck: phoneSdp({ formats: '0 101' }) }),
    );
    call.startEarlyMedia();
    await clock.advance(0);
    // The dialog sends it where the 183 is reliable, and leaves it out where it is not (RFC 3262 §5).
    expect(session.lastSdp()).toContain('m=audio');
    expect(media.legs[0]?.plan).toBeUndefined();
    call.answer();
    await clock.advance(0);
    expect(session.lastSdp()).toContain('RTP/AVP 8 0 9 101');
    expect(media.legs[0]?.plan).toMatchObject({ codec: 'PCMU', direction: 'sendrecv' });
    expect(namesOf(seen)).toEqual(['connected']);
  });

  it('[row 13] [RFC 3262 §5] a late offer in a reliable 183 is answered in the PRACK, and early media flows', async () => {
    const answer = phoneSdp({ formats: '0 101', port: 46_000 });
    const { session, call, media, seen } = start(new FakeUasSession({ answerInAck: answer }));
    call.startEarlyMedia();
    await clock.advance(0);
    session.events.emit('earlyAnswer', { sdp: 'hello' });
    expect(media.legs[0]?.plan).toBeUndefined();
    session.events.emit('earlyAnswer', { sdp: answer });
    expect(media.legs[0]?.plan).toMatchObject({ codec: 'PCMU', remote: { port: 46_000 } });
    expect(namesOf(seen)).toEqual([]);
    call.answer();
    await clock.advance(0);
    session.events.emit('earlyAnswer', { sdp: phoneSdp({ port: 47_000 }) });
    expect(media.legs[0]?.plans).toHaveLength(1);
    expect(namesOf(seen)).toEqual(['connected']);
  });

  it('[RFC 4028 §7.4] a refresh whose answer moves the media moves the leg, whoever had offered first', async () => {
    const { session, call, media, seen } = start(new FakeUasSession({ offer: phoneSdp() }));
    session.events.emit('answerChanged', { sdp: phoneSdp({ port: 49_000 }) });
    call.answer();
    await clock.advance(0);
    session.events.emit('answerChanged', { sdp: phoneSdp({ port: 48_000 }) });
    session.events.emit('answerChanged', { sdp: 'hello' });
    expect(media.legs[0]?.plan?.remote.port).toBe(48_000);
    expect(namesOf(seen)).toEqual(['connected']);
  });

  it.each([
    ['no answer', undefined],
    ['nonsense', 'hello'],
    ['no codec of ours', phoneSdp({ formats: '99' })],
  ])('[row 14] a late offer that gets %s in the ACK ends the call', async (_what, answerInAck) => {
    const { session, seen } = start(new FakeUasSession(answerInAck === undefined ? {} : { answerInAck }));
    world.calls.active[0]?.answer();
    await clock.advance(0);
    expect(session.kinds()).toEqual(['accept', 'bye']);
    expect(namesOf(seen)).toEqual(['failed']);
    expect(endIn(seen)).toMatchObject({ code: 488, by: 'fault' });
  });

  it('[row 14] SDP in an ACK to which we had made no offer is ignored', async () => {
    const { call, media } = start(
      new FakeUasSession({ offer: phoneSdp(), answerInAck: phoneSdp({ port: 50_000 }) }),
    );
    call.answer();
    await clock.advance(0);
    expect(call.state).toBe('CONNECTED');
    expect(media.legs[0]?.plan?.remote.port).toBe(40_000);
  });

  it('[RFC 3261 §15] a caller who hangs up before the ACK had no conversation, and ended the call', async () => {
    const { session, call, media, seen } = start(new FakeUasSession({ offer: phoneSdp(), autoAck: false }));
    call.answer();
    await clock.advance(3_000);
    session.bye();
    await clock.advance(0);
    expect(namesOf(seen)).toEqual(['failed']);
    const end = { code: 487, by: 'remote', reason: 'Hung up before the ACK', durationSeconds: 0 };
    expect(endIn(seen)).toMatchObject(end);
    expect(media.openLegs).toEqual([]);
  });

  it('503 when no port is free, in the words of the catalogue', async () => {
    const { session, call, media, seen } = start();
    media.openLegMode = 'busy';
    call.answer();
    await clock.advance(0);
    expect(session.sent).toMatchObject([
      { kind: 'reject', status: 503, reason: 'No RTP port or media worker is free.' },
    ]);
    expect(endIn(seen)).toMatchObject({ code: 503, reason: 'No RTP port or media worker is free.' });
  });

  it('488 when the offer wants an IP version that we have no media address for', async () => {
    const offer = phoneSdp({ host: '2001:db8::7' });
    const { session, call, media, seen } = start(new FakeUasSession({ offer }));
    media.openLegMode = 'ipv4-only';
    call.answer();
    await clock.advance(0);
    expect(session.kinds()).toEqual(['reject 488']);
    expect(endIn(seen)).toMatchObject({ code: 488, by: 'fault' });
    expect(media.legs).toEqual([]);
  });

  it('[row 40] a caller who hangs up while the port is taken leaves no leg', async () => {
    const { session, call, media, seen } = start();
    media.openLegMode = 'held';
    call.answer();
    await clock.advance(10);
    session.cancel();
    expect(call.state).toBe('TERMINATED');
    expect(namesOf(seen)).toEqual(['failed']);
    expect(endIn(seen)).toMatchObject({ code: 487, by: 'remote' });
    media.release();
    await clock.advance(0);
    expect(media.legs).toHaveLength(1);
    expect(media.openLegs).toEqual([]);
    expect(session.kinds()).toEqual([]);
    await expect(call.whenMedia()).rejects.toThrow('ended');
  });

  it('[row 40] a caller who hangs up before a session has the call is reported once', async () => {
    clock = new VirtualClock();
    world = callWorld(clock, seededRandom(1));
    const { session, call } = world.callIn();
    session.cancel();
    world.calls.adopt(call, world.ownerOf());
    await clock.advance(0);
    expect(world.observed).toEqual(['refused']);
    expect(world.refused[0]).toMatchObject({ code: 487, reason: 'Cancelled' });
    await expect(call.ended).resolves.toMatchObject({ code: 487 });
  });

  it('may only be refused before it is adopted', async () => {
    clock = new VirtualClock();
    world = callWorld(clock, seededRandom(1));
    const { session, call } = world.callIn();
    call.answer();
    call.startEarlyMedia();
    await clock.advance(0);
    expect(session.kinds()).toEqual([]);
    call.reject(486);
    expect(session.kinds()).toEqual(['reject 486']);
  });

  it('a script refuses with a final status, or with 480 when it says nonsense', async () => {
    const first = start();
    first.call.reject(603, { 'X-Why': 'sleeping', From: 'evil' });
    expect(first.session.sent).toMatchObject([
      { kind: 'reject', status: 603, reason: 'Declined', headers: [['X-Why', 'sleeping']] },
    ]);
    expect(world.warnings).toEqual(['header "From" left out: only X- names may be added']);
    const second = start();
    second.call.reject(200);
    expect(second.session.kinds()).toEqual(['reject 480']);
    expect(endIn(second.seen)).toMatchObject({ code: 480, by: 'local', reason: 'Not available' });
  });

  it('a hang-up after our 200 and before the ACK is a failure, not a conversation', async () => {
    const { session, call, seen } = start(new FakeUasSession({ offer: phoneSdp(), autoAck: false }));
    call.answer();
    await clock.advance(100);
    call.hangup();
    await clock.advance(0);
    expect(session.kinds()).toEqual(['accept', 'bye']);
    expect(namesOf(seen)).toEqual(['failed']);
    expect(endIn(seen)).toMatchObject({ code: 487, by: 'local' });
  });

  it('a 200 that is never confirmed is a failure with 408', async () => {
    const { session, call, seen } = start(new FakeUasSession({ offer: phoneSdp(), autoAck: false }));
    call.answer();
    await clock.advance(32_000);
    session.fault(408);
    await clock.advance(0);
    expect(endIn(seen)).toMatchObject({ code: 408, by: 'fault', reason: 'The answer was never confirmed' });
  });

  it('ends although the media worker does not answer', async () => {
    const { call, media, seen } = start();
    call.answer();
    await clock.advance(0);
    const leg = media.legs[0]!;
    const close = leg.close.bind(leg);
    leg.close = () => new Promise(() => {});
    call.hangup();
    await clock.advance(1_999);
    expect(namesOf(seen)).toEqual(['connected']);
    await clock.advance(1);
    expect(namesOf(seen)).toEqual(['connected', 'disconnected']);
    expect(endIn(seen).media).toBeUndefined();
    await close();
  });

  it('[row 29] hides a caller who asked for it, from scripts and records', async () => {
    clock = new VirtualClock();
    world = callWorld(clock, seededRandom(1));
    world.userAgent.incoming(new FakeUasSession({ offer: phoneSdp() }), { callerIsPrivate: true });
    const call = world.routed[0]!.call;
    expect(call.callerid.reveal('scenario')).toBe('anonymous');
    expect(`${call.displayName} ${call.fromUri}`).not.toMatch(/Real|7903/);
  });

  it("carries a SIP account's call", async () => {
    clock = new VirtualClock();
    world = callWorld(clock, seededRandom(1));
    world.userAgent.incoming(new FakeUasSession({ offer: phoneSdp() }), {
      peer: { kind: 'user', user: DRIVER },
    });
    expect(world.routed).toHaveLength(1);
    expect(world.routed[0]).toMatchObject({
      maxForwards: 68,
      route: { applicationId: 'taxi', ruleName: 'all' },
    });
  });
});
