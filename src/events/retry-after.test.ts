import { describe, expect, it } from 'vitest';
import { readRetryAfter } from './retry-after.ts';

/** RFC 9110 §5.6.7 has this date in its three forms. */
const NOW = Date.UTC(1994, 10, 6, 8, 0, 0);
const LATER = Date.UTC(1994, 10, 6, 8, 49, 37) - NOW;

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['86400', 86_400_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', LATER],
    ['Sunday, 06-Nov-94 08:49:37 GMT', LATER],
    ['Sun Nov  6 08:49:37 1994', LATER],
  ])('%s is a time', (value, ms) => {
    expect(readRetryAfter([value], NOW)).toBe(ms);
  });

  it.each([
    ...['', '0', '-1', '1.5', '1e3', '0x10', '+5', ' 5', '86401', '99999', '1'.repeat(400), 'NaN', 'soon'],
    ...['Sun, 06 Nov 1994 07:59:59 GMT', 'Mon, 07 Nov 1994 08:00:01 GMT', 'Sun, 06 Nov 2094 08:49:37 GMT'],
    ...['Sun, 66 Nov 1994 08:49:37 GMT', 'Sun, 06 Foo 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 +0100'],
    ...['1994-11-06T08:49:37Z', 'Sunday, 06-Nov-93 08:49:37 GMT'],
  ])('%j is none', (value) => {
    expect(readRetryAfter([value], NOW)).toBeUndefined();
  });

  it('is not there, or stands there twice', () => {
    expect(readRetryAfter([], NOW)).toBeUndefined();
    expect(readRetryAfter(['5', '6'], NOW)).toBeUndefined();
  });

  it('reads two digits of a year as one near to now', () => {
    const newYear = Date.UTC(1999, 11, 31, 23, 59, 0);
    expect(readRetryAfter(['Saturday, 01-Jan-00 00:00:00 GMT'], newYear)).toBe(60_000);
  });
});
