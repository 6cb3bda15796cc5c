import { describe, expect, it } from 'vitest';
import { batchesOf, inOrder } from './masking-many.ts';

describe('inOrder', () => {
  it('does what shares a name one after the other, and the rest at once', async () => {
    const names = [['a'], ['b'], ['a', 'c'], ['d'], ['c'], ['e']];
    const running = new Set<number>();
    const begun: number[] = [];
    let most = 0;
    const results = await inOrder([0, 1, 2, 3, 4, 5], names, async (item) => {
      begun.push(item);
      for (const other of running)
        expect(
          names[item]?.some((name) => names[other]?.includes(name)),
          `${item} beside ${other}`,
        ).toBe(false);
      running.add(item);
      most = Math.max(most, running.size);
      for (let turn = 0; turn < 5 - item; turn++) await Promise.resolve();
      running.delete(item);
      return item * 10;
    });
    expect(results).toEqual([0, 10, 20, 30, 40, 50]);
    expect(most).toBeGreaterThan(1);
    expect(begun.indexOf(0)).toBeLessThan(begun.indexOf(2));
    expect(begun.indexOf(2)).toBeLessThan(begun.indexOf(4));
  });

  it('rejects when what had begun has ended, and begins nothing more', async () => {
    const ended: number[] = [];
    const work = async (item: number): Promise<void> => {
      if (item === 1) throw new Error('no database');
      await Promise.resolve();
      ended.push(item);
    };
    const items = Array.from({ length: 20 }, (_, index) => index);
    await expect(
      inOrder(
        items,
        items.map((item) => [`${item}`]),
        work,
      ),
    ).rejects.toThrow('no database');
    expect(ended.length).toBeLessThan(19);
  });
});

describe('batchesOf', () => {
  it('puts together what has one key and shares no name, and keeps the order of what does', () => {
    const names = [['a', 'b'], ['c'], ['a'], ['d'], ['c', 'a'], ['e'], ['f']];
    const keys = ['x', 'x', 'x', undefined, 'x', 'x', undefined];
    expect(batchesOf(names, keys, 10)).toEqual([[0, 1, 5], [2], [3, 6], [4]]);
    expect(batchesOf(names, keys, 2)).toEqual([[0, 1], [2, 5], [3, 6], [4]]);
    expect(batchesOf([], [], 10)).toEqual([]);
  });
});
