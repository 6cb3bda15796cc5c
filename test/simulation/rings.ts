import { SERVER } from './numbers.ts';
import type { PeerPlan } from './plan.ts';
import type { Sent } from './trace.ts';
import { callIdOf, methodOf, readWire } from './wire.ts';
import type { World } from './world.ts';

/** One attempt to reach a number, as its carrier saw it. Times are ms of the virtual clock. */
interface Attempt {
  readonly sentAt: number;
  /** The phone began to ring. */
  rangAt: number;
  /** The server could know of that. */
  heardAt: number;
  /** It rang no more: refused, or answered and hung up. */
  overAt: number;
}

/**
 * A number that is known to have rung is not called again by another INVITE, and no two phones ring or talk for it at the
 * same time: failover ends where the ringing begins. What the server could not know is no fault of its.
 */
export function noTwoRings({ invited, trace, plan }: World): string[] {
  const wrong: string[] = [];
  for (const callIds of invited.values()) {
    if (callIds.length < 2) continue;
    const attempts = callIds.map((callId) => attemptOf(trace.sent, callId, plan.carrier.cutOff));
    attempts.forEach((attempt, index) => {
      for (const earlier of attempts.slice(0, index)) {
        if (earlier.heardAt < attempt.sentAt) wrong.push('a number that had rung was called once more');
        else if (earlier.rangAt < attempt.overAt && attempt.rangAt < earlier.overAt)
          wrong.push('two phones rang for one number');
      }
    });
  }
  return wrong;
}

function attemptOf(sent: readonly Sent[], callId: string, cutOff: PeerPlan['cutOff']): Attempt {
  const never = Number.POSITIVE_INFINITY;
  const attempt = { sentAt: never, rangAt: never, heardAt: never, overAt: never };
  for (const one of sent) {
    const wire = readWire(one.text);
    if (wire === undefined || callIdOf(wire) !== callId) continue;
    const { status, method } = wire;
    if (one.from === SERVER.host && method === 'INVITE') attempt.sentAt = Math.min(attempt.sentAt, one.at);
    if (method === 'BYE' || (status >= 300 && methodOf(wire) === 'INVITE'))
      attempt.overAt = Math.min(attempt.overAt, one.at);
    if (one.from === SERVER.host || methodOf(wire) !== 'INVITE' || status <= 100 || status >= 300) continue;
    attempt.rangAt = Math.min(attempt.rangAt, one.at);
    const arrivals = one.delays.map((delay) => one.at + delay);
    const heard = arrivals.filter(
      (at) => cutOff === undefined || at < cutOff.at || at > cutOff.at + cutOff.ms,
    );
    if (one.transport === 'udp') attempt.heardAt = Math.min(attempt.heardAt, ...heard);
  }
  return attempt;
}
