/** What a backend's answer comes to in a resolution. */
import type { Target } from './connection.ts';
import type { ShowableNumbers } from './masked-identity.ts';
import type { Candidate, PullAnswer } from './ports.ts';
import type { ConnectDecision, Decision, Question, ResolutionStep, RoutingPolicy } from './types.ts';

export interface Word {
  readonly verdict: ResolutionStep['verdict'];
  readonly detail: string;
  /** A candidate: that session is to be connected. Undefined: the next step's turn. */
  readonly found: Target | Candidate | Exclude<Decision, ConnectDecision> | undefined;
}

/** @param candidates what the backend was asked about, and may choose from. */
export function readWord(
  answer: PullAnswer,
  candidates: readonly Candidate[],
  question: Question,
  policy: RoutingPolicy,
  numbers: ShowableNumbers,
): Word {
  switch (answer.kind) {
    case 'connect':
      return connectWord(answer, question, policy, numbers);
    case 'session': {
      const found = candidates.find(({ session }) => session.id === answer.sessionId);
      if (found === undefined) return failed('the backend named a session that it was not asked about');
      return { verdict: 'decided', detail: 'the backend: that session', found };
    }
    case 'ask-extension':
      if (question.extension === '')
        return failed('the backend wants digits, and the caller has typed none that fit');
      return decided('ask for an extension', { kind: 'ask-extension', tries: policy.extensionTries });
    case 'play':
      return decided('play an announcement', answer);
    case 'operator': {
      const user = answer.user ?? policy.operator;
      if (user === undefined)
        return failed('the backend wants an operator, and neither it nor the policy names one');
      return decided('an operator', { kind: 'operator', user, announcement: undefined });
    }
    case 'reject':
      return decided('reject', { kind: 'reject', status: 403, reason: 'backend-rejected' });
    case 'unknown':
      return { verdict: 'passed', detail: 'the backend does not know the caller', found: undefined };
    case 'not-asked':
      return {
        verdict: 'skipped',
        detail: 'the backend would be asked now; its answer is not known',
        found: undefined,
      };
    case 'failed':
      return failed(`the backend: ${answer.why}`);
  }
}

function connectWord(
  answer: Extract<PullAnswer, { readonly kind: 'connect' }>,
  { applicationId, caller, dialled }: Question,
  policy: RoutingPolicy,
  numbers: ShowableNumbers,
): Word {
  const show = answer.show ?? dialled;
  if (!numbers.isServiceNumber(applicationId, show))
    return failed('the backend named a number to show that the application does not hold');
  if (answer.to.equals(caller)) return failed('the backend named the caller’s own number');
  // It would come back to us.
  if (numbers.isServiceNumber(applicationId, answer.to))
    return failed('the backend named a service number to call');
  const { announcement, language, ...sound } = answer.sound;
  return decided('connect', {
    candidate: undefined,
    decision: {
      kind: 'connect',
      sessionId: undefined,
      callees: [{ number: answer.to, show, partyId: undefined, announcement }],
      ...sound,
      language: language ?? policy.language,
      callerPartyId: undefined,
    },
  });
}

function decided(what: string, found: Word['found']): Word {
  return { verdict: 'decided', detail: `the backend: ${what}`, found };
}

function failed(detail: string): Word {
  return { verdict: 'failed', detail, found: undefined };
}
