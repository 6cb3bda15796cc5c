/** Requests to the session's own URL: each is an event of the script, in order, and waits for its answer a while. */
import type { TimerHandle } from '../../kernel/clock.ts';
import type { AccessCommand } from '../parts/access-protocol.ts';
import type { AccessRequest } from '../parts/websocket-protocol.ts';
import type { AccessAnswer, WebSocketAdmission } from '../ports.ts';
import type { HostEvent } from '../protocol.ts';
import type { SessionServices, Untimed } from './session-context.ts';

const EMPTY: AccessAnswer = { kind: 'answer', body: '', json: false };

interface Waiting {
  readonly resolve: (answer: AccessAnswer) => void;
  readonly timer: TimerHandle;
}

export class SessionAccess {
  /** Decides on a web socket that comes to the URL; undefined: none are taken. */
  onWebSocket: ((request: AccessRequest) => WebSocketAdmission) | undefined;
  readonly #services: SessionServices;
  readonly #post: (event: Untimed<HostEvent>) => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  /** A bucket of requests that fills with time. */
  #tokens: number | undefined;
  #filledAt = 0;

  constructor(services: SessionServices, post: (event: Untimed<HostEvent>) => void) {
    this.#services = services;
    this.#post = post;
  }

  /** Resolves with what the script answers, with nothing when it does not in time, or as too many. Never rejects. */
  request(request: AccessRequest): Promise<AccessAnswer> {
    const { clock, limits } = this.#services;
    if (this.#waiting.size >= limits.accessWaiting || !this.#spend())
      return Promise.resolve({ kind: 'too-many' });
    const requestId = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<AccessAnswer>();
    const timer = clock.setTimeout(() => this.#settle(requestId, EMPTY), limits.accessAnswerSeconds * 1000);
    this.#waiting.set(requestId, { resolve, timer });
    this.#post({ type: 'access-request', requestId, request });
    return promise;
  }

  answer({ requestId, body, json }: AccessCommand): void {
    this.#settle(requestId, { kind: 'answer', body, json });
  }

  /**
   * No request comes after it. The others are answered a moment later: a handler that says `terminate` returns its answer
   * in the same turn, after it.
   */
  close(): void {
    this.onWebSocket = undefined;
    queueMicrotask(() => {
      for (const requestId of [...this.#waiting.keys()]) this.#settle(requestId, EMPTY);
    });
  }

  #settle(requestId: number, answer: AccessAnswer): void {
    const waiting = this.#waiting.get(requestId);
    if (waiting === undefined) return;
    this.#waiting.delete(requestId);
    this.#services.clock.clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  #spend(): boolean {
    const { clock, limits } = this.#services;
    const { accessPerSecond } = limits;
    const now = clock.monotonic();
    const full = 2 * accessPerSecond;
    const filled = (this.#tokens ?? full) + ((now - this.#filledAt) / 1000) * accessPerSecond;
    this.#filledAt = now;
    this.#tokens = Math.min(full, filled);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
