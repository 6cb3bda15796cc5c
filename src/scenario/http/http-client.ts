/**
 * HTTP for scenarios: one request, a few redirects, time-outs, a size cap, and the fence. No cookies, no proxy from the
 * environment. Connections are kept for a few seconds, each for the one address that was judged (`pinned-agents.ts`).
 * Nothing is logged here; who calls logs method, host and status.
 */
import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { NetFence, ResolvedAddress } from './net-fence.ts';
import { isIdempotent, PinnedAgents, type PinnedOptions } from './pinned-agents.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | readonly number[] | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly connectTimeoutSeconds: number | undefined;
  /** Instead of the client's own limit of the answer's body. */
  readonly maxBytes?: number;
  /** Instead of five. */
  readonly maxRedirects?: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  /** Status, or 0 when there was none. */
  readonly code: number;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
  readonly body: Uint8Array;
  readonly error?: string;
}

/** Never rejects for a fault of the network or of the peer: that is an answer with `error`. */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpAnswer>;
}

/** VoxEngine's defaults (voximplant.com/docs/references/voxengine/net/httprequestoptions); a script may only lower them. */
const TOTAL_SECONDS = 90;
const CONNECT_SECONDS = 6;
const MAX_REDIRECTS = 5;
const MAX_BYTES = 2 * 1024 * 1024;

/** Set by us, or meaningless through us (RFC 9110 §7.6.1). */
const OURS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'te',
  'trailer',
  'expect',
  'proxy-authorization',
  'proxy-connection',
]);
/** Not for another origin than the one that the script named. */
const SECRETS = new Set(['authorization', 'cookie']);

export interface FencedHttpOptions {
  readonly fence: NetFence;
  readonly clock: Clock;
  /** DNS; the system's unless a test brings its own. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>;
  readonly maxBytes?: number;
}

export class FencedHttp implements HttpClient {
  readonly #options: FencedHttpOptions;
  readonly #agents: PinnedAgents;

  constructor(options: FencedHttpOptions) {
    this.#options = options;
    this.#agents = new PinnedAgents(() => options.clock.monotonic());
  }

  /** Ends the connections that are kept, and requests that still run. */
  close(): void {
    this.#agents.close();
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    const { clock } = this.#options;
    const total = Math.min(request.timeoutSeconds ?? TOTAL_SECONDS, TOTAL_SECONDS);
    const controller = new AbortController();
    const timer = clock.setTimeout(
      () => controller.abort(new Error(`no answer within ${total} s`)),
      total * 1000,
    );
    const signal = AbortSignal.any([request.signal, controller.signal]);
    try {
      return await this.#follow({ ...request, signal });
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      return {
        code: 0,
        headers: [],
        body: new Uint8Array(),
        error: reason instanceof Error ? reason.message : String(reason),
      };
    } finally {
      clock.clearTimeout(timer);
    }
  }

  async #follow(first: HttpRequest): Promise<HttpAnswer> {
    let request = first;
    for (let hops = 0; ; hops++) {
      const url = readUrl(request.url);
      const answer = await this.#once(request, url);
      const location = answer.headers.find(({ key }) => key.toLowerCase() === 'location')?.value;
      if (![301, 302, 303, 307, 308].includes(answer.code) || location === undefined) return answer;
      const most = first.maxRedirects ?? MAX_REDIRECTS;
      if (hops >= most) throw new Error(`more than ${most} redirects`);
      request = redirected(request, url, new URL(location, url), answer.code);
    }
  }

  /** Resolves once, judges, and connects to the address that was judged: the name is not looked up again. */
  async #once(request: HttpRequest, url: URL): Promise<HttpAnswer> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const addresses = await this.#resolve(host);
    const chosen = this.#options.fence.choose(host, addresses);
    const pinned: LookupFunction = (_host, options, callback) => {
      if (options.all === true) callback(null, [{ address: chosen.address, family: chosen.family }]);
      else callback(null, chosen.address, chosen.family);
    };
    const body = request.body === undefined ? undefined : Buffer.from(request.body as string);
    const options: PinnedOptions = {
      method: request.method,
      lookup: pinned,
      headers: headersFor(request, body),
      agent: this.#agents.for(url.protocol, request.method),
      judged: chosen.address,
      signal: request.signal,
    };
    try {
      return await this.#exchange(url, options, body, request);
    } catch (error) {
      // The peer closed an idle connection just when it was needed. RFC 9112 §9.3.1: only what may be sent twice is.
      if (!(error instanceof StaleConnection)) throw error;
      if (!isIdempotent(request.method) || request.signal.aborted) throw error.cause;
      return await this.#exchange(url, { ...options, agent: false }, body, request);
    }
  }

  async #resolve(host: string): Promise<readonly ResolvedAddress[]> {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    const resolve = this.#options.resolve ?? ((name: string) => lookup(name, { all: true, verbatim: true }));
    try {
      return await resolve(host);
    } catch {
      throw new Error(`the host ${host} is not known`);
    }
  }

  #exchange(
    url: URL,
    options: PinnedOptions,
    body: Buffer | undefined,
    request: HttpRequest,
  ): Promise<HttpAnswer> {
    const { clock, maxBytes = MAX_BYTES } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const connectSeconds = Math.min(request.connectTimeoutSeconds ?? CONNECT_SECONDS, CONNECT_SECONDS);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    let answered = false;
    const outgoing = send(url, options, (response) => {
      answered = true;
      readAnswer(response, request.maxBytes ?? maxBytes).then(resolve, reject);
    });
    const timer = clock.setTimeout(
      () => outgoing.destroy(new Error(`no connection within ${connectSeconds} s`)),
      connectSeconds * 1000,
    );
    outgoing.once('socket', (socket) => {
      if (outgoing.reusedSocket) clock.clearTimeout(timer);
      else
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clock.clearTimeout(timer));
    });
    outgoing.once('error', (error) =>
      reject(outgoing.reusedSocket && !answered ? new StaleConnection(error) : error),
    );
    outgoing.once('close', () => clock.clearTimeout(timer));
    outgoing.end(body);
    return promise;
  }
}

/** A kept connection failed before an answer began. */
class StaleConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error('the URL must begin with http:// or https://');
  return url;
}

function headersFor(request: HttpRequest, body: Buffer | undefined): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  headers['user-agent'] = 'VoxEngine/1.0';
  for (const [name, value] of request.headers) {
    if (!OURS.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  if (body !== undefined) headers['content-length'] = String(body.length);
  return headers;
}

/** RFC 9110 §15.4: 303, and by old custom 301 and 302, turn everything but HEAD into GET. */
function redirected(request: HttpRequest, from: URL, to: URL, code: number): HttpRequest {
  const becomesGet = code === 303 || ((code === 301 || code === 302) && request.method === 'POST');
  const sameOrigin = from.origin === to.origin;
  const headers = request.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return (sameOrigin || !SECRETS.has(lower)) && !(becomesGet && lower.startsWith('content-'));
  });
  const method = becomesGet && request.method !== 'HEAD' ? 'GET' : request.method;
  return { ...request, url: to.href, method, headers, body: becomesGet ? undefined : request.body };
}

async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      const most = maxBytes < 1_048_576 ? `${maxBytes >> 10} kB` : `${Math.round(maxBytes / 1_048_576)} MB`;
      throw new Error(`the answer is larger than ${most}`);
    }
    chunks.push(chunk);
  }
  const headers: { key: string; value: string }[] = [];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    headers.push({ key: response.rawHeaders[i] as string, value: response.rawHeaders[i + 1] as string });
  }
  return { code: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}
