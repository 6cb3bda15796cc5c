/**
 * How many service numbers a set of orders needs. Two people of one order meet on one number (AXB), and nobody may meet
 * two others on the same number at a time, nor so soon afterwards that an old call would reach the wrong one: an edge
 * colouring of a graph whose edges come and go. Numbers are given as a node gives them (`storage/masking-slots.ts`), order by
 * order and without knowing the next one: the one on which the two cool off, or else the first that is free for both. While
 * an order of theirs runs, another one of the same two has another number: a call means one order.
 */

/** Times in milliseconds. Whom `a` and `b` name does not matter here, only whether they are the same. */
export interface PlannedOrder {
  readonly a: string;
  readonly b: string;
  readonly start: number;
  /** From then on nobody of the two may call the other. */
  readonly end: number;
}

export interface NumberPlan {
  readonly orders: number;
  /** So many numbers are enough. */
  readonly numbers: number;
  /** Fewer cannot be enough: somebody has so many counterparts at once, cool-off included. */
  readonly lowerBound: number;
  /** Orders at once at the busiest moment, without cool-off. */
  readonly atOnce: number;
}

/** @throws RangeError for an order that ends before it begins, or of one person alone. */
export function planNumbers(
  orders: Iterable<PlannedOrder>,
  options: { readonly coolOffMs: number },
): NumberPlan {
  const steps = planSteps(orders, options);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Counterparts and numbers looked at between two yields; less than a millisecond. */
const WORK_PER_STEP = 5_000;

/** The same, yielding now and then, so that whoever has other work to do can do it. */
export function* planSteps(
  orders: Iterable<PlannedOrder>,
  options: { readonly coolOffMs: number },
): Generator<void, NumberPlan> {
  const sorted = [...orders].sort((one, other) => one.start - other.start);
  const people = new Map<string, Counterparts>();
  const of = (name: string): Counterparts => {
    const known = people.get(name) ?? new Counterparts();
    people.set(name, known);
    return known;
  };
  let numbers = 0;
  let lowerBound = 0;
  let work = 0;
  for (const { a, b, start, end } of sorted) {
    if (end < start) throw new RangeError('an order ends before it begins');
    if (a === b) throw new RangeError('an order is of one person alone');
    const [one, other] = [of(a), of(b)];
    work += 10 + one.size + other.size;
    one.forget(start);
    other.forget(start);
    const number = one.coolingWith(b, start) ?? firstFree(one, other);
    const until = end + options.coolOffMs;
    one.meet(number, { with: b, end, until });
    other.meet(number, { with: a, end, until });
    numbers = Math.max(numbers, number);
    lowerBound = Math.max(lowerBound, one.counterparts, other.counterparts);
    work += number;
    if (work >= WORK_PER_STEP) {
      work = 0;
      yield;
    }
  }
  return { orders: sorted.length, numbers, lowerBound, atOnce: mostAtOnce(sorted) };
}

/** Numbers are 1, 2, 3 … */
function firstFree(one: Counterparts, other: Counterparts): number {
  let number = 1;
  while (one.has(number) || other.has(number)) number += 1;
  return number;
}

interface Meeting {
  readonly with: string;
  readonly end: number;
  /** The end of the cool-off. */
  readonly until: number;
}

/** Whom one person may meet, each on a number of their own. */
class Counterparts {
  readonly #byNumber = new Map<number, Meeting>();

  /** Numbers that are held. */
  get size(): number {
    return this.#byNumber.size;
  }

  get counterparts(): number {
    return new Set([...this.#byNumber.values()].map((meeting) => meeting.with)).size;
  }

  has(number: number): boolean {
    return this.#byNumber.has(number);
  }

  /** The first number on which no order of the two runs any more. */
  coolingWith(name: string, now: number): number | undefined {
    let first: number | undefined;
    for (const [number, meeting] of this.#byNumber)
      if (meeting.with === name && meeting.end <= now && !(number >= (first ?? Infinity))) first = number;
    return first;
  }

  meet(number: number, meeting: Meeting): void {
    this.#byNumber.set(number, meeting);
  }

  forget(now: number): void {
    for (const [number, { until }] of this.#byNumber) if (until <= now) this.#byNumber.delete(number);
  }
}

function mostAtOnce(orders: readonly PlannedOrder[]): number {
  const starts = Float64Array.from(orders, ({ start }) => start).sort();
  const ends = Float64Array.from(orders, ({ end }) => end).sort();
  let ended = 0;
  let most = 0;
  for (const [begun, start] of starts.entries()) {
    // Who ends at a moment makes room for who begins at it.
    while (ends[ended]! <= start) ended += 1;
    most = Math.max(most, begun + 1 - ended);
  }
  return most;
}
