/** What may stand between a caller and somebody who was found: direction, calls used up, blocks, too many attempts. */
import type { Clock } from '../kernel/clock.ts';
import type { Target } from './connection.ts';
import type { ResolutionStore } from './ports.ts';
import {
  ATTEMPTS_MS,
  type ConnectDecision,
  type Decision,
  type Question,
  type RejectReason,
  type RoutingPolicy,
} from './types.ts';

/** Statuses are those of RFC 3261 §21.4 and §21.5: 480 may be tried later, 403 not. */
const STATUS = {
  'one-way': 403,
  'calls-used-up': 403,
  blocked: 403,
  'too-many-attempts': 480,
  'unknown-caller': 404,
} as const;

interface Verdict {
  readonly decision: ConnectDecision | Extract<Decision, { readonly kind: 'reject' }>;
  readonly detail: string;
}

/** Of a group, those remain who may be called. */
export async function passFences(
  { decision, candidate }: Target,
  question: Question,
  policy: RoutingPolicy,
  tools: { readonly store: ResolutionStore; readonly clock: Clock },
): Promise<Verdict> {
  if (candidate !== undefined) {
    const { session, caller } = candidate;
    const { oneWayFrom, maxCalls } = session.rules;
    if (oneWayFrom !== undefined && caller?.role !== oneWayFrom)
      return refused('one-way', 'only the other side of the session may call');
    if (maxCalls !== undefined && session.calls >= maxCalls)
      return refused('calls-used-up', `the session has had its ${maxCalls} calls`);
  }
  const fences = await tools.store.fences(
    question.applicationId,
    question.caller,
    decision.callees.map(({ number }) => number),
    tools.clock.now() - ATTEMPTS_MS,
  );
  const judged = decision.callees.map((callee, index) => ({ callee, ...fences[index] }));
  const unblocked = judged.filter(({ blocked }) => blocked === false);
  if (unblocked.length === 0) return refused('blocked', 'a block stands between the two');
  const most = policy.attemptsPerHour ?? Number.POSITIVE_INFINITY;
  const open = unblocked.filter(({ attempts = 0 }) => attempts < most);
  if (open.length === 0) return refused('too-many-attempts', `${most} calls within the last hour`);
  const callees = open.map(({ callee }) => callee);
  return {
    decision: { ...decision, callees },
    detail: `${callees.length} of ${judged.length} may be called`,
  };
}

/** The decision for a call that a fence stops. */
export function rejection(reason: RejectReason & keyof typeof STATUS): Extract<Decision, { kind: 'reject' }> {
  return { kind: 'reject', status: STATUS[reason], reason };
}

function refused(reason: RejectReason & keyof typeof STATUS, detail: string): Verdict {
  return { decision: rejection(reason), detail };
}
