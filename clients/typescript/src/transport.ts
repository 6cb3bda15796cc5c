/** One request to the node: its URL, its key, and when it is sent again. Uses what browsers, Node, Deno and Bun have. */
import { MasklineUnreachable, NOT_MASKLINE, problemOf } from './problem.ts';
import { OPERATIONS, type Operations } from './schema.ts';

export type OperationName = keyof Operations;

export interface MasklineOptions {
  /** Of the node, such as `https://voice.example.com`. */
  readonly url: string;
  /** An API key, `mk_…`. */
  readonly key: string;
  /** How often one request is sent at most; default 4. 1: never again. */
  readonly attempts?: number;
  /** Milliseconds that one sending and its answer may take, and a stream or a file until it begins; default 30 000. */
  readonly timeoutMs?: number;
  /** Milliseconds that is waited at most between two sendings; a longer Retry-After is an error. Default 60 000. */
  readonly maxWaitMs?: number;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Waits; default: a timer. For tests. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface RequestOptions {
  /**
   * Names what is done, such as `order-4711`: sent again with the same key, it is done once. Without it each call has one of
   * its own, so that what the client sends again by itself is done once.
   */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

type Needed<Name extends string, Value> =
  Record<never, never> extends Value ? { readonly [K in Name]?: Value } : { readonly [K in Name]: Value };
/** A body of which nothing is needed may be left out. */
type NeededBody<Value> = [Value] extends [undefined]
  ? { readonly body?: undefined }
  : Record<never, never> extends Value
    ? { readonly body?: Value }
    : { readonly body: Value };

/** What an operation takes: `path`, `query`, `body`, each as the document says. */
export type Input<Name extends OperationName> = Needed<'path', Operations[Name]['path']> &
  Needed<'query', Operations[Name]['query']> &
  NeededBody<Operations[Name]['body']>;

export type Answer<Name extends OperationName> = Operations[Name]['answer'];

/** Any operation's input, for the code that does not care which. */
interface AnyInput {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

const DEFAULTS = { attempts: 4, timeoutMs: 30_000, maxWaitMs: 60_000 } as const;
/** Posted because a number stands in the body, and no change; or done twice as good as once. */
const REPEATABLE: ReadonlySet<OperationName> = new Set([
  ...(['searchMaskingSessions', 'explain', 'planNumbers'] as const),
  ...(['closeMaskingSession', 'closeMaskingSessions', 'erasePerson'] as const),
]);
/** What may be better in a moment. A conflict may be sent again, too, and is the same conflict. */
const SOON: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The first wait, doubled each time. */
const FIRST_WAIT_MS = 500;

export class Transport {
  readonly #options: MasklineOptions & Readonly<Record<keyof typeof DEFAULTS, number>>;
  readonly #base: string;

  constructor(options: MasklineOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#base = options.url.replace(/\/+$/, '');
  }

  /** Rejects with a `MasklineProblem`, a `MasklineUnreachable`, or the signal's reason. */
  async request<Name extends OperationName>(
    name: Name,
    input: Input<Name>,
    options: RequestOptions = {},
  ): Promise<Answer<Name>> {
    const { answer } = OPERATIONS[name];
    const response = await this.send(name, input as AnyInput, options);
    if (answer === 'json') return (await response.json()) as Answer<Name>;
    if (answer === 'raw') return response as Answer<Name>;
    return undefined as Answer<Name>;
  }

  /** The response, whose status is good. What is streamed is not read yet. */
  async send(
    name: OperationName,
    input: AnyInput,
    options: RequestOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> {
    const { method, path, once, answer } = OPERATIONS[name];
    const url = `${this.#base}${fill(path, input.path ?? {})}${queryOf(input.query ?? {})}`;
    const headers: Record<string, string> = {
      ...options.headers,
      authorization: `Bearer ${this.#options.key}`,
    };
    // Sent again, these do nothing twice: RFC 9110 §9.2.2, and our own key for what is not so by itself.
    const repeatable = !['POST', 'PATCH'].includes(method) || REPEATABLE.has(name);
    if (once) headers['idempotency-key'] = options.idempotencyKey ?? crypto.randomUUID();
    if (input.body !== undefined) headers['content-type'] = 'application/json';
    const init = {
      method,
      headers,
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    };
    let wasLost = false;
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= this.#options.attempts;
      const result = await this.#once(url, init, options.signal, answer === 'raw');
      if (result instanceof Response) {
        // An earlier DELETE, whose answer was lost, has done it.
        if (result.ok || (wasLost && method === 'DELETE' && result.status === 404)) return result;
        const waitMs = this.#waitMs(result, attempt);
        const problem = await problemOf(result);
        // What a proxy says of a request that may have been carried out: only where twice is once.
        const safe = problem.retryable && (repeatable || once || problem.code !== NOT_MASKLINE);
        if (last || !safe || !SOON.has(problem.status) || waitMs === undefined) throw problem;
        await this.#sleep(waitMs, options.signal);
      } else {
        if (last || !(repeatable || once)) throw result;
        wasLost = true;
        await this.#sleep(backOff(attempt), options.signal);
      }
    }
  }

  async #once(
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    streamed: boolean,
  ): Promise<Response | MasklineUnreachable> {
    signal?.throwIfAborted();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#options.timeoutMs);
    const signals = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
    try {
      const response = await (this.#options.fetch ?? fetch)(url, {
        ...init,
        signal: signals,
        redirect: 'error',
      });
      if (streamed && response.ok) return response;
      const body = await response.text();
      return new Response(body === '' ? null : body, { status: response.status, headers: response.headers });
    } catch (error) {
      signal?.throwIfAborted();
      const reason = late.signal.aborted ? `nothing within ${this.#options.timeoutMs} ms` : 'no connection';
      return new MasklineUnreachable(reason, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Undefined: longer than anybody wants to wait. */
  #waitMs(response: Response, attempt: number): number | undefined {
    const asked = retryAfterMs(response.headers.get('retry-after'), Date.now());
    if (asked === undefined) return backOff(attempt);
    return asked > this.#options.maxWaitMs ? undefined : asked;
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return (this.#options.sleep ?? sleep)(ms, signal);
  }
}

/** Milliseconds; seconds or a date stand in the header (RFC 9110 §10.2.3). Undefined: neither. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Doubled each time, and drawn between half of it and all, so that clients which failed together do not come together. */
const backOff = (attempt: number): number => FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);

export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener('abort', stop);
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

function fill(path: string, values: Readonly<Record<string, unknown>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
}

function queryOf(values: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (Array.isArray(value)) for (const one of value) query.append(name, String(one));
    else if (value !== undefined) query.append(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}
