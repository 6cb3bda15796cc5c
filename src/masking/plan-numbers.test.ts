import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlannedOrder, planNumbers } from './plan-numbers.ts';

const order = (a: string, b: string, start: number, end: number): PlannedOrder => ({ a, b, start, end });
const plan = (orders: readonly PlannedOrder[], coolOffMs = 0) => planNumbers(orders, { coolOffMs });

describe('how many numbers orders need', () => {
  it('none for no orders, one for any number of pairs that share nobody', () => {
    expect(plan([])).toEqual({ orders: 0, numbers: 0, lowerBound: 0, atOnce: 0 });
    const pairs = Array.from({ length: 50 }, (_, i) => order(`driver ${i}`, `passenger ${i}`, 0, 10));
    expect(plan(pairs)).toEqual({ orders: 50, numbers: 1, lowerBound: 1, atOnce: 50 });
  });

  it('as many as a driver has passengers at once', () => {
    const orders = [
      order('d', 'p1', 0, 10),
      order('d', 'p2', 5, 15),
      order('d', 'p3', 9, 20),
      order('d', 'p4', 10, 20),
    ];
    expect(plan(orders)).toMatchObject({ numbers: 3, lowerBound: 3, atOnce: 3 });
  });

  it('more while numbers cool off', () => {
    const orders = [order('d', 'p1', 0, 10), order('d', 'p2', 20, 30)];
    expect(plan(orders, 10)).toMatchObject({ numbers: 1 });
    expect(plan(orders, 11)).toMatchObject({ numbers: 2, lowerBound: 2, atOnce: 1 });
  });

  it('the same two keep their number, whatever else they do meanwhile', () => {
    const orders = [order('d', 'p', 0, 10), order('d', 'q', 5, 30), order('p', 'd', 12, 40)];
    expect(plan(orders, 5)).toMatchObject({ numbers: 2, lowerBound: 2 });
  });

  it('two for two orders of the same two at once: a call means one of them', () => {
    const orders = [order('d', 'p', 0, 10), order('p', 'd', 5, 15), order('d', 'p', 12, 20)];
    expect(plan(orders, 100)).toMatchObject({ numbers: 2, lowerBound: 1 });
  });

  it('refuses orders that are none', () => {
    expect(() => plan([order('d', 'p', 10, 5)])).toThrow(RangeError);
    expect(() => plan([order('d', 'd', 0, 5)])).toThrow(RangeError);
  });

  it('never less than the bound', () => {
    fc.assert(
      fc.property(someOrders, fc.nat(20), (orders, coolOffMs) => {
        const { numbers, lowerBound } = plan(orders, coolOffMs);
        expect(numbers).toBeGreaterThanOrEqual(lowerBound);
      }),
      { numRuns: 300 },
    );
  });

  it('never twice as much where no two have two orders at once: two people have at most so many others', () => {
    fc.assert(
      fc.property(someOrders, fc.nat(20), (orders, coolOffMs) => {
        const { numbers, lowerBound } = plan(onceAtATime(orders), coolOffMs);
        expect(numbers).toBeLessThanOrEqual(Math.max(1, 2 * lowerBound - 1));
      }),
      { numRuns: 300 },
    );
  });
});

const name = fc.integer({ min: 0, max: 12 }).map(String);
const someOrders = fc.array(
  fc
    .record({ a: name, b: name, start: fc.nat(100), lasts: fc.nat(40) })
    .filter(({ a, b }) => a !== b)
    .map(({ a, b, start, lasts }) => order(a, b, start, start + lasts)),
  { maxLength: 60 },
);

/** Without those that begin while another one of the same two runs. */
function onceAtATime(orders: readonly PlannedOrder[]): readonly PlannedOrder[] {
  const ends = new Map<string, number>();
  return orders
    .toSorted((one, other) => one.start - other.start)
    .filter(({ a, b, start, end }) => {
      const two = [a, b].sort().join(' ');
      if ((ends.get(two) ?? 0) > start) return false;
      ends.set(two, end);
      return true;
    });
}
