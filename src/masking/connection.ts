/** A session that was decided for, as a call: who is called, what they see, how long. */
import type { ShowableNumbers } from './masked-identity.ts';
import type { Candidate, ResolutionStore } from './ports.ts';
import type { Callee, ConnectDecision, Question, RoutingPolicy } from './types.ts';

/** A call that could be made, before the fences. */
export interface Target {
  readonly decision: ConnectDecision;
  /** Undefined: the backend named a number and no session. */
  readonly candidate: Candidate | undefined;
}

export interface Unreachable {
  readonly why: string;
}

interface Tools {
  readonly store: ResolutionStore;
  readonly numbers: ShowableNumbers;
}

/** Nobody but parties of the session is called, or, for the first party of `axn`, whoever called last. */
export async function connection(
  candidate: Candidate,
  question: Question,
  policy: RoutingPolicy,
  tools: Tools,
): Promise<Target | Unreachable> {
  const { session, caller } = candidate;
  const { rules } = session;
  const callees = await calleesOf(candidate, tools.store);
  // The caller may be a party by the same number; the last caller of `axn` may have withheld theirs; and what is not ours any
  // more is shown to nobody.
  const possible = callees.filter(
    ({ number, show }) =>
      number.isE164 &&
      !number.equals(question.caller) &&
      tools.numbers.isServiceNumber(question.applicationId, show),
  );
  if (possible.length === 0) {
    if (session.mode !== 'axn' || caller === undefined) return { why: 'nobody of it can be called' };
    const withheld = callees.some(({ number }) => !number.isE164);
    return {
      why: withheld
        ? 'the last caller has withheld the number'
        : 'nobody has called yet whom it could call back',
    };
  }
  return {
    candidate,
    decision: {
      kind: 'connect',
      sessionId: session.id,
      callees: possible,
      greeting: rules.greeting,
      ringSeconds: rules.ringSeconds,
      maxCallSeconds: rules.maxCallSeconds,
      record: rules.record,
      transcribe: rules.transcribe,
      language: rules.language ?? policy.language,
      callerPartyId: caller?.id,
    },
  };
}

/** What a menu calls a session: the order of the one whom it would reach. Empty: it has no name. */
export function labelOf({ callees }: Candidate): string {
  return callees.map(({ label }) => label.trim()).find((label) => label !== '') ?? '';
}

async function calleesOf({ session, caller, callees }: Candidate, store: ResolutionStore): Promise<Callee[]> {
  if (session.mode === 'axn' && caller !== undefined) {
    const number = await store.lastCaller(session.id);
    const show = caller.serviceNumber;
    return number === undefined || show === undefined
      ? []
      : [{ number, show, partyId: undefined, announcement: undefined }];
  }
  return callees.flatMap(({ id, number, serviceNumber, announcement }) =>
    number === undefined || serviceNumber === undefined
      ? []
      : [{ number, show: serviceNumber, partyId: id, announcement }],
  );
}
