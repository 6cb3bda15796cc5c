import type { TimerHandle } from '../../kernel/clock.ts';
import { LeasedUnits } from './leased-units.ts';
import type { FenceRefusal, FenceRules, Lease, LeaseWish } from './types.ts';

/** A dial that waits for the database, because the leased units were used up. */
export interface Waiting {
  /** Whether a wish that counts it is on its way. */
  asked: boolean;
  readonly timer: TimerHandle;
  readonly decide: (refusal: FenceRefusal | undefined) => void;
}

/** The counted units of one application on this node. */
export class Book {
  readonly applicationId: string;
  readonly concurrent = new LeasedUnits('concurrent');
  readonly minute = new LeasedUnits('minute');
  waiting: Waiting[] = [];

  constructor(applicationId: string) {
    this.applicationId = applicationId;
  }

  /** Takes one unit of each kind, or none, and says which is missing. */
  take(now: number, rules: FenceRules): FenceRefusal | undefined {
    if (!this.minute.take(now, rules.callsPerMinute)) return 'fence/calls-per-minute';
    if (this.concurrent.take(now, rules.concurrentCalls)) return undefined;
    this.minute.giveBack();
    return 'fence/concurrent-calls';
  }

  /** Whether the limits are reached by this node alone, so that no database can help. */
  isFull(now: number, rules: FenceRules): boolean {
    return (
      this.minute.inUse(now) >= rules.callsPerMinute || this.concurrent.inUse(now) >= rules.concurrentCalls
    );
  }

  isLow(now: number, rules: FenceRules): boolean {
    return this.minute.isLow(now, rules.callsPerMinute) || this.concurrent.isLow(now, rules.concurrentCalls);
  }

  wishes(now: number, rules: FenceRules): LeaseWish[] {
    for (const one of this.waiting) one.asked = true;
    const { applicationId } = this;
    const waiting = this.waiting.length;
    return [
      { applicationId, ...this.concurrent.wish(now, rules.concurrentCalls, waiting) },
      { applicationId, ...this.minute.wish(now, rules.callsPerMinute, waiting) },
    ];
  }

  lastWishes(now: number, rules: FenceRules): LeaseWish[] {
    const { applicationId } = this;
    return [
      { applicationId, ...this.concurrent.lastWish(now, rules.concurrentCalls) },
      { applicationId, ...this.minute.lastWish(now, rules.callsPerMinute) },
    ];
  }

  renewed(lease: Lease): void {
    this[lease.unit].renewed(lease);
  }

  /** Those that wait and were asked for; they are decided now. */
  takeAsked(): readonly Waiting[] {
    const asked = this.waiting.filter((one) => one.asked);
    this.waiting = this.waiting.filter((one) => !one.asked);
    return asked;
  }
}
