import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { FenceRefusal } from './types.ts';

export interface RefusalFacts {
  readonly callId: string;
  readonly applicationId: string;
  readonly number?: PhoneNumber;
  readonly hint: string;
}

/** An attack refuses thousands: a warning per application and reason each time this has passed, milliseconds. */
const EVERY_MS = 10_000;

/** Counts refusals, and says them without filling the log. */
export class RefusalLog {
  readonly counts = new Map<FenceRefusal, number>();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #said = new Map<string, { at: number; unsaid: number }>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  note(reason: FenceRefusal, facts: RefusalFacts): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    const key = `${facts.applicationId} ${reason}`;
    const now = this.#clock.monotonic();
    const last = this.#said.get(key);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.unsaid += 1;
      return;
    }
    this.#said.set(key, { at: now, unsaid: 0 });
    this.#log.warn({ reason, ...facts, unsaid: last?.unsaid ?? 0 }, 'the fence refused a call');
  }
}
