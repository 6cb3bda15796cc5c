/**
 * Queues of operators. There is no contact centre here yet, so every queue is what the cloud calls offline: nobody who
 * could take the request is at work. The answer comes after a moment, as from a queue that was asked, and so that a script
 * which asks again whenever it is answered does not turn in circles.
 */
import type { TimerHandle } from '../../kernel/clock.ts';
import type { AcdCommand } from '../parts/acd-protocol.ts';
import type { HostPart } from './host-part.ts';
import type { SessionContext } from './session-context.ts';

const ANSWER_MS = 100;

export class SessionQueues implements HostPart {
  readonly #context: SessionContext;
  readonly #waiting = new Set<string>();
  #timer: TimerHandle | undefined;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  run(command: AcdCommand): void {
    if (command.type === 'acd-cancel') {
      this.#waiting.delete(command.requestId);
      return;
    }
    const { clock, limits } = this.#context.services;
    if (this.#waiting.size >= limits.queueRequests) {
      this.#context.log('warn', `A session has at most ${limits.queueRequests} requests to queues at once.`);
      return;
    }
    this.#waiting.add(command.requestId);
    this.#timer ??= clock.setTimeout(() => this.#answer(), ANSWER_MS);
  }

  close(): void {
    this.#context.services.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #answer(): void {
    this.#timer = undefined;
    const asked = [...this.#waiting];
    this.#waiting.clear();
    for (const requestId of asked) this.#context.post({ type: 'acd-offline', requestId });
  }
}
