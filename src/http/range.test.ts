import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { notModified, rangeApplies, readRange } from './range.ts';

describe('[RFC 9110 §14.1.2] byte ranges of 100 bytes', () => {
  test.each([
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=90-', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-1000', { start: 0, end: 99 }],
    ['bytes=95-1000', { start: 95, end: 99 }],
    ['BYTES=0-0', { start: 0, end: 0 }],
    ['bytes=99-99', { start: 99, end: 99 }],
  ])('%s is %o', (header, range) => {
    expect(readRange(header, 100)).toEqual(range);
  });

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=999999999999999-'])(
    '[RFC 9110 §15.5.17] %s cannot be satisfied',
    (header) => {
      expect(readRange(header, 100)).toBe('unsatisfiable');
    },
  );

  test.each([
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=9-1',
    'bytes=a-b',
    'bytes=0-1,5-6',
    'lines=0-1',
    'bytes 0-1',
    'bytes=0-1-2',
  ])('[RFC 9110 §14.2] %s is ignored', (header) => {
    expect(readRange(header, 100)).toBe('whole');
  });

  test('an empty file satisfies none', () => {
    expect(readRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(readRange('bytes=-5', 0)).toBe('unsatisfiable');
  });

  test('whatever the header, a range lies within the file', () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.option(fc.nat()), fc.option(fc.nat())).map(([a, b]) => `bytes=${a ?? ''}-${b ?? ''}`),
    );
    fc.assert(
      fc.property(header, fc.nat(5_000), (text, size) => {
        const range = readRange(text, size);
        if (typeof range === 'string') return true;
        return 0 <= range.start && range.start <= range.end && range.end < size;
      }),
    );
  });
});

describe('conditions', () => {
  test('[RFC 9110 §13.1.5] If-Range compares strongly; a date or a weak tag is no match', () => {
    expect(rangeApplies(undefined, '"a"')).toBe(true);
    expect(rangeApplies('"a"', '"a"')).toBe(true);
    expect(rangeApplies('"b"', '"a"')).toBe(false);
    expect(rangeApplies('W/"a"', '"a"')).toBe(false);
    expect(rangeApplies('Wed, 21 Oct 2026 07:28:00 GMT', '"a"')).toBe(false);
  });

  test('[RFC 9110 §13.1.2] If-None-Match compares weakly, takes lists and *', () => {
    expect(notModified(undefined, '"a"')).toBe(false);
    expect(notModified('"b", W/"a"', '"a"')).toBe(true);
    expect(notModified('*', '"a"')).toBe(true);
    expect(notModified('"b"', '"a"')).toBe(false);
  });
});
