/**
 * What a trunk did, by the hour: calls offered, answered and failed, seconds of talk, most calls at once. The answer-
 * seizure ratio (ASR) is answered ÷ offered, the average call duration (ACD) talk seconds ÷ answered (ITU-T E.411, E.425).
 * Totals since the start are for Prometheus, which keeps them over restarts; the hours answer "when is it busiest".
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Direction } from './trunk-load.ts';

/** Why a call failed: the class of its final status; `cancelled` is whoever called; `limit` never left or never came in. */
export const FAILURES = ['3xx', '4xx', '5xx', '6xx', 'cancelled', 'no-answer', 'limit'] as const;
export type Failure = (typeof FAILURES)[number];

export interface TrunkTotals {
  readonly offered: number;
  readonly answered: number;
  readonly failed: Readonly<Partial<Record<Failure, number>>>;
  /** Of calls that have ended. */
  readonly talkSeconds: number;
}

export interface TrunkHour extends TrunkTotals {
  /** Its beginning, ms since the epoch. */
  readonly from: number;
  /** Most calls at once, both directions. */
  readonly most: number;
  /** Answered ÷ offered; undefined without calls. */
  readonly asr: number | undefined;
  /** Seconds; undefined without an answered call that has ended. */
  readonly acdSeconds: number | undefined;
}

interface Counts {
  offered: number;
  answered: number;
  /** Of those answered, the ones that have ended. */
  ended: number;
  readonly failed: Partial<Record<Failure, number>>;
  talkSeconds: number;
}

interface Hour extends Counts {
  readonly from: number;
  most: number;
}

interface Held {
  readonly inbound: Counts;
  readonly outbound: Counts;
  /** The current hour last; at most a day. */
  readonly hours: Hour[];
  now: number;
}

const HOUR_MS = 3_600_000;
const HOURS_KEPT = 25;

/** One call, from its INVITE to its end. Each of `answered` and `ended` at most once. */
export interface CountedCall {
  answered(): void;
  /** `failure` where it was not answered. */
  ended(failure: Failure): void;
}

export class TrunkStatistics {
  readonly #clock: Clock;
  readonly #trunks = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A call is offered: an INVITE leaves over the trunk, or one has come in from it. */
  offered(trunkId: string, direction: Direction): CountedCall {
    const held = this.#heldOf(trunkId);
    this.#count(held, direction, (counts) => {
      counts.offered += 1;
    });
    held.now += 1;
    const hour = this.#hourOf(held);
    hour.most = Math.max(hour.most, held.now);
    let answeredAt: number | undefined;
    return {
      answered: () => {
        answeredAt = this.#clock.monotonic();
        this.#count(held, direction, (counts) => {
          counts.answered += 1;
        });
      },
      ended: (failure) => {
        held.now -= 1;
        const seconds = answeredAt === undefined ? 0 : (this.#clock.monotonic() - answeredAt) / 1000;
        this.#count(held, direction, (counts) => {
          if (answeredAt === undefined) counts.failed[failure] = (counts.failed[failure] ?? 0) + 1;
          else counts.ended += 1;
          counts.talkSeconds += seconds;
        });
      },
    };
  }

  /** A call that a limit has kept out. */
  refused(trunkId: string, direction: Direction): void {
    this.#count(this.#heldOf(trunkId), direction, (counts) => {
      counts.failed.limit = (counts.failed.limit ?? 0) + 1;
    });
  }

  totals(trunkId: string, direction: Direction): TrunkTotals {
    return this.#trunks.get(trunkId)?.[direction] ?? newCounts();
  }

  /** The current hour, and the one of the last 24 with most seconds of talk: undefined before the first call. */
  hours(trunkId: string): { readonly current: TrunkHour; readonly busiest: TrunkHour } | undefined {
    const held = this.#trunks.get(trunkId);
    if (held === undefined) return undefined;
    const current = this.#hourOf(held);
    const busiest = held.hours.reduce((best, hour) => (load(hour) > load(best) ? hour : best), current);
    return { current: publicHour(current), busiest: publicHour(busiest) };
  }

  keepOnly(trunkIds: ReadonlySet<string>): void {
    for (const [id, held] of this.#trunks) if (!trunkIds.has(id) && held.now === 0) this.#trunks.delete(id);
  }

  #count(held: Held, direction: Direction, change: (counts: Counts) => void): void {
    change(held[direction]);
    change(this.#hourOf(held));
  }

  #heldOf(trunkId: string): Held {
    let held = this.#trunks.get(trunkId);
    if (held === undefined) {
      held = { inbound: newCounts(), outbound: newCounts(), hours: [], now: 0 };
      this.#trunks.set(trunkId, held);
    }
    return held;
  }

  #hourOf(held: Held): Hour {
    const from = Math.floor(this.#clock.now() / HOUR_MS) * HOUR_MS;
    const last = held.hours.at(-1);
    // A clock that was set back must not begin an hour twice.
    if (last !== undefined && last.from >= from) return last;
    const hour = { ...newCounts(), from, most: held.now };
    held.hours.push(hour);
    while (held.hours.length > HOURS_KEPT || held.hours[0]!.from <= from - 24 * HOUR_MS) held.hours.shift();
    return hour;
  }
}

function newCounts(): Counts {
  return { offered: 0, answered: 0, ended: 0, failed: {}, talkSeconds: 0 };
}

/** Traffic first; where nobody talked, the most calls at once. */
function load({ talkSeconds, most }: Hour): number {
  return talkSeconds * 1_000 + most;
}

function publicHour({ ended, ...hour }: Hour): TrunkHour {
  return {
    ...hour,
    failed: { ...hour.failed },
    asr: hour.offered === 0 ? undefined : hour.answered / hour.offered,
    acdSeconds: ended === 0 ? undefined : hour.talkSeconds / ended,
  };
}
