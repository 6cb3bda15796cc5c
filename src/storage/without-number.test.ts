import { expect, test } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { jsonWithout, textWithout } from './without-number.ts';

const mentions = PhoneNumber.parse('+447700900101').mentions();
const cleaned = (value: unknown): unknown => JSON.parse(jsonWithout(JSON.stringify(value), mentions));

test('JSON loses the texts, keys and numbers that are the number, and nothing else', () => {
  expect(
    cleaned({
      ...{ order: 4711, name: 'Ann', phone: '07700 900101', raw: 447700900101 },
      ...{ '+447700900101': 'driver', list: ['a', '+44 7700 900101', 447700900101, null] },
      inner: { deep: ['call 7700900101 now', 'call 7700900102 now'] },
    }),
  ).toEqual({
    ...{ order: 4711, name: 'Ann', phone: '(erased)' },
    list: ['a', '(erased)', null, null],
    inner: { deep: ['(erased)', 'call 7700900102 now'] },
  });
  expect(cleaned('tel:+447700900101')).toBe('(erased)');
  expect(cleaned(447700900101)).toEqual({});
});

test('a text in another wrapping goes as a whole', () => {
  const encoded = Buffer.from('x +44 7700 900101').toString('base64');
  expect(cleaned({ a: { b: encoded }, c: 'kept' })).toEqual({ a: { b: '(erased)' }, c: 'kept' });
});

test('a text stays, or what is given stands in its place', () => {
  expect(textWithout('order 7', mentions, '')).toBe('order 7');
  expect(textWithout('of 07700 900101', mentions, '')).toBe('');
  expect(textWithout('of 07700 900101', mentions, null)).toBeNull();
  expect(textWithout(undefined, mentions, 'none')).toBe('none');
});
