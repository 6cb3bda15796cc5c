import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScenarioStage } from './scenario-stage.ts';

/** The habits of carriers, played by SIPp as the callee: what they add, leave out, say twice and spell oddly. */
const stage = new ScenarioStage();
beforeAll(() => stage.start());
afterAll(() => stage.stop());

const callerHungUp = { status: 'completed', reason: 'connected, the caller hung up' } as const;
const calleeHungUp = { status: 'completed', reason: 'connected, the called party hung up' } as const;
const failed = (reason: string) => ({ status: 'failed', reason }) as const;

test(
  '[row 15] 183 with early media, then 180, then 200',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-sends-183-then-180-then-200',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §13.2.2] 200 at once, without any provisional response',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-never-sends-provisionals',
    record: callerHungUp,
  }),
);

test(
  '[row 15] 183 without SDP',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-sends-183-without-sdp',
    record: callerHungUp,
  }),
);

test(
  '[row 15] 180 with SDP is early media',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-sends-180-with-sdp',
    record: callerHungUp,
  }),
);

test(
  '[row 15] several 183s, each with another port, and a third in the answer',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-sends-several-183s',
    record: callerHungUp,
  }),
);

test(
  '[row 5] [RFC 3261 §12.1.2] the To tag changes from 180 to 183 to 200',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-changes-its-to-tag',
    record: callerHungUp,
  }),
);

test(
  '[row 9] [RFC 3261 §12.2.1.1] Record-Route of two loose routers',
  stage.plays({ caller: 'caller-talks-and-hangs-up', callee: 'carrier-record-routes', record: callerHungUp }),
);

test(
  '[row 9] [RFC 3261 §12.2.1.1] Record-Route of a strict router',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-routes-strictly',
    record: callerHungUp,
  }),
);

test(
  '[row 20] [RFC 3261 §20.10] a Contact with everything that may stand in one',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-writes-an-odd-contact',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §7.3.3] compact header names',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-writes-compact-headers',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §7.3.1] header names in lower case with spaces before the colon',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-writes-lower-case-headers',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §7.3.1] header fields folded over several lines',
  stage.plays(
    { caller: 'caller-talks-and-hangs-up', callee: 'carrier-folds-its-headers', record: callerHungUp },
    // SIPp has not put them into one line again.
    ({ callee }) => expect(callee!.messages).toMatch(/^To:\s*\n\s+[^\n]+\n\s+;tag=psg/m),
  ),
);

test(
  '[RFC 3261 §12.1] 180 without Contact',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-sends-180-without-contact',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §13.2.2.4] 200 without SDP: ACK, then BYE',
  stage.plays({
    caller: 'caller-is-refused',
    callee: 'carrier-answers-without-sdp',
    record: failed('no common codec'),
    callerSettings: { status: 488 },
  }),
);

test(
  '[RFC 5621 §3.1] the answer in a multipart body beside ISUP',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-answers-with-multipart',
    record: callerHungUp,
  }),
);

test(
  'option tags, Allow and header fields that nobody knows',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-lists-what-it-supports',
    record: callerHungUp,
  }),
);

test(
  '[row 29] who answered does not reach the caller',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-tells-who-answers',
    record: callerHungUp,
  }),
);

test(
  '[row 12] Session-Expires that nobody asked for',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-adds-session-expires-unasked',
    record: callerHungUp,
  }),
);

test(
  '181, 182, 199 and a provisional status that nobody knows',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-forwards-and-queues',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §11.2] OPTIONS inside the dialog',
  stage.plays({
    caller: 'caller-is-hung-up',
    callee: 'carrier-asks-for-options-in-the-call',
    record: calleeHungUp,
  }),
);

test(
  '[RFC 3261 §14.2] re-INVITE of the carrier: its media moves',
  stage.plays({ caller: 'caller-is-hung-up', callee: 'carrier-moves-its-media', record: calleeHungUp }),
);

test(
  '[row 16] [RFC 3311 §5.2] UPDATE of the carrier: its media moves',
  stage.plays({ caller: 'caller-is-hung-up', callee: 'carrier-updates-its-media', record: calleeHungUp }),
);

test(
  '[RFC 3311 §5.1] UPDATE without SDP refreshes the target',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-refreshes-its-contact',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3326 §2] BYE with Reason, twice, and identities',
  stage.plays({ caller: 'caller-is-hung-up', callee: 'carrier-hangs-up-with-reasons', record: calleeHungUp }),
);

test(
  '[RFC 3261 §21.5.4] 503 with Retry-After',
  stage.plays({
    caller: 'caller-is-refused',
    callee: 'carrier-is-overloaded',
    record: failed('unreachable (503)'),
    callerSettings: { status: 503 },
  }),
);

test(
  'a refusal with Reason, Warning and a body that names the number',
  stage.plays({
    caller: 'caller-is-refused',
    callee: 'carrier-refuses-with-a-body',
    record: failed('not available'),
    callerSettings: { status: 480 },
  }),
);

test(
  'an announcement as early media, then 404',
  stage.plays({
    caller: 'caller-is-refused',
    callee: 'carrier-refuses-after-early-media',
    record: failed('no such number'),
    callerSettings: { status: 404 },
  }),
);

test(
  '[row 28] [RFC 8760 §2.4] 407 with three challenges: the strongest that we know is answered',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-challenges-with-two-realms',
    record: callerHungUp,
    trunk: { outboundAuth: { username: 'shop', password: 'shop-4711' } },
  }),
);

test(
  '[row 13] [RFC 3262 §4] reliable 183 and 180, each with its PRACK, and the answer in the 183',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-requires-100rel',
    record: callerHungUp,
  }),
);

test(
  '[row 13] [RFC 3262 §4] a reliable 183 that comes twice is one',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-repeats-a-reliable-183',
    record: callerHungUp,
  }),
);

test(
  '[row 16] [RFC 3311 §5.2] UPDATE before the answer',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-updates-before-the-answer',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3515 §2.4.2] REFER of the callee is declined',
  stage.plays({ caller: 'caller-is-hung-up', callee: 'carrier-transfers-the-caller', record: calleeHungUp }),
);

test(
  '[row 12] [RFC 4028 §7.3] 422: the session interval is raised',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'carrier-wants-longer-sessions',
    record: callerHungUp,
  }),
);

test(
  '[row 12] [RFC 4028 §9] the carrier refreshes the session',
  stage.plays({ caller: 'caller-is-hung-up', callee: 'carrier-refreshes-the-session', record: calleeHungUp }),
);

test(
  '[row 27] 407 without end: the second refusal is the end',
  stage.plays({
    caller: 'caller-is-refused',
    callee: 'carrier-challenges-for-ever',
    record: failed('the trunk refused our password'),
    callerSettings: { status: 407 },
    trunk: { outboundAuth: { username: 'shop', password: 'shop-4711' } },
  }),
);

test('of all these calls nothing is left, and nothing crossed', () => stage.expectNothingLeft());
