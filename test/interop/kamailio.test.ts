import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Played } from './play.ts';
import { ScenarioStage } from './scenario-stage.ts';

/** Kamailio in front on both sides, staying in the path: every request inside a dialog goes along its Route. */
const stage = new ScenarioStage({ proxied: true });
beforeAll(() => stage.start());
afterAll(() => stage.stop());

const callerHungUp = { status: 'completed', reason: 'connected, the caller hung up' } as const;
const calleeHungUp = { status: 'completed', reason: 'connected, the called party hung up' } as const;
const talks = 'caller-talks-and-hangs-up';
const ordinary = 'callee-answers-and-is-hung-up';

/** Whatever reached the callee came through the proxy, which the INVITE asked to be in the path. */
function cameThroughTheProxy({ callee }: Played): void {
  const requests = callee!.messages
    .split(/^-{20,}.*$/m)
    .filter((part) => /message received[^\n]*\n\n(?:INVITE|ACK|BYE) /.test(part));
  expect(requests.length).toBeGreaterThan(1);
  expect(requests.filter((text) => (text.match(/^Via:/gim) ?? []).length < 2)).toEqual([]);
  expect(requests[0]).toMatch(/^Record-Route: <sip:/m);
}

test(
  '[row 9] [RFC 3261 §16.6] through a record-routing proxy: the caller hangs up',
  stage.plays({ caller: talks, callee: ordinary, record: callerHungUp }, cameThroughTheProxy),
);

test(
  '[row 9] the called side hangs up',
  stage.plays(
    { caller: 'caller-is-hung-up', callee: 'callee-answers-and-hangs-up', record: calleeHungUp },
    cameThroughTheProxy,
  ),
);

test(
  '[row 9] over TCP',
  stage.plays(
    { caller: talks, callee: ordinary, transport: 'tcp', record: callerHungUp },
    cameThroughTheProxy,
  ),
);

test(
  '[row 2] CANCEL goes hop by hop',
  stage.plays({
    caller: 'caller-cancels',
    callee: 'callee-rings-until-cancelled',
    record: { status: 'failed', reason: 'caller hung up before answer' },
  }),
);

test(
  '[row 1] 200 after the CANCEL',
  stage.plays({
    caller: 'caller-cancels',
    callee: 'callee-answers-long-after-the-cancel',
    record: { status: 'failed', reason: 'caller hung up before answer' },
  }),
);

test(
  'the called side is busy',
  stage.plays({
    caller: 'caller-is-refused',
    callerSettings: { status: 486 },
    callee: 'callee-refuses',
    calleeSettings: { status: '486 Busy Here' },
    record: { status: 'failed', reason: 'busy' },
  }),
);

test(
  '[row 17] re-INVITE of the caller: hold and resume',
  stage.plays({ caller: 'caller-holds-and-resumes', callee: ordinary, record: callerHungUp }),
);

test(
  're-INVITE of the carrier: its media moves',
  stage.plays({ caller: 'caller-is-hung-up', callee: 'carrier-moves-its-media', record: calleeHungUp }),
);

test(
  '[row 14] late offer',
  stage.plays({ caller: 'caller-offers-late', callee: ordinary, record: callerHungUp }),
);

test(
  '[row 3] the ACK comes late, and the 200 is repeated through the proxy',
  stage.plays({ caller: 'caller-acks-late', callee: ordinary, record: callerHungUp }),
);

test(
  '[row 13] PRACK goes along the Route of the early dialog',
  stage.plays({ caller: 'caller-requires-100rel', callee: ordinary, record: callerHungUp }),
);

test(
  'BYE crosses BYE',
  stage.plays({
    caller: 'caller-bye-crosses-bye',
    callee: 'callee-answers-and-hangs-up',
    record: calleeHungUp,
  }),
);

test('of all these calls nothing is left, and nothing crossed', () => stage.expectNothingLeft());
