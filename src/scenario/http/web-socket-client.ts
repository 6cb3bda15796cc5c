/**
 * Web sockets that scenarios open: the fence judges every address, the connection goes to the address that was judged,
 * and a redirect is judged like the first URL. Nothing is logged here; URLs and headers carry secrets.
 */
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import type { Clock } from '../../kernel/clock.ts';
import { WEB_SOCKET_OPTIONS } from '../ports.ts';
import type { NetFence, ResolvedAddress } from './net-fence.ts';

export interface WebSocketRequest {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly headers: readonly (readonly [string, string])[];
  /** Until the connection is open. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

export interface WebSockets {
  /**
   * Calls `onOpen` as soon as the socket is open and before anything that it says is read. Rejects with a sentence for the
   * script when it does not come to that.
   */
  open(request: WebSocketRequest, onOpen: (socket: WebSocket) => void): Promise<void>;
}

const MAX_REDIRECTS = 5;
const SCHEMES: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};
/** Set by us (RFC 6455 §4.1), or meaningless through us (RFC 9110 §7.6.1). */
const OURS =
  /^(?:host|connection|upgrade|content-length|transfer-encoding|te|trailer|keep-alive|proxy-.*|sec-websocket-.*)$/i;
/** Not for another origin than the one that the script named. */
const SECRETS = /^(?:authorization|cookie)$/i;

export interface FencedWebSocketsOptions {
  readonly fence: NetFence;
  readonly clock: Clock;
  /** DNS; the system's unless a test brings its own. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>;
}

export class FencedWebSockets implements WebSockets {
  readonly #options: FencedWebSocketsOptions;

  constructor(options: FencedWebSocketsOptions) {
    this.#options = options;
  }

  async open(request: WebSocketRequest, onOpen: (socket: WebSocket) => void): Promise<void> {
    const { clock } = this.#options;
    const { timeoutSeconds } = request;
    const controller = new AbortController();
    const timer = clock.setTimeout(
      () => controller.abort(new Error(`no connection within ${timeoutSeconds} s`)),
      timeoutSeconds * 1000,
    );
    const signal = AbortSignal.any([request.signal, controller.signal]);
    try {
      let next: WebSocketRequest | undefined = { ...request, signal };
      for (let hops = 0; next !== undefined; hops++) {
        if (hops > MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
        next = await this.#once(next, onOpen);
      }
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** One handshake; what comes next when the server sends us elsewhere. */
  async #once(
    request: WebSocketRequest,
    onOpen: (socket: WebSocket) => void,
  ): Promise<WebSocketRequest | undefined> {
    const url = readUrl(request.url);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const chosen = this.#options.fence.choose(host, await this.#resolve(host));
    const { signal } = request;
    signal.throwIfAborted();
    const pinned: LookupFunction = (_host, options, callback) => {
      if (options.all === true) callback(null, [{ address: chosen.address, family: chosen.family }]);
      else callback(null, chosen.address, chosen.family);
    };
    const options: ClientOptions & { readonly lookup: LookupFunction } = {
      ...WEB_SOCKET_OPTIONS,
      followRedirects: false,
      headers: headersFor(request),
      lookup: pinned,
    };
    const { promise, resolve, reject } = Promise.withResolvers<WebSocketRequest | undefined>();
    const socket = new WebSocket(url, [...request.protocols], options);
    const abort = (): void => {
      reject(signal.reason);
      socket.terminate();
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', reject);
    // RFC 6455 §4.1 lets a server choose none of the sub-protocols, as most voice services do; `ws` does not.
    socket.on('upgrade', ({ headers }) => {
      headers['sec-websocket-protocol'] ??= request.protocols[0];
    });
    socket.on('unexpected-response', (_sent, response) => {
      try {
        resolve(redirected(request, url, response));
      } catch (error) {
        reject(error);
      }
      socket.terminate();
    });
    socket.on('open', () => {
      signal.removeEventListener('abort', abort);
      onOpen(socket);
      resolve(undefined);
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
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
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = SCHEMES[url?.protocol ?? ''];
  if (url === undefined || scheme === undefined) throw new Error('the URL must begin with wss:// or ws://');
  // RFC 6455 §3: no fragment. The setter does not change the scheme of every URL.
  url.hash = '';
  return new URL(`${scheme}${url.href.slice(url.protocol.length)}`);
}

function headersFor(request: WebSocketRequest): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  headers['user-agent'] = 'VoxEngine/1.0';
  for (const [name, value] of request.headers) if (!OURS.test(name)) headers[name.toLowerCase()] = value;
  return headers;
}

/** RFC 6455 §4.1: a client may follow; what is no redirect is a refusal. */
function redirected(request: WebSocketRequest, from: URL, response: IncomingMessage): WebSocketRequest {
  const { statusCode = 0, headers } = response;
  const { location } = headers;
  if (
    ![301, 302, 303, 307, 308].includes(statusCode) ||
    location === undefined ||
    !URL.canParse(location, from.href)
  )
    throw new Error(`the server answered ${statusCode} to the handshake`);
  const to = readUrl(new URL(location, from).href);
  const kept = request.headers.filter(([name]) => from.origin === to.origin || !SECRETS.test(name));
  return { ...request, url: to.href, headers: kept };
}
