/** HTTP requests of one session: a few at a time, the rest waiting in order. */

import type { HostCommand } from '../protocol.ts';
import { messageOf, type SessionContext } from './session-context.ts';

export type HttpCommand = Extract<HostCommand, { type: 'http-request' }>;

export class SessionRequests {
  readonly #context: SessionContext;
  readonly #waiting: HttpCommand[] = [];
  readonly #running = new Map<number, AbortController>();
  #idle: (() => void) | undefined;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  get pending(): number {
    return this.#running.size + this.#waiting.length;
  }

  run(command: HttpCommand): void {
    const { httpTotal } = this.#context.services.limits;
    if (this.pending >= httpTotal) {
      this.refuse(command.requestId, `a session has at most ${httpTotal} HTTP requests at once`);
      return;
    }
    this.#waiting.push(command);
    this.#next();
  }

  /** It was not sent, and never will be. */
  refuse(requestId: number, reason: string): void {
    const { post, log } = this.#context;
    log('warn', `An HTTP request was not sent: ${reason}`);
    post({ type: 'http-response', requestId, result: { code: 0, headers: [], error: reason } });
  }

  /** What has not begun yet never will. */
  dropWaiting(): void {
    this.#waiting.length = 0;
  }

  abort(): void {
    this.dropWaiting();
    for (const controller of this.#running.values()) controller.abort();
  }

  /** Resolves when nothing is running. */
  whenIdle(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    return promise;
  }

  #next(): void {
    const { httpRunning } = this.#context.services.limits;
    while (this.#running.size < httpRunning) {
      const command = this.#waiting.shift();
      if (command === undefined) break;
      void this.#send(command);
    }
    if (this.pending === 0) this.#idle?.();
  }

  async #send(command: HttpCommand): Promise<void> {
    const { services, post, log } = this.#context;
    const { requestId, method, raw } = command;
    const controller = new AbortController();
    this.#running.set(requestId, controller);
    const began = services.clock.monotonic();
    const result = await services.http
      .request({ ...command, signal: controller.signal })
      .catch((error: unknown) => ({
        code: 0,
        headers: [],
        body: new Uint8Array(),
        error: messageOf(error),
      }));
    this.#running.delete(requestId);
    const took = Math.round(services.clock.monotonic() - began);
    // Host, method and status only: paths and bodies carry numbers and secrets.
    log('info', `HTTP ${method} ${hostOf(command.url)}: ${result.error ?? result.code} (${took} ms)`);
    if (!controller.signal.aborted) {
      const { code, headers, body, error } = result;
      const content =
        error !== undefined ? {} : raw ? { data: [...body] } : { text: new TextDecoder().decode(body) };
      post({
        type: 'http-response',
        requestId,
        result: { code, headers, ...content, ...(error === undefined ? {} : { error }) },
      });
    }
    this.#next();
  }
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return '(no URL)';
  }
}
