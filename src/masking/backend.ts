/** Signed questions to a customer's backend, with a time-out and a circuit breaker; pull and intercept ask through it. */
import { sign } from '../events/sign.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { Circuits } from './circuit.ts';
import type { BackendHttp, BackendSecretStore } from './ports.ts';

/** An answer is a handful of fields. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface BackendQuestion {
  readonly applicationId: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type BackendReply =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  /** In words without numbers or the URL. */
  | { readonly kind: 'failed'; readonly why: string };

export interface BackendTools {
  readonly http: BackendHttp;
  readonly secrets: BackendSecretStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Requests are signed by the Standard Webhooks convention, so that a backend checks them with the libraries that there are for
 * webhooks. 5xx, 429 and 408 count as failures of the backend (RFC 9110 §15.5.9, §15.6), as do time-outs and lost connections;
 * any other status is its answer.
 */
export class Backend {
  readonly #tools: BackendTools;
  readonly #circuits: Circuits;
  readonly #closing = new AbortController();

  constructor(tools: BackendTools) {
    this.#tools = tools;
    this.#circuits = new Circuits(tools.clock);
  }

  /** Ends what is still being asked. */
  close(): void {
    this.#closing.abort(new Error('the node is shutting down'));
  }

  /** Never rejects. */
  async ask(question: BackendQuestion): Promise<BackendReply> {
    const { applicationId, url } = question;
    // Our own database is no failure of theirs.
    const secrets = await this.#tools.secrets.current(applicationId).catch(() => undefined);
    if (secrets === undefined) return { kind: 'failed', why: 'not asked: the request could not be signed' };
    const circuit = `${applicationId} ${url}`;
    if (!this.#circuits.mayAsk(circuit))
      return { kind: 'failed', why: 'not asked: it has failed several times in a row' };
    const reply = await this.#send(question, secrets);
    if (reply.kind === 'failed') this.#circuits.failed(circuit);
    else this.#circuits.succeeded(circuit);
    return reply;
  }

  async #send(
    { url, timeoutMs, body: question }: BackendQuestion,
    secrets: readonly string[],
  ): Promise<BackendReply> {
    const { http, clock, random } = this.#tools;
    const body = JSON.stringify(question);
    const signature = sign({ id: `msg_${random.uuid()}`, at: clock.now(), body }, secrets);
    const answer = await http.post({
      url,
      headers: [
        ['content-type', 'application/json'],
        ['accept', 'application/json'],
        ['user-agent', 'Maskline'],
        ...Object.entries(signature),
      ],
      body,
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal: this.#closing.signal,
    });
    if ('error' in answer) return { kind: 'failed', why: answer.error };
    const { status } = answer;
    if (status >= 500 || status === 429 || status === 408)
      return { kind: 'failed', why: `it answered ${status}` };
    return { kind: 'answer', status, text: Buffer.from(answer.body).toString('utf8') };
  }
}
