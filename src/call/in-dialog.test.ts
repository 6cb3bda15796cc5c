import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { FakeUasSession } from './test-support/fake-sessions.ts';
import { callWorld, eventsOf, expectNothingLeft, namesOf } from './test-support/world.ts';

let clock = new VirtualClock();
let world = callWorld(clock, seededRandom(1));

beforeEach(() => {
  clock = new VirtualClock();
  world = callWorld(clock, seededRandom(1));
});

afterEach(() => expectNothingLeft(world, clock));

describe('inside a connected call', () => {
  async function connected() {
    const { session, call } = world.callIn();
    const { media, sessionId } = world.ownerOf();
    world.calls.adopt(call, { media, sessionId });
    const seen = eventsOf(call);
    call.answer();
    await clock.advance(0);
    return { session, call, media, seen };
  }

  it('[row 17] hold and its end change the leg, the version and nothing else', async () => {
    const { session, media, seen } = await connected();
    const versions: (string | undefined)[] = [];
    for (const direction of ['sendonly', 'sendonly', 'sendrecv', 'inactive', 'sendrecv']) {
      const { outcome } = session.peerReoffer(phoneSdp({ direction, version: versions.length + 2 }));
      const settled = outcome();
      if (settled.kind !== 'accepted') throw new Error('the re-INVITE was not accepted');
      versions.push(/^o=- \d+ (\d+)/m.exec(settled.sdp)?.[1]);
    }
    expect(versions).toEqual(['2', '2', '3', '4', '5']);
    expect(namesOf(seen).filter((name) => name === 'reinviteReceived')).toHaveLength(5);
    const changes = namesOf(seen).filter((name) => name !== 'reinviteReceived');
    expect(changes).toEqual(['connected', 'onHold', 'offHold', 'onHold', 'offHold']);
    expect(media.legs[0]?.plans.map((plan) => plan.direction)).toEqual([
      'sendrecv',
      'recvonly',
      'sendrecv',
      'inactive',
      'sendrecv',
    ]);
  });

  it('[row 32] the leg knows where the signalling comes from, and a refresh does not open it again', async () => {
    const session = new FakeUasSession({ offer: phoneSdp({ host: '10.0.0.7' }) });
    session.peerHost = '203.0.113.9';
    const { call } = world.callIn(session);
    const { media, sessionId } = world.ownerOf();
    world.calls.adopt(call, { media, sessionId });
    call.answer();
    await clock.advance(0);
    expect(media.legs[0]?.plan).toMatchObject({ latch: 'learn', signallingHost: '203.0.113.9' });
    session.peerReoffer(phoneSdp({ host: '10.0.0.7', version: 2 }));
    expect(media.legs[0]?.plans).toHaveLength(1);
  });

  it('a re-INVITE with another address re-points the leg', async () => {
    const { session, media } = await connected();
    session.peerReoffer(phoneSdp({ host: '203.0.113.5', port: 50_000 }));
    expect(media.legs).toHaveLength(1);
    expect(media.legs[0]?.plan?.remote).toEqual({ host: '203.0.113.5', port: 50_000 });
  });

  it('[RFC 3261 §14.2] a re-INVITE that we cannot accept leaves the call as it was', async () => {
    const { session, call, media } = await connected();
    const outcomes = [phoneSdp({ formats: '99' }), 'hello'].map((sdp) => session.peerReoffer(sdp).outcome());
    expect(outcomes).toEqual([
      { kind: 'rejected', status: 488 },
      { kind: 'rejected', status: 488 },
    ]);
    expect(call.state).toBe('CONNECTED');
    expect(media.legs[0]?.plans).toHaveLength(1);
  });

  it('[row 14] a re-INVITE without SDP gets our offer, and its answer counts', async () => {
    const { session, media } = await connected();
    const settled = session.peerReoffer(undefined).outcome();
    expect(settled.kind === 'accepted' && settled.sdp).toContain('m=audio');
    session.ackReoffer(phoneSdp({ port: 51_000 }));
    expect(media.legs[0]?.plan?.remote.port).toBe(51_000);
    session.ackReoffer(phoneSdp({ port: 52_000 }));
    expect(media.legs[0]?.plan?.remote.port).toBe(51_000);
  });

  it('digits come from RTP and from INFO; other INFO is text', async () => {
    const { session, media, seen } = await connected();
    media.legs[0]!.detectDigits(true);
    media.legs[0]!.press('5');
    session.peerInfo('application/dtmf-relay', 'Signal=7\r\nDuration=160\r\n');
    session.peerInfo('application/DTMF; charset=x', '#');
    session.peerInfo('application/dtmf-relay', 'Signal= 11\r\nDuration=160\r\n');
    session.peerInfo('application/json', '{"a":1}', [['X-A', 'b']]);
    session.peerInfo('application/dtmf-relay', 'nonsense');
    expect(seen.slice(1)).toEqual([
      { name: 'digit', event: { digit: '5' } },
      { name: 'digit', event: { digit: '7' } },
      { name: 'digit', event: { digit: '#' } },
      { name: 'digit', event: { digit: '#' } },
      { name: 'info', event: { mimeType: 'application/json', body: '{"a":1}', headers: { 'X-A': 'b' } } },
      { name: 'info', event: { mimeType: 'application/dtmf-relay', body: 'nonsense', headers: {} } },
    ]);
  });

  it('tells of the first packet once, of silence and of its end', async () => {
    const { media, seen } = await connected();
    const { events } = media.legs[0]!;
    events.emit('firstPacket', {});
    events.emit('firstPacket', {});
    events.emit('silent', { seconds: 30 });
    events.emit('resumed', {});
    expect(namesOf(seen)).toEqual(['connected', 'firstAudioPacket', 'rtpStopped', 'rtpResumed']);
  });

  it('sends INFO with allowed headers only', async () => {
    const { session, call } = await connected();
    call.sendInfo('application/json', '{}', { 'X-A': 'b', 'P-Asserted-Identity': 'evil' });
    call.sendInfo('not a type', '{}');
    expect(session.sent.slice(1)).toMatchObject([
      { kind: 'info', body: { contentType: 'application/json' }, headers: [['X-A', 'b']] },
    ]);
    expect(world.warnings).toHaveLength(2);
  });

  it('says nothing after its end', async () => {
    const { session, call, media, seen } = await connected();
    const leg = media.legs[0]!;
    call.hangup({ 'X-Bye': '1' });
    await clock.advance(0);
    leg.events.emit('digit', { digit: '1', durationMs: 100 });
    session.events.emit('info', { body: { contentType: 'a/b', content: new Uint8Array() }, headers: [] });
    session.events.emit('confirmed', { sdp: undefined });
    call.hangup();
    call.answer();
    call.sendInfo('a/b', '');
    await clock.advance(0);
    expect(namesOf(seen)).toEqual(['connected', 'disconnected']);
    expect(session.kinds()).toEqual(['accept', 'bye']);
    expect(session.sent[1]).toMatchObject({ headers: [['X-Bye', '1']] });
  });
});
