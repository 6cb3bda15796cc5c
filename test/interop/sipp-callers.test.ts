import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CallRecord } from '../../src/records/ports.ts';
import { ScenarioStage } from './scenario-stage.ts';

/** The flows of RFC 3665 and RFC 5359 as far as a B2BUA answers them, and what callers and carriers ask of us, played by SIPp as the caller. */
const stage = new ScenarioStage();
beforeAll(() => stage.start());
afterAll(() => stage.stop());

const callerHungUp = { status: 'completed', reason: 'connected, the caller hung up' } as const;
const failed = (reason: string) => ({ status: 'failed', reason }) as const;
const calledLeg = (record: CallRecord | undefined) => record?.legs.find((leg) => !leg.incoming);

test(
  '[RFC 3665 §2.1] a phone registers',
  stage.plays({ caller: 'phone-registers', record: 'none', account: 'phone-1' }),
);

test(
  '[RFC 3665 §2.2] a phone registers a second Contact',
  stage.plays({ caller: 'phone-updates-its-registration', record: 'none', account: 'phone-2' }),
);

test(
  '[RFC 3665 §2.3] a phone asks what is registered',
  stage.plays({ caller: 'phone-asks-for-its-registrations', record: 'none', account: 'phone-3' }),
);

test(
  '[RFC 3665 §2.4] a phone unregisters',
  stage.plays({ caller: 'phone-unregisters', record: 'none', account: 'phone-4' }),
);

test(
  '[RFC 3665 §2.5] [row 26] a phone registers with a wrong password',
  stage.plays({
    caller: 'phone-registers-with-a-wrong-password',
    record: 'none',
    account: 'phone-5',
    callerSettings: { password: 'a guess' },
  }),
);

test(
  '[RFC 3665 §3.3] [RFC 3261 §22.2] INVITE with digest',
  stage.plays({
    caller: 'caller-answers-a-challenge',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
    account: 'phone-6',
  }),
);

test(
  '[RFC 3261 §22.1] INVITE with a wrong password',
  stage.plays({
    caller: 'caller-answers-a-challenge-wrongly',
    record: 'none',
    account: 'phone-7',
    callerSettings: { password: 'a guess' },
  }),
);

test(
  '[RFC 3665 §3.2] session establishment through us',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3665 §3.2] the same over TCP',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
    transport: 'tcp',
  }),
);

test(
  '[RFC 3665 §3.9] unsuccessful: busy',
  stage.plays({
    caller: 'caller-is-refused',
    callee: 'callee-refuses',
    record: failed('busy'),
    callerSettings: { status: 486 },
    calleeSettings: { status: '486 Busy Here' },
  }),
);

test(
  '[RFC 3665 §3.11] unsuccessful: temporarily unavailable',
  stage.plays({
    caller: 'caller-is-refused',
    callee: 'callee-refuses',
    record: failed('not available'),
    callerSettings: { status: 480 },
    calleeSettings: { status: '480 Temporarily Unavailable' },
  }),
);

test(
  '[RFC 5359 §2.9] [RFC 3261 §21.3] call forwarding by 302 of a carrier that nobody follows',
  stage.plays(
    {
      caller: 'caller-is-refused',
      callee: 'carrier-redirects-elsewhere',
      record: failed('redirected elsewhere, which was not followed'),
      callerSettings: { status: 480 },
    },
    ({ record }) =>
      expect(calledLeg(record)).toMatchObject({ code: 480, reason: 'Moved elsewhere', endedBy: 'remote' }),
  ),
);

test(
  '[RFC 5359 §2.9] [RFC 3261 §8.1.3.4] a 302 to the same number at the same carrier is followed',
  stage.plays(
    {
      caller: 'caller-talks-and-hangs-up',
      callee: 'carrier-redirects-to-itself',
      calleeCalls: 2,
      record: callerHungUp,
    },
    ({ callee }) => {
      const invites = callee!.messages.match(/^INVITE \S+/gm) ?? [];
      expect(new Set(invites.map((line) => line.includes(';desk=2')))).toEqual(new Set([false, true]));
    },
  ),
);

const cannotAnswer = 'caller-offers-what-we-cannot-answer';
const incompatible = { status: 488, has: 'Warning: 305 ' };

test(
  '[RFC 3261 §13.3.1.3] [RFC 3264 §6] no codec in common: 488 before anybody is called',
  stage.plays({
    caller: cannotAnswer,
    callerSettings: { ...incompatible, codec: 'EVS/16000' },
    record: { status: 'refused', reason: 'no common codec' },
  }),
);

test(
  '[RFC 3261 §13.3.1.3] [RFC 4568 §7.1.2] SRTP without a key: 488 before anybody is called',
  stage.plays({
    caller: cannotAnswer,
    callerSettings: { ...incompatible, profile: 'RTP/SAVP' },
    record: { status: 'refused', reason: 'no common way to secure the audio' },
  }),
);

test(
  '[RFC 8866 §5.7] SDP without an address for its audio: 400 before anybody is called',
  stage.plays({
    caller: cannotAnswer,
    callerSettings: { status: 400, address: 'IP4 not-an-address/127' },
    record: { status: 'refused', reason: 'the SDP cannot be read' },
  }),
);

test(
  '[RFC 3966 §5.1.1] tel URIs with separators in every place',
  stage.plays({
    caller: 'caller-uses-tel-uris',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §7.3.3] compact header names in the INVITE',
  stage.plays({
    caller: 'caller-writes-compact-headers',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 29] [row 30] nothing that names the caller reaches the callee',
  stage.plays({
    caller: 'caller-tells-everything',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3325 §7] an anonymous caller is so to the script, too',
  stage.plays({ caller: 'caller-is-anonymous', record: 'none' }),
);

test(
  '[RFC 5621 §3.1] the offer in a multipart body beside ISUP',
  stage.plays({
    caller: 'caller-sends-multipart',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 14] [RFC 3261 §13.2.1] late offer',
  stage.plays({
    caller: 'caller-offers-late',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §8.2.2.3] Require with an unknown option tag',
  stage.plays({ caller: 'caller-requires-what-nobody-knows', record: 'none' }),
);

test(
  '[row 44] [RFC 3261 §16.3] Max-Forwards 0',
  stage.plays({ caller: 'caller-runs-out-of-hops', record: 'none' }),
);

test('[RFC 3261 §8.2.3] an encoded body', stage.plays({ caller: 'caller-encodes-its-body', record: 'none' }));

test(
  'an unknown number',
  stage.plays({
    caller: 'caller-dials-a-number-unknown-here',
    record: { status: 'refused', reason: 'unknown number' },
  }),
);

test(
  '[RFC 3261 §8.2.2.1] an unknown URI scheme',
  stage.plays({ caller: 'caller-dials-another-scheme', record: 'none' }),
);

test(
  '[RFC 3891 §3] Replaces of a call that is not there',
  stage.plays({ caller: 'caller-replaces-a-call', record: 'none' }),
);

test(
  '[row 12] Supported with everything, and Session-Expires',
  stage.plays({
    caller: 'caller-supports-much',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 13] [RFC 3262 §3] Require: 100rel of the caller: ringing is reliable',
  stage.plays({
    caller: 'caller-requires-100rel',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 13] [RFC 3262 §3] a reliable 180 without PRACK',
  stage.plays({
    caller: 'caller-never-pracks',
    callee: 'callee-rings-until-cancelled',
    record: { status: 'failed', reason: /./ },
  }),
);

test(
  '[row 12] [RFC 4028 §9] a session interval that is too small',
  stage.plays({ caller: 'caller-asks-for-a-short-session', record: 'none' }),
);

test(
  '[row 12] [RFC 4028 §9] the caller refreshes the session',
  stage.plays({
    caller: 'caller-refreshes-its-session',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 5359 §2.1] [row 17] hold and resume',
  stage.plays({
    caller: 'caller-holds-and-resumes',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 5359 §2.2] [row 17] consultation hold: a second call while the first one waits',
  stage.plays(
    {
      caller: 'caller-consults-another',
      callee: 'callee-answers-and-is-hung-up',
      calleeCalls: 2,
      record: callerHungUp,
    },
    ({ callee }) => {
      const dialled = callee?.messages.match(/^INVITE .*\r?\n(?:.+\r?\n)*?Call-ID: (.+)/gm);
      expect(new Set(dialled).size).toBe(2);
    },
  ),
);

test(
  '[RFC 3264 §8.4] [row 17] hold with inactive',
  stage.plays({
    caller: 'caller-holds-with-inactive',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 17] hold with 0.0.0.0',
  stage.plays({
    caller: 'caller-holds-the-old-way',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 14] [RFC 3261 §14.1] re-INVITE without SDP',
  stage.plays({
    caller: 'caller-re-invites-without-sdp',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 11] [RFC 3261 §14.2] a re-INVITE that is refused leaves the session as it was',
  stage.plays({
    caller: 'caller-re-invites-with-unknown-codecs',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3311 §5.2] UPDATE with an offer',
  stage.plays({
    caller: 'caller-updates-its-media',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[row 35] keys in INFO',
  stage.plays({
    caller: 'caller-sends-keys-by-info',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 5359 §2.4] unattended transfer that no script wants',
  stage.plays({
    caller: 'caller-transfers-blindly',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 5359 §2.5] attended transfer',
  stage.plays({
    caller: 'caller-transfers-attended',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §11.2] OPTIONS inside the dialog',
  stage.plays({
    caller: 'caller-asks-for-options-in-the-call',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  'SUBSCRIBE inside the dialog',
  stage.plays({
    caller: 'caller-subscribes-in-the-call',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
    callerSettings: { refusal: 405 },
  }),
);

test(
  '[RFC 3261 §8.2.1] an unknown method inside the dialog',
  stage.plays({
    caller: 'caller-uses-an-unknown-method',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3428 §4] MESSAGE inside the dialog stays on its side',
  stage.plays({
    caller: 'caller-writes-a-message',
    callee: 'callee-answers-and-is-hung-up',
    record: callerHungUp,
  }),
);

test('of all these calls nothing is left, and nothing crossed', () => stage.expectNothingLeft());
