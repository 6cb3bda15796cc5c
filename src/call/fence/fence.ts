import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { ERRORS } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { Random } from '../../kernel/random.ts';
import type { CallTarget } from '../../sip/user-agent/types.ts';
import type { Call } from '../types.ts';
import { DailyMinutes } from './daily-minutes.ts';
import { judgeDestination } from './destination.ts';
import { Leases } from './leases.ts';
import { RefusalLog } from './refusal-log.ts';
import {
  type FenceDirectory,
  type FenceRefusal,
  type FenceRules,
  type FenceStore,
  SYNC_MS,
} from './types.ts';

export interface FenceOptions {
  readonly store: FenceStore;
  readonly directory: FenceDirectory;
  /** Our own SIP domain. */
  readonly domain: string;
  /** Name of this node. */
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A call that wants to leave. */
export interface Applicant {
  readonly call: Pick<Call, 'id' | 'events' | 'ended'>;
  readonly applicationId: string;
  readonly target: CallTarget;
  /** Ends the call and what belongs to it: it has lasted as long as a call may. */
  readonly cutOff: () => void;
}

/** What the fence answers at once, or after having asked the database: why not, or nothing. */
export type Admitted = FenceRefusal | undefined | Promise<FenceRefusal | undefined>;

/** What the last words to the database may take, milliseconds. */
const CLOSE_MS = 2_000;

/** The toll-fraud fence of all applications on this node; `types.ts` tells how its counters work. */
export class Fence {
  readonly #options: FenceOptions;
  readonly #leases: Leases;
  readonly #minutes = new DailyMinutes();
  readonly #refusals: RefusalLog;
  #timer: TimerHandle | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: FenceOptions) {
    this.#options = options;
    this.#leases = new Leases(options);
    this.#refusals = new RefusalLog(options.clock, options.log);
  }

  /** With the first leases and today's minutes. Rejects when the database cannot be reached. */
  static async open(options: FenceOptions): Promise<Fence> {
    const fence = new Fence(options);
    await fence.#leases.begin();
    await fence.#writeSeconds();
    fence.#schedule();
    return fence;
  }

  /** Refusals since the start, by error. For metrics. */
  get refused(): ReadonlyMap<FenceRefusal, number> {
    return this.#refusals.counts;
  }

  /**
   * Whether the call may be begun. It is counted from now on until it ends, so an answer of `undefined` must be followed by
   * the call. Nearly always decided at once; a promise is decided within `LEASE_WAIT_MS`.
   */
  admit(applicant: Applicant): Admitted {
    const { directory, domain, clock } = this.#options;
    const { applicationId, target } = applicant;
    const fence = directory.fenceOf(applicationId);
    if (fence === undefined) return this.#refuse('fence/destination', applicant);
    const verdict = judgeDestination(target, fence, directory, domain);
    if (verdict === 'free') return undefined;
    if (verdict !== 'counted') return this.#refuse(verdict, applicant);
    const { rules } = fence;
    if (this.#minutes.used(applicationId) >= rules.dailyMinutes * 60) {
      return this.#refuse('fence/daily-minutes', applicant);
    }
    const taken = this.#leases.take(applicationId, rules, clock.monotonic());
    if (taken instanceof Promise) return taken.then((refusal) => this.#decided(refusal, applicant, rules));
    return this.#decided(taken, applicant, rules);
  }

  /** Whether a call that was admitted may be redirected to that number. It stays one call in all counters. */
  allows(applicationId: string, number: PhoneNumber): boolean {
    const { directory, domain } = this.#options;
    const fence = directory.fenceOf(applicationId);
    if (fence === undefined) return false;
    const verdict = judgeDestination({ kind: 'trunk', number }, fence, directory, domain);
    return verdict === 'free' || verdict === 'counted';
  }

  /** Gives leases back and writes what is not written yet; at most two seconds. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => late.resolve(), CLOSE_MS);
    const lastWords = this.#syncing.then(async () => {
      await this.#writeSeconds();
      await this.#leases.close();
    });
    await Promise.race([lastWords.catch(() => undefined), late.promise]);
    clock.clearTimeout(timer);
  }

  #decided(refusal: FenceRefusal | undefined, applicant: Applicant, rules: FenceRules): Admitted {
    if (refusal !== undefined) return this.#refuse(refusal, applicant);
    this.#watch(applicant, rules);
    return undefined;
  }

  #refuse(refusal: FenceRefusal, { call, applicationId, target }: Applicant): FenceRefusal {
    const where = target.kind === 'trunk' ? { number: target.number } : { kind: target.kind };
    this.#refusals.note(refusal, { callId: call.id, applicationId, ...where, hint: ERRORS[refusal].hint });
    return refusal;
  }

  /** From the answer on it costs: seconds are counted, and the longest call is limited. */
  #watch({ call, applicationId, cutOff }: Applicant, rules: FenceRules): void {
    const { clock, log } = this.#options;
    let timer: TimerHandle | undefined;
    call.events.on('connected', () => {
      this.#minutes.start(call, applicationId, clock.monotonic());
      timer = clock.setTimeout(() => {
        log.warn({ callId: call.id, applicationId }, 'the fence ends a call that lasts too long');
        cutOff();
      }, rules.longestCallSeconds * 1000);
    });
    void call.ended.then(() => {
      clock.clearTimeout(timer);
      this.#minutes.end(call, clock.monotonic());
      this.#leases.callEnded(applicationId);
    });
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#syncing = this.#sync().finally(() => {
        if (!this.#closed) this.#schedule();
      });
    }, SYNC_MS);
  }

  async #sync(): Promise<void> {
    try {
      await this.#writeSeconds();
      await this.#leases.renewAll();
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'the counters of the fence cannot reach the database; calls go on within what this node had leased',
      );
    }
  }

  async #writeSeconds(): Promise<void> {
    const { store, directory, clock } = this.#options;
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    const used = this.#minutes.collect(directory.fencedApplications(), day, clock.monotonic());
    if (used.length === 0) return;
    try {
      this.#minutes.written(await store.addSeconds(day, used));
    } catch (error) {
      this.#minutes.notWritten(used);
      throw error;
    }
  }
}
