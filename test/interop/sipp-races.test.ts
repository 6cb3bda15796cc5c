import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScenarioStage } from './scenario-stage.ts';

/** What crosses on the wire, what comes twice, and what comes too late, with SIPp on both sides. */
const HOLDS = '+442079460177';
const HOLDING = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  call.addEventListener(CallEvents.Connected, () => call.hold());
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.answer();
});`;
const stage = new ScenarioStage({ scripts: { [HOLDS]: HOLDING } });
beforeAll(() => stage.start());
afterAll(() => stage.stop());

const callerHungUp = { status: 'completed', reason: 'connected, the caller hung up' } as const;
const calleeHungUp = { status: 'completed', reason: 'connected, the called party hung up' } as const;
const gaveUp = { status: 'failed', reason: 'caller hung up before answer' } as const;
const ordinary = 'callee-answers-and-is-hung-up';

/** How often SIPp got a message whose first line begins so. */
const received = (messages: string, start: string): number =>
  messages
    .split(/^-{20,}.*$/m)
    .filter((part) => new RegExp(`message received[^\\n]*\\n\\n${start}`).test(part)).length;

test(
  '[row 1] [RFC 3261 §9.2] CANCEL after the answer changes nothing',
  stage.plays({ caller: 'caller-cancels-after-the-answer', callee: ordinary, record: callerHungUp }),
);

test(
  '[row 1] [RFC 3261 §13.2.2.4] 200 long after the CANCEL gets ACK and BYE',
  stage.plays({
    caller: 'caller-cancels',
    callee: 'callee-answers-long-after-the-cancel',
    record: gaveUp,
  }),
);

test(
  '[row 1] 200 after the time-out gets ACK and BYE',
  stage.plays({
    caller: 'caller-is-refused',
    callerSettings: { status: 408 },
    callee: 'callee-answers-after-the-time-out',
    record: { status: 'failed', reason: 'no answer' },
  }),
);

test(
  '[row 2] CANCEL gets 200, and the INVITE 487',
  stage.plays({ caller: 'caller-cancels', callee: 'callee-rings-until-cancelled', record: gaveUp }),
);

test(
  '[row 3] [RFC 3261 §13.3.1.4] our 200 is repeated until the ACK comes',
  stage.plays({ caller: 'caller-acks-late', callee: ordinary, record: callerHungUp }, ({ caller }) => {
    expect(received(caller.messages, 'SIP/2.0 200')).toBeGreaterThan(2);
  }),
);

test(
  '[row 3] [RFC 3261 §13.3.1.4] without any ACK the call is ended with BYE',
  stage.plays({
    caller: 'caller-never-acks',
    callee: ordinary,
    record: { status: 'completed', reason: /./ },
  }),
);

test(
  '[row 3] [RFC 3261 §13.2.2.4] each 200 gets its ACK',
  stage.plays(
    {
      caller: 'caller-talks-and-hangs-up',
      callerSettings: { talk_ms: 1_000 },
      callee: 'callee-repeats-its-200',
      record: callerHungUp,
    },
    ({ callee }) => expect(received(callee!.messages, 'ACK ')).toBeGreaterThan(1),
  ),
);

test(
  '[row 3] [RFC 3261 §15] BYE overtakes the ACK',
  stage.plays(
    { caller: 'caller-hangs-up-before-its-ack', callee: ordinary, record: callerHungUp },
    ({ record }) => {
      const called = record!.legs.find((leg) => !leg.incoming)!;
      expect(record!.legs.find((leg) => leg.incoming)).toMatchObject({
        ...{ answeredAt: undefined, durationSeconds: 0 },
        ...{ code: 487, endedBy: 'remote', reason: 'Hung up before the ACK' },
      });
      expect(called).toMatchObject({ code: 200, endedBy: 'local' });
      // By another clock, and rounded by the database.
      expect(called.durationSeconds).toBeCloseTo((called.endedAt! - called.answeredAt!) / 1000, 0);
    },
  ),
);

test(
  '[row 5] [RFC 3261 §13.2.2.4] the second answer of a fork gets ACK and BYE',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callerSettings: { talk_ms: 1_000 },
    callee: 'carrier-forks-into-two-answers',
    record: callerHungUp,
  }),
);

test(
  'BYE crosses BYE on the side of the caller',
  stage.plays({
    caller: 'caller-bye-crosses-bye',
    callee: 'callee-answers-and-hangs-up',
    record: calleeHungUp,
  }),
);

test(
  'BYE crosses BYE on the side of the callee',
  stage.plays({
    caller: 'caller-talks-and-hangs-up',
    callee: 'callee-bye-crosses-bye',
    record: callerHungUp,
  }),
);

test(
  '[RFC 3261 §17.2.2] a repeated request gets its 200 again',
  stage.plays({ caller: 'caller-repeats-an-info', callee: ordinary, record: callerHungUp }),
);

test(
  '[row 6] [RFC 3261 §17.2.1] a repeated INVITE is one call',
  stage.plays({ caller: 'caller-repeats-its-invite', callee: 'callee-takes-its-time', record: callerHungUp }),
);

test(
  '[row 6] [RFC 3261 §8.2.2.2] the same INVITE by another path gets 482',
  stage.plays({ caller: 'caller-comes-by-two-paths', callee: 'callee-takes-its-time', record: callerHungUp }),
);

test(
  '[row 10] [RFC 3261 §14.2] an offer while the first is open gets 500 with Retry-After',
  stage.plays({
    caller: 'caller-offers-again-while-ringing',
    callee: 'callee-answers-late',
    calleeSettings: { ring_ms: 1_000 },
    record: callerHungUp,
  }),
);

test(
  '[row 10] [RFC 3261 §12.2.2] a CSeq number that goes back gets 500',
  stage.plays({ caller: 'caller-counts-backwards', callee: ordinary, record: callerHungUp }),
);

test(
  '[row 11] [RFC 3261 §14.1] [RFC 3261 §14.2] our offer meets one of the caller: 491 both ways, then ours, then theirs',
  stage.plays({ caller: 'caller-offers-while-it-is-held', dials: HOLDS, record: callerHungUp }),
);

test(
  '[RFC 3261 §15.1.2] BYE while it rings ends the INVITE with 487',
  stage.plays({
    caller: 'caller-sends-bye-while-ringing',
    callee: 'callee-rings-until-cancelled',
    record: gaveUp,
  }),
);

test(
  '[RFC 3261 §15.1.2] BYE of a call that is unknown here gets 481',
  stage.plays({ caller: 'caller-hangs-up-a-call-unknown-here', record: 'none' }),
);

test(
  '[RFC 3261 §9.2] CANCEL of nothing gets 481',
  stage.plays({ caller: 'caller-cancels-nothing', record: 'none' }),
);

test('of all these calls nothing is left, and nothing crossed', () => stage.expectNothingLeft());
