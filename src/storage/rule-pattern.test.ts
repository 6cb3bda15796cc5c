import { describe, expect, it } from 'vitest';
import { compilePattern } from './rule-pattern.ts';

describe('rule patterns', () => {
  it.each([
    ['.*', '+74950000001', true],
    ['74950000001', '+74950000001', true],
    ['\\+74950000001', '74950000001', true],
    ['7495000000', '+74950000001', false],
    ['7|74950000001', '74950000001', true],
    ['(8|\\+?7)?\\d{10}', '+74950000001', true],
    ['[0-9]{3}', '112', true],
    ['driver', 'driver', true],
    ['\\+driver', 'driver', false],
    ['.*', '1'.repeat(65), false],
  ])('%s on %s is %s', (pattern, dialled, expected) => {
    expect(compilePattern(pattern)(dialled)).toBe(expected);
  });

  it.each([
    ['(\\d+)+'],
    ['(?:\\d{1,3}-?)*'],
    ['(1|11)*'],
    ['((1|2)){2,}'],
    ['(a?){30}a{30}'],
    ['\\d*\\d*\\d*\\d*x'],
    ['\\d{0,20}\\d{0,20}\\d{0,20}\\d{0,20}\\d{0,20}x'],
    ['(\\d)\\1'],
    ['(?=1)\\d'],
    ['(?<!1)\\d'],
    ['['],
    ['a)(b'],
    ['1'.repeat(513)],
  ])('refuses %s', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: 'entry/invalid' }));
  });

  it('answers the worst pattern that it accepts in no time', () => {
    const matches = compilePattern('\\d*\\d*\\d*x');
    const start = performance.now();
    for (let turn = 0; turn < 10; turn++) expect(matches('1'.repeat(64))).toBe(false);
    expect((performance.now() - start) / 10).toBeLessThan(100);
  });
});
