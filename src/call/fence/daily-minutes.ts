import type { UsedSeconds } from './types.ts';

/** Seconds of one application on one day. */
interface DayCount {
  /** Of all nodes, as the database said last. */
  total: number;
  /** Of this node, not written yet. */
  unwritten: number;
}

/**
 * How long calls have lasted today, per application. Running calls are counted as they run. What could not be written is
 * kept and written later; should an answer be lost on its way, the same seconds count twice, which errs on the safe side.
 */
export class DailyMinutes {
  #day = '';
  readonly #counts = new Map<string, DayCount>();
  /** Running calls: since when (monotonic ms) they have not been counted. */
  readonly #running = new Map<object, { readonly applicationId: string; since: number }>();

  start(call: object, applicationId: string, now: number): void {
    this.#running.set(call, { applicationId, since: now });
  }

  end(call: object, now: number): void {
    this.#count(call, now);
    this.#running.delete(call);
  }

  /** Seconds of today so far. */
  used(applicationId: string): number {
    const count = this.#counts.get(applicationId);
    return count === undefined ? 0 : count.total + count.unwritten;
  }

  /** What is to be written for `day` now. A new day begins at 0; what was not written of the old one is written to it. */
  collect(applications: readonly string[], day: string, now: number): readonly UsedSeconds[] {
    for (const call of this.#running.keys()) this.#count(call, now);
    if (day !== this.#day) {
      for (const count of this.#counts.values()) count.total = 0;
      this.#day = day;
    }
    return applications.map((applicationId) => {
      const count = this.#of(applicationId);
      const seconds = count.unwritten;
      count.unwritten = 0;
      count.total += seconds;
      return { applicationId, seconds };
    });
  }

  written(totals: readonly UsedSeconds[]): void {
    for (const { applicationId, seconds } of totals) this.#of(applicationId).total = seconds;
  }

  notWritten(used: readonly UsedSeconds[]): void {
    for (const { applicationId, seconds } of used) {
      const count = this.#of(applicationId);
      count.unwritten += seconds;
      count.total = Math.max(0, count.total - seconds);
    }
  }

  #count(call: object, now: number): void {
    const run = this.#running.get(call);
    if (run === undefined) return;
    this.#of(run.applicationId).unwritten += (now - run.since) / 1000;
    run.since = now;
  }

  #of(applicationId: string): DayCount {
    let count = this.#counts.get(applicationId);
    if (count === undefined) {
      count = { total: 0, unwritten: 0 };
      this.#counts.set(applicationId, count);
    }
    return count;
  }
}
