/**
 * Writes down what has expired, so that its events come about. Nothing waits for it: an expired session is closed for everybody
 * from its last second on, and its numbers are free when their time is over.
 */
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import type { SessionStore } from './ports.ts';

/** Sessions that are closed in one transaction. */
const AT_ONCE = 200;

export class ExpirySweeper {
  readonly #sessions: Pick<SessionStore, 'closeExpired'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #everyMs: number;
  #timer: TimerHandle | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: {
    readonly sessions: Pick<SessionStore, 'closeExpired'>;
    readonly everySeconds: number;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#sessions = options.sessions;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#everyMs = options.everySeconds * 1000;
  }

  start(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#running = this.#sweep().then(() => {
        if (!this.#closed) this.start();
      });
    }, this.#everyMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    await this.#running;
  }

  async #sweep(): Promise<void> {
    try {
      let closed = AT_ONCE;
      while (closed >= AT_ONCE && !this.#closed) closed = await this.#sessions.closeExpired(AT_ONCE);
    } catch (error) {
      // They are closed all the same; the next sweep tells of it.
      this.#log.warn(
        { err: describeError(error) },
        'expired masking sessions could not be closed in the database',
      );
    }
  }
}
