import { describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { parseUri } from '../message/uri.ts';
import { type DialStyle, type InboundSpelling, writeDialled } from './number-format.ts';
import { numberOfUri } from './party-number.ts';
import { trunk } from './test-support/settings.ts';

const write = (e164: string, style: Partial<DialStyle>) => writeDialled(e164, true, trunk(style));

describe('[row 24] a number as a trunk wants it', () => {
  test.each([
    ['+79123456789', {}, '+79123456789'],
    ['+79123456789', { numberFormat: 'e164-without-plus' }, '79123456789'],
    ['+79123456789', { numberFormat: 'national', country: 'RU' }, '89123456789'],
    ['+447700900101', { numberFormat: 'national', country: 'RU' }, '810447700900101'],
    ['+447700900101', { numberFormat: 'national', country: 'GB' }, '07700900101'],
    ['+447700900101', { numberFormat: 'national', country: 'DE' }, '00447700900101'],
    ['+447700900101', { numberFormat: 'national', country: 'US' }, '011447700900101'],
    ['+12025550123', { numberFormat: 'national', country: 'US' }, '2025550123'],
    ['+12025550123', { numberFormat: 'national', country: 'US', trunkPrefix: '1' }, '12025550123'],
    ['+79123456789', { numberFormat: 'national', country: 'RU', trunkPrefix: '' }, '9123456789'],
    ['+390612345678', { numberFormat: 'national', country: 'IT' }, '0612345678'],
    ['+77012345678', { numberFormat: 'national', country: 'RU' }, '87012345678'],
    ['+447700900101', { numberFormat: 'national', country: 'BR' }, '00447700900101'],
    [
      '+447700900101',
      { numberFormat: 'national', country: 'BR', internationalPrefix: '0021' },
      '0021447700900101',
    ],
    ['+447700900101', { numberFormat: 'national', country: 'RU', internationalPrefix: '+' }, '+447700900101'],
    ['+79123456789', { dialPrefix: '9901#' }, '9901#+79123456789'],
    ['+79123456789', { stripPrefix: '+7', dialPrefix: '10' }, '109123456789'],
    ['+447700900101', { stripPrefix: '+7' }, '+447700900101'],
    ['+79123456789', { numberFormat: 'national' }, '79123456789'],
  ] as const)('%s with %j is %s', (number, style, written) => {
    expect(write(number, style)).toBe(written);
  });

  test('an extension gets the prefix, an account name nothing', () => {
    const style = trunk({ numberFormat: 'national', country: 'RU', dialPrefix: '9' });
    expect(writeDialled('1001', false, style)).toBe('91001');
    expect(writeDialled('driver', false, style)).toBe('driver');
  });
});

describe('[row 24] a number as a trunk sends it', () => {
  const read = (uri: string, spelling: InboundSpelling = {}) =>
    numberOfUri(parseUri(uri), spelling)?.reveal('leak-scan');

  test.each([
    ['sip:+79123456789@c', {}, '+79123456789'],
    ['sip:89123456789@c', { country: 'RU' }, '+79123456789'],
    ['sip:9123456789@c', { country: 'RU' }, '+79123456789'],
    ['sip:0079123456789@c', {}, '+79123456789'],
    ['sip:81079123456789@c', { internationalPrefix: '810' }, '+79123456789'],
    ['sip:011447700900101@c', { country: 'US' }, '+447700900101'],
    ['tel:07700-900-101;phone-context=+44', {}, '+447700900101'],
    ['tel:(020)7946.0123', { country: 'GB' }, '+442079460123'],
    ['tel:+44-20-7946-0123', {}, '+442079460123'],
    ['tel:00390612345678', {}, '+390612345678'],
    ['sip:+44-7700-900-101;phone-context=x@c;user=phone', {}, '+447700900101'],
    // A national number of Germany reads the same; the trunk has said how it writes.
    ['sip:493012345678@c', { country: 'DE', numberFormat: 'e164-without-plus' }, '+493012345678'],
    ['sip:9901%2379123456789@c', { inboundStripPrefix: '9901#', inboundDialPrefix: '+' }, '+79123456789'],
    ['sip:*31%2389123456789@c', { country: 'RU', inboundStripPrefix: '*31#' }, '+79123456789'],
    ['sip:1001@c', { country: 'RU' }, '1001'],
    ['sip:anonymous@anonymous.invalid', { inboundDialPrefix: '+' }, 'anonymous'],
  ] as const)('%s with %j is %s', (uri, spelling, number) => {
    expect(read(uri, spelling)).toBe(number);
  });

  test('what is written is read back, in every format', () => {
    const numbers = ['+79123456789', '+447400123456', '+12024561111', '+390612345678', '+493012345678'];
    for (const country of ['RU', 'GB', 'US', 'IT', 'DE']) {
      for (const numberFormat of ['e164', 'e164-without-plus', 'national'] as const) {
        for (const number of numbers) {
          const style = trunk({ country, numberFormat });
          const written = writeDialled(number, true, style);
          // libphonenumber knows Russia's 8-10 as two dial tones; a trunk that writes so says it.
          const spelling = country === 'RU' ? { ...style, internationalPrefix: '810' } : style;
          expect([country, numberFormat, read(`sip:${written}@c`, spelling)]).toEqual([
            country,
            numberFormat,
            number,
          ]);
        }
      }
    }
  });

  test('keeps the parser in its bounds: a long or odd user part is a name', () => {
    expect(read(`sip:${'7'.repeat(5000)}@c`, { country: 'RU' })).toHaveLength(128);
    expect(PhoneNumber.parse('').reveal('leak-scan')).toBe('');
  });
});
