import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../kernel/seeded-random.ts';
import { checkDigit, drawExtensions, isExtension } from './extension-digits.ts';

const isDrawn = (text: string): boolean => checkDigit(text.slice(0, -1)) === text.at(-1);

describe('extensions', () => {
  it('the check digit is that of the table: the example of its author', () => {
    expect(checkDigit('572')).toBe('4');
  });

  it('say their length first, so that none is the beginning of another', () => {
    const drawn = Array.from({ length: 50 }, (_, seed) => drawExtensions(seededRandom(seed))).flat();
    const lengths = new Map<string, Set<number>>();
    for (const one of drawn) {
      expect(isExtension(one)).toBe(true);
      const first = one.slice(0, 1);
      lengths.set(first, (lengths.get(first) ?? new Set()).add(one.length));
    }
    expect([...lengths.keys()].sort().join('')).toBe('23456789');
    for (const [first, found] of lengths) expect(found.size, `lengths after ${first}`).toBe(1);
  });

  it('a wrong digit, or two neighbours swapped, is no extension', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(5), fc.integer({ min: 1, max: 9 }), (seed, at, by) => {
        for (const one of drawExtensions(seededRandom(seed))) {
          const place = at % one.length;
          const other = String((Number(one[place]) + by) % 10);
          expect(isDrawn(`${one.slice(0, place)}${other}${one.slice(place + 1)}`)).toBe(false);
          const [left, right] = [one[place], one[place + 1]];
          if (right !== undefined && left !== right)
            expect(isDrawn(`${one.slice(0, place)}${right}${left}${one.slice(place + 2)}`)).toBe(false);
        }
      }),
      { numRuns: 50 },
    );
  });
});
