import { describe, expect, it } from 'vitest';
import { leg, PASSENGER, SERVICE, START } from '../../test/kit/call-records.ts';
import { REDIRECTED } from '../call/hangup-cause.ts';
import type { LegRecord } from './ports.ts';
import { conclude, describeFailure } from './reason.ts';

const fine = { reason: 'terminated', error: undefined };
const caller = (values: Partial<LegRecord>): LegRecord =>
  leg({ callId: 'a', endedAt: START + 10_000, endedBy: 'local', code: 200, ...values });
const called = (values: Partial<LegRecord>): LegRecord =>
  caller({ callId: 'b', incoming: false, callerid: SERVICE, number: PASSENGER, ...values });
const answered = { answeredAt: START + 1_000 };
const early = { endedAt: START + 5_000 };

describe('the reason of a record', () => {
  it.each<[string, LegRecord[], string, string]>([
    [
      'the called party hangs up',
      [called({ ...answered, ...early, endedBy: 'remote' }), caller(answered)],
      'completed',
      'connected, the called party hung up',
    ],
    [
      'the caller hangs up',
      [caller({ ...answered, ...early, endedBy: 'remote' }), called(answered)],
      'completed',
      'connected, the caller hung up',
    ],
    [
      'the script hangs up',
      [called(answered), caller(answered)],
      'completed',
      'connected, the scenario hung up',
    ],
    [
      'a line is lost',
      [called({ ...answered, endedBy: 'fault' }), caller(answered)],
      'completed',
      'connected, the line to the called party was lost',
    ],
    [
      '[RFC 3261 §15] the caller hangs up before its ACK of our 200',
      [caller({ ...early, endedBy: 'remote', code: 487 }), called(answered)],
      'completed',
      'connected, the caller hung up',
    ],
    [
      'the caller never sends its ACK',
      [caller({ ...early, endedBy: 'fault', code: 408 }), called(answered)],
      'completed',
      'connected, the line to the caller was lost',
    ],
    [
      'the called party answers and is gone before the caller is connected',
      [called({ ...answered, ...early, endedBy: 'remote' }), caller({ code: 480 })],
      'completed',
      'the called party hung up before the caller was connected',
    ],
    [
      'the script calls back a caller who had given up',
      [
        caller({ ...early, endedBy: 'remote', code: 487 }),
        called({ answeredAt: START + 6_000, endedBy: 'remote' }),
      ],
      'completed',
      'connected, the called party hung up',
    ],
    [
      'redirected',
      [called({ ...early, endedBy: 'remote', code: 480, reason: REDIRECTED }), caller({ code: 480 })],
      'failed',
      'redirected elsewhere, which was not followed',
    ],
    ['busy', [called({ ...early, endedBy: 'remote', code: 486 }), caller({ code: 486 })], 'failed', 'busy'],
    [
      'busy, after a prompt to the caller, who then hangs up',
      [called({ ...early, endedBy: 'remote', code: 486 }), caller({ ...answered, endedBy: 'remote' })],
      'failed',
      'busy',
    ],
    ['no answer', [called({ ...early, code: 408 }), caller({ code: 480 })], 'failed', 'no answer'],
    [
      'the caller gives up while it rings',
      [caller({ ...early, endedBy: 'remote', code: 487 }), called({ code: 487 })],
      'failed',
      'caller hung up before answer',
    ],
    [
      'the caller gives up while listening to ringback',
      [caller({ ...answered, ...early, endedBy: 'remote' }), called({ code: 487 })],
      'failed',
      'caller hung up before the other side answered',
    ],
    [
      'the caller gives up before anybody is called',
      [caller({ endedBy: 'remote', code: 487 })],
      'failed',
      'caller hung up before answer',
    ],
    [
      'an announcement only',
      [caller({ ...answered, endedBy: 'local' })],
      'completed',
      'connected, the scenario hung up',
    ],
    [
      'a call that was started by HTTP',
      [called({ ...answered, endedBy: 'remote' })],
      'completed',
      'connected, the called party hung up',
    ],
    ['no call at all', [], 'completed', 'no call was made'],
  ])('%s', (_, legs, status, reason) => {
    expect(conclude(legs, fine)).toEqual({ status, reason, error: undefined });
  });

  it('names the error of the script with its line, and no number', () => {
    const error = { message: 'TypeError: no +79123456789', scenario: 'taxi', line: 12 };
    expect(conclude([caller({})], { reason: 'failed', error })).toEqual({
      status: 'failed',
      reason: 'the scenario failed: TypeError: no +7••••••••89 (taxi, line 12)',
      error: 'TypeError: no +7••••••••89 (taxi, line 12)',
    });
  });

  it('takes the words of the session when the script rejected the call', () => {
    const session = { reason: 'backend answered 500', error: undefined };
    expect(conclude([caller({ code: 503 })], session).reason).toBe('backend answered 500');
    expect(conclude([caller({ code: 603 })], { ...session, reason: '' }).reason).toBe(
      'the scenario rejected the call (603)',
    );
  });

  it('says when a session never started', () => {
    expect(conclude([], undefined)).toMatchObject({ status: 'failed', reason: 'the scenario did not start' });
  });

  it.each([
    [600, 'busy'],
    [480, 'not available'],
    [603, 'declined'],
    [404, 'no such number'],
    [403, 'the shown number was refused'],
    [488, 'no common codec'],
    [503, 'unreachable (503)'],
    [420, 'failed (420)'],
    [undefined, 'no answer'],
  ])('%s is %s', (code, words) => {
    expect(describeFailure(code)).toBe(words);
  });
});
