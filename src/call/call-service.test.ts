import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { DEFAULT_MEDIA_POLICY } from '../sip/user-agent/media-policy.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { FakeUasSession } from './test-support/fake-sessions.ts';
import { DRIVER } from './test-support/fake-user-agent.ts';
import { callWorld, eventsOf, expectNothingLeft, namesOf } from './test-support/world.ts';
import type { CallObserverEvents } from './types.ts';

let clock = new VirtualClock();
let world = callWorld(clock, seededRandom(1));

function build(limits = { calls: 100, ringSeconds: 60 }, isLate = () => false): void {
  clock = new VirtualClock();
  world = callWorld(clock, seededRandom(1), limits, undefined, isLate);
}

beforeEach(() => build());

afterEach(() => expectNothingLeft(world, clock));

const SECURE = phoneSdp()
  .replace('RTP/AVP', 'RTP/SAVP')
  .concat(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}\r\n`);

const caller = (): FakeUasSession => new FakeUasSession({ offer: phoneSdp() });

describe('a call that comes in', () => {
  it('on a service number is routed, alive at once, and carries its hops', () => {
    const { call } = world.callIn();
    expect(world.calls.active).toEqual([call]);
    expect(world.routed[0]).toMatchObject({
      maxForwards: 68,
      route: { applicationId: 'taxi', ruleName: 'all' },
    });
    expect(call.number.reveal('scenario')).toBe('+74950000001');
  });

  it('on an unknown number gets 404, and the refusal is reported without digits', () => {
    const session = caller();
    world.userAgent.incoming(session, { dialled: PhoneNumber.parse('+74959999999') });
    expect(session.kinds()).toEqual(['reject 404']);
    expect(world.calls.active).toEqual([]);
    expect(world.refused).toMatchObject([{ code: 404, error: 'number/unknown' }]);
    expect(inspect(world.refused)).not.toMatch(/79031112233|4959999999/);
  });

  it('that no rule matches gets 404', () => {
    world.directory.rulePattern = '\\+7800.*';
    const session = caller();
    world.userAgent.incoming(session);
    expect(session.kinds()).toEqual(['reject 404']);
    expect(world.refused[0]?.error).toBe('rule/none');
  });

  it("from a SIP account may dial whatever a rule of the account's application matches", () => {
    world.directory.rulePattern = '\\*55|taxi';
    for (const dialled of ['*55', 'taxi', 'bus']) {
      world.userAgent.incoming(caller(), {
        peer: { kind: 'user', user: DRIVER },
        dialled: PhoneNumber.parse(dialled),
      });
    }
    expect(world.routed).toHaveLength(2);
    expect(world.refused).toMatchObject([{ error: 'rule/none' }]);
  });

  it.each([
    ['no codec of ours', phoneSdp({ formats: '99' }), 'optional', 488, 'media/no-common-codec'],
    ['no audio', 'v=0\r\nc=IN IP4 198.51.100.7\r\n', 'optional', 488, 'media/no-common-codec'],
    ['plain RTP alone, where SRTP is required,', phoneSdp(), 'required', 488, 'media/no-common-security'],
    ['SRTP, where it is off,', SECURE, 'off', 488, 'media/no-common-security'],
    ['nonsense', 'hello', 'optional', 400, 'media/unreadable-sdp'],
  ] as const)(
    '[RFC 3261 §13.3.1.3] [RFC 3264 §6] that offers %s is refused before anybody is asked or called',
    (_what, offer, srtp, status, error) => {
      const session = new FakeUasSession({ offer });
      world.userAgent.incoming(session, { media: { ...DEFAULT_MEDIA_POLICY, srtp } });
      const warning = ['Warning', '305 maskline "Incompatible media format"'];
      const headers = status === 488 ? [warning] : [];
      expect(session.sent).toMatchObject([{ kind: 'reject', status, headers }]);
      expect([world.routed, world.calls.active, world.observed]).toEqual([[], [], ['refused']]);
      expect(world.refused).toMatchObject([{ code: status, error }]);
    },
  );

  it.each([
    ['an offer with SRTP, where it is required,', SECURE],
    ['no offer', undefined],
  ])('[row 14] with %s is routed', (_what, offer) => {
    const media = { ...DEFAULT_MEDIA_POLICY, srtp: 'required' } as const;
    world.userAgent.incoming(new FakeUasSession(offer === undefined ? {} : { offer }), { media });
    expect(world.routed).toHaveLength(1);
  });

  it('while nobody takes calls gets 503', () => {
    world.calls.onRouted = undefined;
    const session = caller();
    world.userAgent.incoming(session);
    expect(session.kinds()).toEqual(['reject 503']);
  });

  it('gets 500 when it cannot be handed over', async () => {
    world.calls.onRouted = () => {
      throw new Error('a bug of the scenario layer');
    };
    const session = caller();
    world.userAgent.incoming(session);
    await clock.advance(0);
    expect(session.kinds()).toEqual(['reject 500']);
    expect(world.observed).toEqual(['refused']);
    expect(world.calls.active).toEqual([]);
  });

  it('[row 29] whose caller is private is refused without the number', () => {
    world.userAgent.incoming(caller(), { dialled: PhoneNumber.parse('+74959999999'), callerIsPrivate: true });
    expect(world.refused[0]?.caller.reveal('leak-scan')).toBe('anonymous');
  });
});

describe('dialling', () => {
  it('reports refusals as failed calls, after whoever dialled could listen', async () => {
    const call = world.calls.dial(world.request({ callerid: '+79031112233' }), world.ownerOf());
    const seen = eventsOf(call);
    expect([call.state, seen.length, world.userAgent.outbound.length]).toEqual(['PROGRESSING', 0, 0]);
    await clock.advance(0);
    expect(namesOf(seen)).toEqual(['failed']);
    expect(seen[0]!.event).toMatchObject({
      code: 403,
      reason: 'The application may not show that number.',
      by: 'fault',
    });
    expect(world.observed).toEqual(['created', 'event:failed', 'ended']);
  });

  it('[row 29] [row 44] hands the user agent the closed list and nothing else', async () => {
    world.calls.dial(
      world.request({ headers: { 'X-Order': '17', 'P-Asserted-Identity': 'x' } }),
      world.ownerOf(),
    );
    await clock.advance(0);
    const { invite } = world.userAgent.outbound[0]!;
    expect(Object.keys(invite).sort()).toEqual(['headers', 'identity', 'maxForwards', 'target']);
    expect(invite).toMatchObject({
      headers: [['X-Order', '17']],
      maxForwards: 67,
      identity: { kind: 'number' },
    });
    expect(world.warnings).toEqual(['header "P-Asserted-Identity" left out: only X- names may be added']);
  });

  it('is observed in order, without digits, bodies or numbers', async () => {
    const details: CallObserverEvents['event'][] = [];
    world.calls.observers.on('event', (event) => details.push(event));
    const call = world.calls.dial(world.request(), world.ownerOf());
    await clock.advance(0);
    const { callee } = world.userAgent;
    callee.ring();
    callee.answer(phoneSdp());
    callee.peerInfo('application/dtmf', '5');
    callee.peerInfo('text/plain', 'my card is 4111111111111111');
    await clock.advance(7_000);
    call.hangup();
    await clock.advance(0);
    expect(world.observed).toEqual([
      'created',
      'event:ringing',
      'event:connected',
      'event:digit',
      'event:info',
      'event:disconnected',
      'ended',
    ]);
    expect(details.map((one) => one.detail)).toEqual([
      {},
      {},
      {},
      { mimeType: 'text/plain' },
      { code: 200, reason: 'Normal call clearing', by: 'local', durationSeconds: 7 },
    ]);
  });
});

describe('admission', () => {
  it('lets in callers only with a place for the one they will be connected to', async () => {
    build({ calls: 4, ringSeconds: 60 });
    for (const sessionId of ['a', 'b']) {
      const { call } = world.callIn();
      world.calls.adopt(call, world.ownerOf(sessionId));
    }
    const third = caller();
    world.userAgent.incoming(third);
    expect(third.sent).toMatchObject([{ kind: 'reject', status: 503, headers: [['Retry-After', '30']] }]);
    expect(world.refused[0]?.error).toBe('admission/full');
    // Started by HTTP: no place is left for it. The callers' own sessions still have theirs.
    const started = world.calls.dial(world.request(), world.ownerOf('c'));
    const seen = eventsOf(started);
    for (const sessionId of ['a', 'b']) world.calls.dial(world.request(), world.ownerOf(sessionId));
    await clock.advance(0);
    expect(seen.at(-1)?.event).toMatchObject({ code: 503, retryable: true });
    expect(world.userAgent.outbound).toHaveLength(2);
    expect(world.calls.active).toHaveLength(4);
  });

  it('frees the place when a call has ended', async () => {
    build({ calls: 1, ringSeconds: 60 });
    const { session } = world.callIn();
    const busy = caller();
    world.userAgent.incoming(busy);
    expect(busy.kinds()).toEqual(['reject 503']);
    session.cancel();
    await clock.advance(0);
    world.userAgent.incoming(caller());
    expect(world.routed).toHaveLength(2);
  });
});

it('a node that is behind with its work refuses newcomers, and lets those that it has dial', async () => {
  let late = false;
  build({ calls: 100, ringSeconds: 60 }, () => late);
  const { call } = world.callIn();
  const owner = world.ownerOf();
  world.calls.adopt(call, owner);
  late = true;
  const newcomer = caller();
  world.userAgent.incoming(newcomer);
  expect(newcomer.kinds()).toEqual(['reject 503']);
  expect(world.refused[0]?.error).toBe('admission/late');
  world.calls.dial(world.request(), owner);
  expect(world.userAgent.outbound).toHaveLength(1);
  late = false;
  const next = caller();
  world.userAgent.incoming(next);
  expect(next.sent).toEqual([]);
});

describe('draining', () => {
  it('is over at once when nobody talks', async () => {
    let drained = false;
    void world.calls.drain(10_000).then(() => {
      drained = true;
    });
    await clock.advance(0);
    expect(drained).toBe(true);
  });

  it('can be undone', async () => {
    world.calls.setDraining(true);
    const early = caller();
    world.userAgent.incoming(early);
    expect(early.sent).toMatchObject([{ kind: 'reject', status: 503 }]);
    world.calls.setDraining(false);
    const late = caller();
    world.userAgent.incoming(late);
    expect(late.sent).toEqual([]);
    late.bye();
    await clock.advance(0);
  });

  it('refuses newcomers, lets the running ones finish, and lets them dial', async () => {
    const { session, call } = world.callIn();
    const owner = world.ownerOf();
    world.calls.adopt(call, owner);
    let drained = false;
    void world.calls.drain(60_000).then(() => {
      drained = true;
    });
    const late = caller();
    world.userAgent.incoming(late);
    expect(late.sent).toMatchObject([{ kind: 'reject', status: 503, headers: [['Retry-After', '30']] }]);
    const started = eventsOf(world.calls.dial(world.request(), world.ownerOf('by-http')));
    world.calls.dial(world.request(), owner);
    call.answer();
    await clock.advance(10_000);
    expect(started.at(-1)?.event).toMatchObject({ code: 503 });
    expect(world.userAgent.outbound).toHaveLength(1);
    session.bye();
    await clock.advance(0);
    expect(drained).toBe(false);
    world.userAgent.callee.refuse(486);
    await clock.advance(0);
    expect(drained).toBe(true);
  });

  it('hangs up whoever still talks when the time is up', async () => {
    const { session, call } = world.callIn();
    world.calls.adopt(call, world.ownerOf());
    call.answer();
    await clock.advance(0);
    let drained = false;
    void world.calls.drain(30_000).then(() => {
      drained = true;
    });
    await clock.advance(29_999);
    expect([call.state, drained]).toEqual(['CONNECTED', false]);
    await clock.advance(1);
    expect(session.kinds()).toEqual(['accept', 'bye']);
    expect(drained).toBe(true);
  });

  it('does not wait for a peer that answers nothing', async () => {
    world.userAgent.autoCancel = false;
    world.calls.dial(world.request(), world.ownerOf());
    await clock.advance(0);
    let drained = false;
    void world.calls.drain(1_000).then(() => {
      drained = true;
    });
    await clock.advance(3_000);
    expect(drained).toBe(true);
    world.userAgent.callee.cancelled();
  });
});
