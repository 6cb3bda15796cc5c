import { describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { trunk } from './test-support/settings.ts';
import { dialledUser, trunksFor } from './trunk-select.ts';

const moscow = PhoneNumber.parse('+74951234567');

describe('trunk selection', () => {
  test('the longest prefix wins, then priority, then a trunk for everything', () => {
    const all = trunk({ name: 'all', prefixes: [], priority: 1 });
    const russia = trunk({ name: 'russia', prefixes: ['+1', '+7'], priority: 5 });
    const russiaToo = trunk({ name: 'cheaper', prefixes: ['7'], priority: 2 });
    const city = trunk({ name: 'city', prefixes: ['+7495'], priority: 9 });
    const names = (...trunks: (typeof all)[]) => trunksFor(trunks, moscow).map(({ name }) => name);
    expect(names(all, russia, russiaToo, city)).toEqual(['city']);
    expect(names(all, russia, russiaToo)).toEqual(['cheaper', 'russia']);
    expect(names(all)).toEqual(['all']);
  });

  test('no trunk fits', () => {
    expect(trunksFor([trunk({ prefixes: ['+1'] })], moscow)).toEqual([]);
    expect(trunksFor([], moscow)).toEqual([]);
  });

  test('[row 24] the number is written as the trunk wants it, an extension as it is', () => {
    expect(dialledUser(moscow, trunk())).toBe('+74951234567');
    const plain = trunk({ numberFormat: 'e164-without-plus' });
    expect(dialledUser(moscow, plain)).toBe('74951234567');
    expect(dialledUser(PhoneNumber.parse('1001'), plain)).toBe('1001');
  });
});
