/** Write-behind of event logs, and their end: what is too old or too much is purged. A log is never worth a call. */
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import type { EventLog, EventLogStore } from './event-log.ts';

/** How long sessions that have ended wait for company; a process that is killed loses as much. */
const FLUSH_MS = 1_000;
const RETRY_MS = 5_000;
/** Sessions written in one statement. */
const AT_ONCE = 20;
/** What waits while the database is away, sessions. */
const MAX_WAITING = 500;
const PURGE_MS = 600_000;
/** After the start: a node that is often started again deletes, too. */
const FIRST_PURGE_MS = 40_000;
const CLOSE_MS = 2_000;

export interface EventLogSettings {
  /** How long logs are kept. */
  readonly hours: number;
  /** Of all sessions, as stored. */
  readonly totalMegabytes: number;
}

export interface EventLogWriterOptions {
  readonly store: EventLogStore;
  readonly settings: EventLogSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

export class EventLogWriter {
  readonly #options: EventLogWriterOptions;
  readonly #waiting: EventLog[] = [];
  #lost = 0;
  #timer: TimerHandle | undefined;
  #purgeTimer: TimerHandle | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: EventLogWriterOptions) {
    this.#options = options;
    this.#schedulePurge(FIRST_PURGE_MS);
  }

  /** Sessions that are not written yet, and those that were given up. */
  get counts(): { readonly waiting: number; readonly lost: number } {
    return { waiting: this.#waiting.length, lost: this.#lost };
  }

  add(log: EventLog): void {
    if (this.#closed || this.#waiting.length >= MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(log);
    this.#arm(FLUSH_MS);
  }

  /** Writes what waits, two seconds at the most. */
  async close(): Promise<void> {
    this.#closed = true;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#purgeTimer);
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => late.resolve(), CLOSE_MS);
    await Promise.race([this.#flush(), late.promise]);
    clock.clearTimeout(timer);
  }

  #arm(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, ms);
  }

  async #flush(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    this.#writing = this.#write();
    const failed = await this.#writing.then(
      () => false,
      (error: unknown) => {
        this.#options.log.warn(
          { err: describeError(error) },
          'event logs of scenarios cannot be written yet',
        );
        return true;
      },
    );
    this.#writing = undefined;
    if (this.#waiting.length > 0) this.#arm(failed ? RETRY_MS : FLUSH_MS);
  }

  /** What was not written stays where it waits. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const some = this.#waiting.slice(0, AT_ONCE);
      await this.#options.store.append(some);
      this.#waiting.splice(0, some.length);
    }
  }

  #schedulePurge(ms: number): void {
    this.#purgeTimer = this.#options.clock.setTimeout(() => {
      void this.#purge().finally(() => {
        if (!this.#closed) this.#schedulePurge(PURGE_MS);
      });
    }, ms);
  }

  async #purge(): Promise<void> {
    const { store, settings, clock, log } = this.#options;
    try {
      await store.purge(clock.now() - settings.hours * 3_600_000, settings.totalMegabytes * 1024 * 1024);
    } catch (error) {
      log.warn({ err: describeError(error) }, 'old event logs of scenarios could not be deleted yet');
    }
  }
}
