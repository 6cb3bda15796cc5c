import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskNumbersIn, PhoneNumber } from './phone-number.ts';

describe('reading', () => {
  test.each([
    ['+7 (912) 345-67-89', undefined, '+79123456789'],
    ['8 912 345-67-89', 'RU', '+79123456789'],
    ['0079123456789', undefined, '+79123456789'],
    ['79123456789', undefined, '+79123456789'],
    ['020 7946 0123', 'GB', '+442079460123'],
    ['+1-201-555-0123', undefined, '+12015550123'],
  ])('[row 24] %s (%s) is %s', (text, country, e164) => {
    const number = PhoneNumber.parse(text, country);
    expect(number.reveal('lookup')).toBe(e164);
    expect(number.isE164).toBe(true);
  });

  test.each(['driver', '100', 'alice.smith', '', 'x'.repeat(500)])(
    '%s is no telephone number, and is kept',
    (text) => {
      const number = PhoneNumber.parse(text);
      expect(number.isE164).toBe(false);
      expect(number.reveal('lookup')).toBe(text.slice(0, 128));
    },
  );

  test('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.string(), (text) => PhoneNumber.parse(text, 'RU') instanceof PhoneNumber));
  });
});

describe('hiding', () => {
  const number = PhoneNumber.parse('+447700900101');

  test('[row 43] nothing that prints a value prints the digits', () => {
    const ways = [
      String(number),
      `${number}`,
      JSON.stringify({ number }),
      inspect(number),
      inspect({ deep: { number } }, { showHidden: true, depth: 5 }),
      JSON.stringify(Object.entries(number)),
    ];
    for (const printed of ways) expect(printed).not.toContain('7700900');
    expect(String(number)).toBe('+4•••••••••01');
  });

  test('addresses, dates and ids stay readable', () => {
    const text =
      'udp 192.168.100.200:5060 at 2026-11-22T10:25:17Z id 12345678-1234-4234-8234-123456789012 ms_12345678-1234-4234-8234-123456789012';
    expect(maskNumbersIn(text)).toBe(text);
  });

  test('runs of digits in free text are hidden, short ones are not', () => {
    expect(maskNumbersIn('call +44 7700 900101 about order 4711 at 12:30')).toBe(
      'call +4•••••••••••01 about order 4711 at 12:30',
    );
  });
});
