import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { mentionsOf } from './number-spellings.ts';
import { PhoneNumber } from './phone-number.ts';

const BRITISH = '+447700900101';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const digest = (algorithm: string, encoding: 'hex' | 'base64url'): string =>
  createHash(algorithm).update('447700900101').digest(encoding);

const WRITTEN: readonly [how: string, text: string][] = [
  ['as it is stored', BRITISH],
  ['with separators', 'call +44 (0)7700 900-101 now'],
  ['national', '{"phone":"07700 900101"}'],
  ['without a trunk prefix', 'x=7700900101;'],
  ['with an international prefix', '00447700900101'],
  ['as part of a key', 'user_447700900101_5'],
  ['run together with other digits', '447700900101123'],
  ['after other digits', '4711 07700900101'],
  ['with no-break spaces', '+44\u00a07700\u00a0900\u00a0101'],
  ['in a query', 'to=%2B44%207700%20900101'],
  ['in escaped JSON', String.raw`{"a":"\u002b44\u00207700 900101"}`],
  ['in base64', `{"a":"${base64('to +44 7700 900101')}"}`],
  ['in base64url, in the middle of a word', `v1.${Buffer.from('x07700900101').toString('base64url')}`],
  ['in hex', Buffer.from('tel:+447700900101').toString('hex')],
  ['in UTF-16', Buffer.from('07700900101', 'utf16le').toString('latin1')],
  ['in UTF-16 in base64', Buffer.from('07700900101', 'utf16le').toString('base64')],
  ['in base64 of escaped text', base64('%2B44%207700900101')],
  ['in Arabic digits', '٠٧٧٠٠٩٠٠١٠١'],
  ['in full-width digits', '０７７００ ９００１０１'],
  ['as an MD5', digest('md5', 'hex').toUpperCase()],
  ['as a SHA-256', `sha256:${digest('sha256', 'hex')}`],
  ['as a SHA-1 in base64url', `id ${digest('sha1', 'base64url')}.`],
];

describe('a number is found', () => {
  test.each(WRITTEN)('[row 43] %s', (_, text) => {
    expect(mentionsOf(BRITISH)(text)).toBe(true);
    expect(PhoneNumber.parse(BRITISH).mentions()(text)).toBe(true);
  });

  test.each([
    ['another number', '+44 7700 900102'],
    ['its beginning', '0770090010'],
    ['more digits behind the national ones', '77009001015'],
    ['more digits before the national ones', '17700900101'],
    ['a masked number', '+4•••••••••01'],
    ['a UUID', '7700900a-1017-4700-8900-101770090010'],
    ['nothing', ''],
  ])('but not in %s', (_, text) => {
    expect(mentionsOf(BRITISH)(text)).toBe(false);
  });

  test('with the trunk prefix of its country, and by few digits only where they stand alone', () => {
    expect(mentionsOf('+79123456789')('8 (912) 345-67-89')).toBe(true);
    expect(mentionsOf('+390612345678')('06 1234 5678')).toBe(true);
    const icelandic = mentionsOf('+3545812345');
    expect(icelandic('581-2345')).toBe(true);
    expect(icelandic('order 5812345,')).toBe(true);
    expect(icelandic('a5812345')).toBe(false);
    expect(icelandic('1705812345678')).toBe(false);
  });

  test('at the end of a megabyte of text', () => {
    const text = JSON.stringify({ at: 1_770_000_000_000, id: '0b9e1c1e-9c0e-4a57-9b8e-1f1f2f3f4f5f' });
    expect(mentionsOf(BRITISH)(text.repeat(15_000))).toBe(false);
    expect(mentionsOf(BRITISH)(`${text.repeat(15_000)} 07700 900101`)).toBe(true);
  });
});
