/**
 * Connections that stay open for the next request, each for one address that was judged: the key is scheme, host, port and
 * the checked address, so that a request only ever travels to the address that was chosen for it, and a name that
 * resolves elsewhere later opens a new connection. Idle ones live four seconds, and there are 64 of them at most.
 */
import { Agent as HttpAgent, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

/** Under the five seconds after which Node's and many other servers close; a server's own shorter hint wins. */
const IDLE_MS = 4000;
/** A request that must not be sent twice rides only on a connection that was in use just now. */
const FRESH_MS = 1000;
const MAX_IDLE = 64;
/** RFC 9110 §9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export const isIdempotent = (method: string): boolean => IDEMPOTENT.has(method.toUpperCase());

/** What a request carries besides what Node knows of. */
export interface PinnedOptions extends RequestOptions {
  readonly judged: string;
}

export class PinnedAgents {
  readonly #idle: IdleSockets;
  readonly #http: HttpAgent;
  readonly #https: HttpAgent;

  /** @param monotonic milliseconds of a clock that only goes forward. */
  constructor(monotonic: () => number) {
    this.#idle = new IdleSockets(monotonic);
    const options = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: MAX_IDLE };
    this.#http = pinned(new HttpAgent(options), this.#idle);
    this.#https = pinned(new HttpsAgent(options), this.#idle);
  }

  /** The agent for a request, which then has no idle connection left that this request must not ride on. */
  for(protocol: string, method: string): HttpAgent {
    const agent = protocol === 'https:' ? this.#https : this.#http;
    if (!isIdempotent(method)) this.#idle.endOlderThan(FRESH_MS);
    return agent;
  }

  /** Ends every connection, those in use as well. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** What is idle now, since when, in both agents together. */
class IdleSockets {
  readonly #since = new Map<Duplex, number>();
  readonly #monotonic: () => number;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** False when there are enough. A peer that speaks without being asked is not to be believed: its answer would be
   *  taken for that to the next question. */
  keep(socket: Duplex): boolean {
    if (this.#since.size >= MAX_IDLE || socket.readableLength > 0) return false;
    this.#since.set(socket, this.#monotonic());
    socket.on('data', destroyIt);
    socket.once('close', this.#forget);
    return true;
  }

  use(socket: Duplex): void {
    this.#since.delete(socket);
    socket.off('data', destroyIt);
    socket.off('close', this.#forget);
  }

  endOlderThan(ms: number): void {
    const now = this.#monotonic();
    for (const [socket, since] of this.#since) if (now - since > ms) socket.destroy();
  }

  readonly #forget = (): void => {
    for (const socket of this.#since.keys()) if (socket.destroyed) this.#since.delete(socket);
  };
}

function destroyIt(this: Duplex): void {
  this.destroy();
}

/** Both agents of Node share these rules; only how they connect differs. */
function pinned<A extends HttpAgent>(agent: A, idle: IdleSockets): A {
  const getName = agent.getName.bind(agent);
  const keepSocketAlive = agent.keepSocketAlive.bind(agent);
  const reuseSocket = agent.reuseSocket.bind(agent);
  agent.getName = (options) => `${getName(options)}|${judgedIn(options)}`;
  agent.keepSocketAlive = (socket) => {
    // Node's own rules first: what it gives up is given up. It returns a verdict that its types do not tell of.
    const kept: unknown = keepSocketAlive(socket);
    return kept !== false && idle.keep(socket);
  };
  agent.reuseSocket = (socket, request) => {
    idle.use(socket);
    reuseSocket(socket, request);
  };
  return agent;
}

function judgedIn(options: object = {}): string {
  if (!('judged' in options) || typeof options.judged !== 'string')
    throw new Error('a request without a judged address');
  return options.judged;
}
