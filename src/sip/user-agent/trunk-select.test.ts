import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { trunk } from './test-support/settings.ts';
import { dialledUser, trunksFor } from './trunk-select.ts';

const moscow = PhoneNumber.parse('+74951234567');
const CHOICE = { random: seededRandom(3), isDown: () => false };

describe('trunk selection', () => {
  test('the longest prefix wins, then priority, then a trunk for everything', () => {
    const all = trunk({ name: 'all', prefixes: [], priority: 1 });
    const russia = trunk({ name: 'russia', prefixes: ['+1', '+7'], priority: 5 });
    const russiaToo = trunk({ name: 'cheaper', prefixes: ['7'], priority: 2 });
    const city = trunk({ name: 'city', prefixes: ['+7495'], priority: 9 });
    const names = (...trunks: (typeof all)[]) => trunksFor(trunks, moscow, CHOICE).map(({ name }) => name);
    expect(names(all, russia, russiaToo, city)).toEqual(['city']);
    expect(names(all, russia, russiaToo)).toEqual(['cheaper', 'russia']);
    expect(names(all)).toEqual(['all']);
  });

  test('no trunk fits', () => {
    expect(trunksFor([trunk({ prefixes: ['+1'] })], moscow, CHOICE)).toEqual([]);
    expect(trunksFor([], moscow, CHOICE)).toEqual([]);
  });

  test('[row 24] the number is written as the trunk wants it, an extension as it is', () => {
    expect(dialledUser(moscow, trunk())).toBe('+74951234567');
    const plain = trunk({ numberFormat: 'e164-without-plus' });
    expect(dialledUser(moscow, plain)).toBe('74951234567');
    expect(dialledUser(PhoneNumber.parse('1001'), plain)).toBe('1001');
  });

  test('[RFC 2782] among equals the lot decides by weight, and weight 0 is nearly never first', () => {
    const random = seededRandom(11);
    const trunks = [
      trunk({ name: 'half', weight: 50 }),
      trunk({ name: 'third', weight: 30 }),
      trunk({ name: 'rest', weight: 20 }),
      trunk({ name: 'none', weight: 0 }),
      trunk({ name: 'backup', weight: 65_535, priority: 11 }),
    ];
    const first: Record<string, number> = {};
    for (let i = 0; i < 4_000; i++) {
      const order = trunksFor(trunks, moscow, { random, isDown: () => false }).map(({ name }) => name);
      expect(order.at(-1)).toBe('backup');
      expect(new Set(order).size).toBe(5);
      first[order[0]!] = (first[order[0]!] ?? 0) + 1;
    }
    const share = (name: string): number => Math.round(((first[name] ?? 0) / 4_000) * 20) / 20;
    expect(['half', 'third', 'rest'].map(share)).toEqual([0.5, 0.3, 0.2]);
    expect(first.none ?? 0).toBeLessThan(100);
  });

  test('[row 22] a trunk that is down is tried last, and not never', () => {
    const trunks = ['a', 'b', 'c'].map((name, priority) => trunk({ name, id: name, priority }));
    const isDown = (id: string): boolean => id === 'a';
    const names = trunksFor(trunks, moscow, { random: seededRandom(1), isDown }).map(({ name }) => name);
    expect(names).toEqual(['b', 'c', 'a']);
    const all = trunksFor(trunks, moscow, { random: seededRandom(1), isDown: () => true });
    expect(all.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });
});
