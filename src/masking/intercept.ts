import type { Backend } from './backend.ts';
import { DocumentError, Fields } from './document.ts';
import type { InterceptClient, InterceptVerdict, ResolutionStore } from './ports.ts';
import type { ConnectDecision, InterceptRules, Question } from './types.ts';

/** Asks the customer's hook before a call is made. It is told tokens and ids, and no number of a person. */
export class Intercept implements InterceptClient {
  readonly #backend: Backend;
  readonly #store: Pick<ResolutionStore, 'token'>;

  constructor(backend: Backend, store: Pick<ResolutionStore, 'token'>) {
    this.#backend = backend;
    this.#store = store;
  }

  async ask(question: Question, decision: ConnectDecision, rules: InterceptRules): Promise<InterceptVerdict> {
    const { applicationId } = question;
    const numbers = [question.caller, ...decision.callees.map(({ number }) => number)];
    const tokens = await Promise.all(
      numbers.map((number) => this.#store.token(applicationId, number, true)),
    ).catch(() => undefined);
    if (tokens === undefined) return { kind: 'silent', why: 'not asked: the database could not be read' };
    const [caller, ...callees] = tokens;
    const reply = await this.#backend.ask({
      applicationId,
      url: rules.url,
      timeoutMs: rules.timeoutMs,
      body: {
        type: 'masking.intercept',
        applicationId,
        callId: question.callId ?? null,
        sessionId: decision.sessionId ?? null,
        caller: { token: caller, partyId: decision.callerPartyId ?? null },
        callees: decision.callees.map(({ partyId }, index) => ({
          token: callees[index],
          partyId: partyId ?? null,
        })),
      },
    });
    return reply.kind === 'failed'
      ? { kind: 'silent', why: reply.why }
      : readVerdict(reply.status, reply.text);
  }
}

/** 204, or `{ "allow": true }`, lets the call pass; 403, or `{ "allow": false }`, refuses it; all else is no answer. */
function readVerdict(status: number, text: string): InterceptVerdict {
  if (status === 204) return { kind: 'allow' };
  if (status === 403) return { kind: 'veto' };
  if (status !== 200) return { kind: 'silent', why: `it answered ${status}` };
  try {
    const fields = new Fields(JSON.parse(text), ['allow']);
    return { kind: (fields.flag('allow') ?? fields.wrong('allow', 'there')) ? 'allow' : 'veto' };
  } catch (error) {
    const why = error instanceof DocumentError ? `in its answer, ${error.message}` : 'its answer is not JSON';
    return { kind: 'silent', why };
  }
}
