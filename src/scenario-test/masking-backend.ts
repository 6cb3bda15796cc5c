/**
 * The customer's backend at call time, as a flow has it: the real questions (pull, intercept), with their signature, time-out,
 * circuit breaker and cache, over the answers that the test gives in `flow.http`.
 */
import { newSecret } from '../events/sign.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { Backend } from '../masking/backend.ts';
import { Intercept } from '../masking/intercept.ts';
import type { BackendHttp, KeptAnswer, PullAnswerStore, PullClient } from '../masking/ports.ts';
import { Pull } from '../masking/pull.ts';
import type { HttpDouble } from './http-double.ts';
import type { MaskingSessions } from './masking-sessions.ts';

export interface FlowBackend {
  readonly pull: PullClient;
  readonly intercept: Intercept;
  /** With what questions are signed. */
  readonly secret: string;
}

export function flowBackend(options: {
  readonly http: HttpDouble;
  readonly stored: MaskingSessions;
  readonly clock: Clock;
  readonly random: Random;
  /** A number that the backend named, as the test wrote it. */
  readonly onNumber: (number: string) => void;
}): FlowBackend {
  const { http, stored, clock, random, onNumber } = options;
  const secret = newSecret(random);
  const secrets = {
    current: () => Promise.resolve([secret]),
    rotate: () => Promise.reject(new Error('a flow has one secret')),
  };
  const backend = new Backend({ http: over(http, onNumber), secrets, clock, random });
  const answers = new MemoryAnswers(stored);
  return {
    pull: new Pull(backend, { answers, people: stored }, clock),
    intercept: new Intercept(backend, stored),
    secret,
  };
}

function over(http: HttpDouble, onNumber: (number: string) => void): BackendHttp {
  return {
    post: async ({ url, headers, body, timeoutMs, maxBytes, signal }) => {
      const timeoutSeconds = timeoutMs / 1000;
      const answer = await http.request(
        {
          ...{ method: 'POST', url, headers, body, timeoutSeconds, signal },
          connectTimeoutSeconds: timeoutSeconds,
        },
        'The masking service',
      );
      if (answer.code === 0) return { status: 0, error: answer.error ?? 'there was no answer' };
      if (answer.body.length > maxBytes)
        return { status: 0, error: `its answer has more than ${maxBytes} bytes` };
      const number = numberIn(answer.body);
      if (number !== undefined) onNumber(number);
      return { status: answer.code, body: answer.body };
    },
  };
}

/** For the ladder, and for the name of the phone that is called: whom the answer connects to. */
function numberIn(body: Uint8Array): string | undefined {
  try {
    const { to } = JSON.parse(Buffer.from(body).toString()) as { readonly to?: unknown };
    return typeof to === 'string' && to.startsWith('+') ? to : undefined;
  } catch {
    // Whatever that is, the real reader says what is wrong with it.
    return undefined;
  }
}

/** What `storage/pull-answer-store.ts` keeps. */
class MemoryAnswers implements PullAnswerStore {
  readonly #stored: MaskingSessions;
  readonly #kept = new Map<string, KeptAnswer>();

  constructor(stored: MaskingSessions) {
    this.#stored = stored;
  }

  async read(_application: string, question: string): Promise<KeptAnswer | undefined> {
    this.#stored.check();
    return this.#kept.get(question);
  }

  async write(_application: string, question: string, { answer, fetchedAt }: KeptAnswer): Promise<void> {
    this.#stored.check();
    this.#kept.set(question, { answer, fetchedAt });
  }

  async remove(_application: string, question: string): Promise<void> {
    this.#stored.check();
    this.#kept.delete(question);
  }
}
