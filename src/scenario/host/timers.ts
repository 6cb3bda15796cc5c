/** The timers of one session, on the host's clock. */
import type { TimerHandle } from '../../kernel/clock.ts';
import type { SessionContext } from './session-context.ts';

export class SessionTimers {
  readonly #context: SessionContext;
  readonly #timers = new Map<number, TimerHandle>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  set(timerId: number, ms: number, repeat: boolean): void {
    const { services, log } = this.#context;
    if (this.#timers.size >= services.limits.timers) {
      log('warn', `A session has at most ${services.limits.timers} timers.`);
      return;
    }
    services.clock.clearTimeout(this.#timers.get(timerId));
    this.#arm(timerId, ms, repeat);
  }

  clear(timerId: number): void {
    this.#context.services.clock.clearTimeout(this.#timers.get(timerId));
    this.#timers.delete(timerId);
  }

  close(): void {
    for (const handle of this.#timers.values()) this.#context.services.clock.clearTimeout(handle);
    this.#timers.clear();
  }

  #arm(timerId: number, ms: number, repeat: boolean): void {
    const fire = (): void => {
      this.#timers.delete(timerId);
      if (repeat) this.#arm(timerId, ms, repeat);
      this.#context.post({ type: 'timer', timerId });
    };
    this.#timers.set(timerId, this.#context.services.clock.setTimeout(fire, ms));
  }
}
