/**
 * Writes down what becomes of masked calls. Only the beginning is waited for, since it may be refused; what follows is written
 * behind the calls: nobody's conversation waits for the database. What cannot be written is tried again, in order, so that no
 * session stays in progress for a call that is over; what a dead process has left is closed by `MaskedCallStore.recover`.
 */
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import type { BeginRefusal, MaskedCallStore } from './ports.ts';

export type MaskedLeg = Parameters<MaskedCallStore['begin']>[0];
export type CallTerms = Pick<Parameters<MaskedCallStore['begin']>[1], 'attemptsPerHour'>;
export type CallOutcome = Parameters<MaskedCallStore['ended']>[1];

/** Between two tries, milliseconds; the last one again and again. */
const PAUSES_MS = [200, 1_000, 5_000, 15_000];
/** Tries for one write, a quarter of an hour; after that something is wrong that time does not heal. */
const MOST_TRIES = 60;
/** So long a call waits to be begun, milliseconds: a failover of the database, and not more silence than a caller bears. */
const BEGIN_MS = 5_000;

/** The call may not begin, because nobody could be asked. */
export class NotBegun extends Error {
  override readonly name = 'NotBegun';

  constructor() {
    super(`the database has not answered within ${BEGIN_MS / 1000} s`);
  }
}

interface Write {
  readonly what: string;
  readonly run: () => Promise<void>;
}

interface Tracked {
  readonly sessionId: string | undefined;
  readonly writes: Write[];
  /** While the call waits to be begun: gives that up. */
  giveUp: (() => void) | undefined;
  answered: boolean;
  ended: boolean;
  tries: number;
  /** Nothing more is written of a call whose beginning was lost. */
  lost: boolean;
  running: boolean;
  timer: TimerHandle | undefined;
}

export class CallTracker {
  readonly #store: Pick<MaskedCallStore, 'begin' | 'answered' | 'ended'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #calls = new Map<string, Tracked>();
  #idle: (() => void) | undefined;
  #closed = false;

  constructor(options: {
    readonly store: Pick<MaskedCallStore, 'begin' | 'answered' | 'ended'>;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Writes that are not done yet. */
  get waiting(): number {
    let sum = 0;
    for (const { writes } of this.#calls.values()) sum += writes.length;
    return sum;
  }

  /**
   * Whoever may begin is told of by `answered` and `ended`. Nothing is kept of who may not.
   *
   * @param terms read within the same time, and again with each try.
   * @throws NotBegun the database does not answer; what it may have written is ended by `ended`.
   */
  begin(leg: MaskedLeg, terms: () => Promise<CallTerms>): Promise<BeginRefusal | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<BeginRefusal | undefined>();
    const tracked: Tracked = {
      ...{ sessionId: leg.sessionId, writes: [], answered: false, ended: false },
      ...{ tries: 0, lost: false, running: false, timer: undefined },
      giveUp: () => {
        this.#clock.clearTimeout(timer);
        tracked.giveUp = undefined;
        reject(new NotBegun());
      },
    };
    const timer = this.#clock.setTimeout(() => tracked.giveUp?.(), BEGIN_MS);
    const run = async (): Promise<void> => {
      // Whether an earlier try was written nobody knows; `ended` says what became of it.
      if (tracked.giveUp === undefined) return;
      const { attemptsPerHour } = await terms();
      const refusal = await this.#store.begin(leg, { attemptsPerHour, over: this.#over(leg.sessionId) });
      this.#clock.clearTimeout(timer);
      tracked.giveUp = undefined;
      if (refusal !== undefined) this.#calls.delete(leg.id);
      resolve(refusal);
    };
    this.#calls.set(leg.id, tracked);
    this.#add(leg.id, { what: 'begin', run });
    return promise;
  }

  answered(id: string): void {
    const tracked = this.#calls.get(id);
    if (tracked !== undefined) tracked.answered = true;
    this.#add(id, { what: 'answered', run: () => this.#store.answered(id) });
  }

  /** The last word on that call. */
  ended(id: string, outcome: CallOutcome): void {
    const tracked = this.#calls.get(id);
    if (tracked !== undefined) tracked.ended = true;
    this.#add(id, {
      what: 'ended',
      run: async () => {
        await this.#store.ended(id, outcome);
        this.#calls.delete(id);
      },
    });
  }

  /** Waits until everything is written, so long at most. Returns how many writes are lost; `recover` finds their calls. */
  async close(ms: number): Promise<number> {
    if (this.waiting > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#idle = resolve;
      const timer = this.#clock.setTimeout(resolve, ms);
      for (const [id, tracked] of this.#calls) this.#again(id, tracked);
      await promise;
      this.#clock.clearTimeout(timer);
    }
    this.#closed = true;
    for (const { timer, giveUp } of this.#calls.values()) {
      this.#clock.clearTimeout(timer);
      giveUp?.();
    }
    return this.waiting;
  }

  /** Of a group, one is called when the one before has not answered: that is known here before it is written. */
  #over(sessionId: string | undefined): readonly string[] {
    if (sessionId === undefined) return [];
    const over: string[] = [];
    for (const [id, tracked] of this.#calls)
      if (tracked.sessionId === sessionId && tracked.ended && !tracked.answered) over.push(id);
    return over;
  }

  #add(id: string, write: Write): void {
    const tracked = this.#calls.get(id);
    if (tracked === undefined) return;
    if (tracked.lost) {
      if (write.what === 'ended') this.#calls.delete(id);
      return;
    }
    tracked.writes.push(write);
    if (tracked.timer === undefined) void this.#work(id, tracked);
  }

  #again(id: string, tracked: Tracked): void {
    this.#clock.clearTimeout(tracked.timer);
    tracked.timer = undefined;
    void this.#work(id, tracked);
  }

  async #work(id: string, tracked: Tracked): Promise<void> {
    if (tracked.running || this.#closed) return;
    tracked.running = true;
    for (let write = tracked.writes[0]; write !== undefined; write = tracked.writes[0]) {
      try {
        await write.run();
      } catch (error) {
        if (!this.#mayTryAgain(id, tracked, write, error)) continue;
        tracked.running = false;
        return;
      }
      tracked.tries = 0;
      tracked.writes.shift();
    }
    tracked.running = false;
    if (this.waiting === 0) this.#idle?.();
  }

  /** False: it is given up, and so is what would follow it. */
  #mayTryAgain(id: string, tracked: Tracked, { what }: Write, error: unknown): boolean {
    tracked.tries += 1;
    const given = { callId: id, what, err: describeError(error) };
    if (tracked.tries >= MOST_TRIES) {
      this.#log.error(given, 'what became of a masked call could not be written');
      tracked.writes.length = 0;
      tracked.lost = true;
      if (what === 'ended') this.#calls.delete(id);
      return false;
    }
    if (tracked.tries === 1) this.#log.warn(given, 'a masked call could not be written; it is tried again');
    if (!this.#closed) {
      const pause = PAUSES_MS[Math.min(tracked.tries, PAUSES_MS.length) - 1] as number;
      tracked.timer = this.#clock.setTimeout(() => this.#again(id, tracked), pause);
    }
    return true;
  }
}
