import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../kernel/errors.ts';
import type { SessionEnd } from '../sip/dialog/types.ts';
import { causeOfError, causeOfSession, REDIRECTED, reasonOf } from './hangup-cause.ts';

const END: SessionEnd = {
  by: 'remote',
  answered: false,
  status: 486,
  reason: 'Busy Here, says +79031112233',
  headers: [],
  retryable: false,
};

describe('hang-up causes', () => {
  it("every status has words of ours, and the peer's never cross", () => {
    for (let status = 200; status < 700; status++) expect(reasonOf(status)).toMatch(/^[A-Z][^+]+$/);
    expect(causeOfSession(END, false)).toEqual({ code: 486, reason: 'Busy', by: 'remote', retryable: false });
  });

  it('the end of a conversation is 200, whoever ended it', () => {
    for (const by of ['local', 'remote', 'fault'] as const) {
      const cause = causeOfSession({ ...END, by, answered: true, status: 200 }, true);
      expect(cause).toMatchObject({ code: 200, by, retryable: false });
    }
    expect(causeOfSession({ ...END, by: 'fault', status: 200 }, true).reason).toBe('The connection was lost');
  });

  it('[row 39] only what the session calls retryable is', () => {
    expect(causeOfSession({ ...END, status: 503, retryable: true }, false).retryable).toBe(true);
    expect(causeOfSession({ ...END, status: 503, retryable: true }, true).retryable).toBe(false);
    expect(causeOfSession({ ...END, status: 503 }, false).retryable).toBe(false);
  });

  it('a fault is told in the words of our own session', () => {
    const fault: SessionEnd = { ...END, by: 'fault', status: 480, reason: 'no phone is registered' };
    expect(causeOfSession(fault, false)).toMatchObject({ code: 480, reason: 'No phone is registered' });
    expect(causeOfSession({ ...fault, reason: '' }, false).reason).toBe('Not available');
  });

  it.each([300, 301, 302, 305, 380])(
    '[RFC 3261 §21.3] a %s that was not followed is 480 and says that the callee has moved',
    (status) => {
      expect(causeOfSession({ ...END, status }, false)).toMatchObject({ code: 480, reason: REDIRECTED });
    },
  );

  it('a success that was never confirmed is a failure', () => {
    expect(causeOfSession({ ...END, by: 'fault', status: 200 }, false).code).toBe(408);
    expect(causeOfSession({ ...END, by: 'remote', status: 200 }, false).code).toBe(487);
    const beforeItsAck = { ...END, answered: true, status: 200 };
    expect(causeOfSession(beforeItsAck, false)).toMatchObject({
      code: 487,
      reason: 'Hung up before the ACK',
    });
  });

  it('the catalogue decides status and retry of our own failures', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const cause = causeOfError(code);
      expect(cause.reason).toBe(ERRORS[code].title);
      expect(cause.code).toBeGreaterThanOrEqual(400);
      expect(cause.retryable).toBe(ERRORS[code].retryable);
    }
  });
});
