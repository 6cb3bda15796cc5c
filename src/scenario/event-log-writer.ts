/** Write-behind of event logs, and their end: what is too old or too much is purged. A log is never worth a call. */
import type { Clock } from '../kernel/clock.ts';
import { LateWriter } from '../kernel/late-writer.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import type { EventLog, EventLogStore } from './event-log.ts';

/** Sessions written in one statement. */
const AT_ONCE = 20;
/** What waits while the database is away, sessions. */
const MAX_WAITING = 500;
/** Not at the moment at which traces are purged. */
const FIRST_PURGE_MS = 40_000;

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
  readonly #writer: LateWriter;
  #lost = 0;

  constructor(options: EventLogWriterOptions) {
    this.#options = options;
    const { store, settings, clock, log } = options;
    const work = {
      write: () => this.#write(),
      waits: () => this.#waiting.length > 0,
      failed: (error: unknown) =>
        log.warn({ err: describeError(error) }, 'event logs of scenarios cannot be written yet'),
      purge: async () => {
        await store.purge(clock.now() - settings.hours * 3_600_000, settings.totalMegabytes * 1024 * 1024);
      },
      purgeFailed: (error: unknown) =>
        log.warn({ err: describeError(error) }, 'old event logs of scenarios could not be deleted yet'),
    };
    this.#writer = new LateWriter(work, clock, FIRST_PURGE_MS);
  }

  /** Sessions that are not written yet, and those that were given up. */
  get counts(): { readonly waiting: number; readonly lost: number } {
    return { waiting: this.#waiting.length, lost: this.#lost };
  }

  add(log: EventLog): void {
    if (this.#writer.closed || this.#waiting.length >= MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(log);
    this.#writer.arm();
  }

  /** Writes what waits, two seconds at the most. */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  /** What was not written stays where it waits. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const some = this.#waiting.slice(0, AT_ONCE);
      await this.#options.store.append(some);
      this.#waiting.splice(0, some.length);
    }
  }
}
