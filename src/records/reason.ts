import { isFenceReason } from '../call/fence/words.ts';
import { REDIRECTED } from '../call/hangup-cause.ts';
import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { LegRecord, RecordStatus } from './ports.ts';
import type { ScriptError, SessionEnd } from './session-events.ts';

/** How a whole call ended, for people. */
export interface Conclusion {
  readonly status: RecordStatus;
  readonly reason: string;
  readonly error: string | undefined;
}

/**
 * Concludes from the legs, in the order in which they ended, and from the session's own end. `completed` means that
 * somebody was reached: the called side if there was one, else the caller.
 */
export function conclude(ended: readonly LegRecord[], session: SessionEnd | undefined): Conclusion {
  const error = session?.error === undefined ? undefined : describeScriptError(session.error);
  if (error !== undefined) return { status: 'failed', reason: `the scenario failed: ${error}`, error };
  const caller = ended.find((leg) => leg.incoming);
  const called = ended.filter((leg) => !leg.incoming);
  if (caller === undefined && called.length === 0) return withoutCalls(session);
  const reached = called.some(wasAnswered) || (called.length === 0 && wasAnswered(caller));
  return {
    status: reached ? 'completed' : 'failed',
    reason: reached ? afterAnswer(ended) : withoutAnswer(caller, called, session),
    error: undefined,
  };
}

/** `TypeError: x is not a function (taxi.js, line 12)`. A script's message may quote a number. */
export function describeScriptError(error: ScriptError): string {
  const line = error.line === undefined ? '' : `, line ${error.line}`;
  return maskNumbersIn(`${error.message} (${error.scenario}${line})`);
}

/** What a final status of an unanswered leg means, in words. RFC 3261 §21, and ITU-T usage of carriers. */
export function describeFailure(code: number | undefined): string {
  switch (code) {
    case 486:
    case 600:
      return 'busy';
    case 408:
      return 'no answer';
    case 480:
      return 'not available';
    case 487:
      return 'cancelled before answer';
    case 603:
      return 'declined';
    case 403:
      return 'the shown number was refused';
    case 404:
    case 410:
    case 484:
    case 604:
      return 'no such number';
    case 488:
    case 606:
      return 'no common codec';
    case 401:
    case 407:
      return 'the trunk refused our password';
    case undefined:
      return 'no answer';
    default:
      return code >= 500 ? `unreachable (${code})` : `failed (${code})`;
  }
}

function withoutCalls(session: SessionEnd | undefined): Conclusion {
  return session === undefined
    ? { status: 'failed', reason: 'the scenario did not start', error: undefined }
    : { status: 'completed', reason: 'no call was made', error: undefined };
}

function wasAnswered(leg: LegRecord | undefined): boolean {
  return leg?.answeredAt !== undefined;
}

/** Who hung up: the side of the leg that ended first; the other one was ended by us because of it. */
function afterAnswer(ended: readonly LegRecord[]): string {
  const first = ended.find((leg) => wasAnswered(leg) || leftAnswered(leg, ended));
  if (isFenceReason(first?.reason)) return 'connected, the fence ended a call that lasted too long';
  const side = first?.incoming ? 'the caller' : 'the called party';
  if (first?.endedBy === 'remote' && !first.incoming && keptACallerWaiting(first, ended))
    return 'the called party hung up before the caller was connected';
  switch (first?.endedBy) {
    case 'remote':
      return `connected, ${side} hung up`;
    case 'fault':
      return `connected, the line to ${side} was lost`;
    default:
      return 'connected, the scenario hung up';
  }
}

function withoutAnswer(
  caller: LegRecord | undefined,
  called: readonly LegRecord[],
  session: SessionEnd | undefined,
): string {
  const last = called.at(-1);
  if (caller !== undefined && leftFirst(caller, called)) {
    return wasAnswered(caller)
      ? 'caller hung up before the other side answered'
      : 'caller hung up before answer';
  }
  if (isFenceReason(last?.reason)) return `refused: t${last.reason.slice(1).replace(/\.$/, '')}`;
  if (last?.reason === REDIRECTED) return 'redirected elsewhere, which was not followed';
  if (last !== undefined) return describeFailure(last.code);
  if (caller?.endedBy === 'fault') return 'the line to the caller was lost';
  const code = caller?.code === undefined ? '' : ` (${caller.code})`;
  return maskNumbersIn(session?.reason || `the scenario rejected the call${code}`);
}

/**
 * Whether a caller who was never connected ended the call of somebody who was: by a CANCEL that met the answer, by a BYE
 * before its ACK of our 200 (RFC 3261 §15 lets it), or by falling silent.
 */
function leftAnswered(leg: LegRecord, ended: readonly LegRecord[]): boolean {
  if (!leg.incoming || wasAnswered(leg) || leg.endedBy === 'local') return false;
  const left = leg.endedAt ?? 0;
  return ended.some(
    ({ incoming, answeredAt, endedAt }) =>
      !incoming && answeredAt !== undefined && answeredAt <= left && left <= (endedAt ?? left),
  );
}

/** Whether a caller was still there, and not answered yet, when somebody who had been called hung up. */
function keptACallerWaiting(leg: LegRecord, ended: readonly LegRecord[]): boolean {
  const later = ended.slice(ended.indexOf(leg) + 1);
  return later.some((other) => other.incoming && !wasAnswered(other));
}

/** Whether the caller gave up while somebody was still being called, or before anybody was. */
function leftFirst(caller: LegRecord, called: readonly LegRecord[]): boolean {
  if (caller.endedBy !== 'remote') return false;
  // A callee that had failed by itself before the caller left is the reason; one that we cancelled is not.
  return called.every(
    (leg) => leg.endedBy === 'local' || (leg.endedAt ?? 0) >= (caller.endedAt ?? 0) || leg.code === 487,
  );
}
