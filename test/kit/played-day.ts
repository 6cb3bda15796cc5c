/**
 * A day of orders played on the tables of a node: each order is a masking session that is made and closed, or expires, and
 * calls between are resolved and held against what the orders themselves say. The time is that of the day; what shares no
 * people is done at once.
 */

import type { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { PlannedOrder } from '../../src/masking/plan-numbers.ts';
import { MaskingError } from '../../src/masking/ports.ts';
import type { Decision } from '../../src/masking/types.ts';
import { createResolver, type Resolver } from '../../src/node/resolver.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { type DayCall, Meetings } from './day-of-calls.ts';
import { inTurns } from './in-turns.ts';
import { person, sessionOf } from './masking-world.ts';
import type { OwnTimes } from './own-times.ts';

/** One order in so many is not closed by anybody: it expires. */
const EXPIRES_EACH = 10;
/** So much longer others would last, were they not closed. */
const LEFT_OPEN_SECONDS = 4 * 3_600;
/** After so much of the day, what has expired is written down, as a node does. */
const SLICE_MS = 30 * 60_000;
const SWEEP = 1_000;

export interface DayOnTables {
  /** Opened with `clock`. */
  readonly storage: Storage;
  readonly clock: OwnTimes;
  readonly applicationId: string;
  /** Times are milliseconds since the epoch. */
  readonly orders: readonly PlannedOrder[];
  readonly calls: readonly DayCall[];
  /** Writers and callers. */
  readonly atOnce: number;
}

export interface PlayedDay {
  readonly made: number;
  /** Orders for which no number was free; nobody calls on them. */
  readonly refused: number;
  /** Different service numbers that were given. */
  readonly numbers: number;
  /** Sessions that stand as live when the day is over. */
  readonly leftOpen: number;
  readonly calls: CallTally;
}

export interface CallTally {
  /** While their order ran, connected with the other of the two, who sees the number that was dialled. */
  right: number;
  /** While it ran, connected with somebody else, or for another order. */
  wrong: number;
  /** While it ran, and not connected. */
  missed: number;
  /** After its end, and not connected. */
  refused: number;
  /** After its end, connected with the same other, because another order of the two runs. */
  again: number;
  /** After its end, connected although no order of the two runs. */
  wrongLate: number;
}

interface Happening {
  readonly at: number;
  readonly kind: 0 | 1 | 2;
  readonly order: number;
  readonly byFirst: boolean;
}
/** At one moment, orders end before others begin, and then people call. */
const [END, BEGIN, CALL] = [0, 1, 2] as const;

/** Rejects when the database does, or refuses an order for anything but want of a number. */
export async function playDay(day: DayOnTables): Promise<PlayedDay> {
  const playing = new Playing(day);
  try {
    return await playing.run();
  } finally {
    playing.close();
  }
}

interface Open {
  readonly sessionId: string;
  readonly dialled: PhoneNumber;
}

interface Called {
  readonly order: number;
  readonly open: Open;
  readonly at: number;
  /** Names. */
  readonly caller: string;
  readonly callee: string;
  readonly decision: Decision;
}

class Playing {
  readonly #day: DayOnTables;
  readonly #meetings: Meetings;
  readonly #resolver: Resolver;
  readonly #people = new Map<string, number>();
  /** By order. */
  readonly #sessions = new Map<number, Open>();
  readonly #numbers = new Set<string>();
  readonly #calls: CallTally = { right: 0, wrong: 0, missed: 0, refused: 0, again: 0, wrongLate: 0 };
  #refused = 0;

  constructor(day: DayOnTables) {
    this.#day = day;
    this.#meetings = new Meetings(day.orders);
    const { answers, secrets, resolution } = day.storage.masking;
    this.#resolver = createResolver({
      ...{ store: resolution, answers, secrets, numbers: day.storage.directory },
      ...{ httpAllow: [], clock: day.clock, random: systemRandom },
    });
  }

  async run(): Promise<PlayedDay> {
    const { atOnce, clock, storage } = this.#day;
    const slices = Map.groupBy(this.#happenings(), ({ at }) => Math.floor(at / SLICE_MS));
    for (const [slice, happenings] of slices) {
      await inTurns(happenings, {
        atOnce,
        names: ({ order }) => [this.#order(order).a, this.#order(order).b],
        work: (happening) => clock.at(happening.at, () => this.#happen(happening)),
      });
      await clock.at((slice + 1) * SLICE_MS, () => this.#sweep());
    }
    return {
      made: this.#sessions.size,
      refused: this.#refused,
      numbers: this.#numbers.size,
      leftOpen: await storage.masking.countOpen(),
      calls: this.#calls,
    };
  }

  close(): void {
    this.#resolver.close();
  }

  /** In the order of their times. */
  #happenings(): readonly Happening[] {
    const { orders, calls } = this.#day;
    const happenings: Happening[] = calls.map((call) => ({ ...call, kind: CALL }));
    for (const [order, { start, end }] of orders.entries()) {
      happenings.push({ at: start, kind: BEGIN, order, byFirst: true });
      if (!expires(order)) happenings.push({ at: end, kind: END, order, byFirst: true });
    }
    return happenings.sort((one, other) => one.at - other.at || one.kind - other.kind);
  }

  async #happen({ kind, order, at, byFirst }: Happening): Promise<void> {
    if (kind === BEGIN) return await this.#begin(order);
    const open = this.#sessions.get(order);
    if (open === undefined) return;
    if (kind === CALL) return await this.#call(order, open, at, byFirst);
    await this.#day.storage.masking.sessions.close(open.sessionId, this.#day.applicationId, 'asked');
  }

  async #begin(order: number): Promise<void> {
    const { storage, applicationId } = this.#day;
    const { a, b, start, end } = this.#order(order);
    const ttlSeconds = (end - start) / 1000 + (expires(order) ? 0 : LEFT_OPEN_SECONDS);
    const indexes = [a, b].map((name) => this.#indexOf(name));
    const wish = sessionOf(applicationId, indexes, { externalId: `order ${order}`, rules: { ttlSeconds } });
    try {
      const { id, parties } = await storage.masking.sessions.create(wish);
      const [first] = parties;
      this.#sessions.set(order, { sessionId: id, dialled: first?.serviceNumber as PhoneNumber });
      for (const { serviceNumberId } of parties) this.#numbers.add(serviceNumberId);
    } catch (error) {
      if (!(error instanceof MaskingError) || error.code !== 'masking/no-number') throw error;
      this.#refused += 1;
    }
  }

  async #call(order: number, open: Open, at: number, byFirst: boolean): Promise<void> {
    const { a, b } = this.#order(order);
    const [caller, callee] = byFirst ? [a, b] : [b, a];
    const { decision } = await this.#resolver.resolve({
      ...{ applicationId: this.#day.applicationId, caller: this.#numberOf(caller), dialled: open.dialled },
      ...{ extension: undefined, chosen: undefined, callId: 'call' },
    });
    this.#calls[this.#judge({ order, open, at, caller, callee, decision })] += 1;
  }

  #judge({ order, open, at, caller, callee, decision }: Called): keyof CallTally {
    const inTime = at < this.#order(order).end;
    if (decision.kind !== 'connect') return inTime ? 'missed' : 'refused';
    const [reached, ...others] = decision.callees;
    const isCallee = others.length === 0 && reached?.number.equals(this.#numberOf(callee)) === true;
    if (!isCallee || !reached.show.equals(open.dialled)) return inTime ? 'wrong' : 'wrongLate';
    if (inTime) return decision.sessionId === open.sessionId ? 'right' : 'wrong';
    return this.#meetings.run(caller, callee, at) ? 'again' : 'wrongLate';
  }

  async #sweep(): Promise<void> {
    const { sessions } = this.#day.storage.masking;
    while ((await sessions.closeExpired(SWEEP)) === SWEEP);
  }

  #order(index: number): PlannedOrder {
    return this.#day.orders[index] as PlannedOrder;
  }

  #indexOf(name: string): number {
    const known = this.#people.get(name) ?? this.#people.size;
    this.#people.set(name, known);
    return known;
  }

  #numberOf(name: string): PhoneNumber {
    return person(this.#indexOf(name));
  }
}

const expires = (order: number): boolean => order % EXPIRES_EACH === 0;
