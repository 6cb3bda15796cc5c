/** The backend of a flow: answers that the test gives. What it has no answer for is a fault of the flow. */
import type { Clock } from '../kernel/clock.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../scenario/http/http-client.ts';

/** What a scenario asked, or the masking service for it. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body read as JSON; undefined when it is none. */
  readonly json: unknown;
}

/** What the backend says. */
export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  /** Virtual milliseconds until it comes. */
  readonly after?: number;
  /** There is no answer, for this reason. */
  readonly error?: string;
}

export type Answer = Reply | ((asked: Asked) => Reply | Promise<Reply>);

interface Rule {
  readonly method: string | undefined;
  readonly url: string | RegExp;
  readonly answer: Answer;
}

export interface HttpDoubleOptions {
  readonly clock: Clock;
  readonly onAsked: (asked: Asked, outcome: string) => void;
  readonly onUnexpected: (sentence: string) => void;
  /** Somebody answers by hand what no rule answers, sooner or later; without it that is unexpected. */
  readonly byHand?: ((asked: Asked) => Promise<Reply>) | undefined;
}

const TOTAL_SECONDS = 90;

export class HttpDouble implements HttpClient {
  /** Everything that was asked, in order, whether it was answered or not. */
  readonly requests: Asked[] = [];
  readonly #options: HttpDoubleOptions;
  readonly #rules: Rule[] = [];
  #thinking = 0;

  constructor(options: HttpDoubleOptions) {
    this.#options = options;
  }

  /** Answers of the test that are still being made. */
  get thinking(): number {
    return this.#thinking;
  }

  get(url: string | RegExp, answer: Answer): this {
    return this.on('GET', url, answer);
  }
  post(url: string | RegExp, answer: Answer): this {
    return this.on('POST', url, answer);
  }
  put(url: string | RegExp, answer: Answer): this {
    return this.on('PUT', url, answer);
  }
  delete(url: string | RegExp, answer: Answer): this {
    return this.on('DELETE', url, answer);
  }
  /** Whatever the method. */
  any(url: string | RegExp, answer: Answer): this {
    return this.on(undefined, url, answer);
  }

  /** An address without a query matches any query. The newest answer that fits is given. */
  on(method: string | undefined, url: string | RegExp, answer: Answer): this {
    this.#rules.unshift({ method, url, answer });
    return this;
  }

  /** @param who asks, for the sentence that says that there is no answer. */
  async request(request: HttpRequest, who = 'The scenario'): Promise<HttpAnswer> {
    const asked = read(request);
    this.requests.push(asked);
    const rule = this.#rules.find((one) => fits(one, asked));
    if (rule === undefined && this.#options.byHand !== undefined)
      return await this.#deliver(request, asked, await this.#inTime(request, this.#options.byHand(asked)));
    if (rule === undefined) {
      this.#options.onUnexpected(this.#unexpected(asked, who));
      return failed('no answer in this test');
    }
    const reply = await this.#think(rule.answer, asked);
    return await this.#deliver(request, asked, reply);
  }

  async #think(answer: Answer, asked: Asked): Promise<Reply> {
    if (typeof answer !== 'function') return answer;
    this.#thinking++;
    try {
      return await answer(asked);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.onUnexpected(`The answer of the test to ${asked.method} ${asked.url} failed: ${message}`);
      return { error: message };
    } finally {
      this.#thinking--;
    }
  }

  async #deliver(request: HttpRequest, asked: Asked, reply: Reply): Promise<HttpAnswer> {
    const { clock, onAsked } = this.#options;
    const seconds = Math.min(request.timeoutSeconds ?? TOTAL_SECONDS, TOTAL_SECONDS);
    const { after = 0 } = reply;
    const late = after > seconds * 1000;
    if (after > 0 && !(await wait(clock, Math.min(after, seconds * 1000), request.signal)))
      return failed('aborted');
    const error = late ? `no answer within ${seconds} s` : reply.error;
    const { status = 200, headers = {}, json, text = json === undefined ? '' : JSON.stringify(json) } = reply;
    onAsked(asked, error ?? String(status));
    if (error !== undefined) return failed(error);
    const all = json === undefined ? headers : { 'content-type': 'application/json', ...headers };
    return {
      code: status,
      headers: Object.entries(all).map(([key, value]) => ({ key, value })),
      body: new TextEncoder().encode(text),
    };
  }

  /** A person answers, or the virtual time of the request is over. */
  async #inTime(request: HttpRequest, reply: Promise<Reply>): Promise<Reply> {
    const seconds = Math.min(request.timeoutSeconds ?? TOTAL_SECONDS, TOTAL_SECONDS);
    const late = wait(this.#options.clock, seconds * 1000, request.signal);
    return await Promise.race([reply, late.then(() => ({ error: `no answer within ${seconds} s` }))]);
  }

  #unexpected({ method, url }: Asked, who: string): string {
    const known = this.#rules.map((one) => `${one.method ?? 'any'} ${String(one.url)}`).reverse();
    const answers = known.length === 0 ? 'It answers nothing.' : `It answers: ${known.join(', ')}.`;
    return `${who} asked ${method} ${url}, and this test has no answer for that. ${answers}`;
  }
}

function fits({ method, url }: Rule, asked: Asked): boolean {
  if (method !== undefined && method !== asked.method) return false;
  if (url instanceof RegExp) return url.test(asked.url);
  return url === asked.url || (!url.includes('?') && url === asked.url.replace(/\?.*$/, ''));
}

function read({ method, url, headers, body }: HttpRequest): Asked {
  const text = body === undefined ? '' : typeof body === 'string' ? body : Buffer.from(body).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const named = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
  return { method: method.toUpperCase(), url, headers: named, text, json };
}

function failed(error: string): HttpAnswer {
  return { code: 0, headers: [], body: new Uint8Array(), error };
}

/** False when nobody waits any more. */
function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => resolve(true), ms);
    signal.addEventListener('abort', () => {
      clock.clearTimeout(timer);
      resolve(false);
    });
  });
}
