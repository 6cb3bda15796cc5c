import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowHeaders } from './header-allow-list.ts';

describe('allowHeaders', () => {
  it('passes X- names', () => {
    const { headers, dropped } = allowHeaders({ 'X-Order': '17', 'x-forwarded-for': 'a b\tc', 'X-Leer': '' });
    expect(headers).toEqual([
      ['X-Order', '17'],
      ['x-forwarded-for', 'a b\tc'],
      ['X-Leer', ''],
    ]);
    expect(dropped).toEqual([]);
  });

  it.each([
    ['From', 'a'],
    ['P-Asserted-Identity', 'a'],
    ['Diversion', 'a'],
    ['Privacy', 'none'],
    ['X-', 'a'],
    ['X', 'a'],
    ['X-A B', 'a'],
    ['X-A:', 'a'],
    ['X-A\r\nFrom', 'a'],
    ['X-Ü', 'a'],
    ['X-A', 'a\r\nFrom: b'],
    ['X-A', 'a\nb'],
    ['X-A', 'a\0b'],
    ['X-A', 'ä'.repeat(257)],
    [`X-${'a'.repeat(63)}`, 'a'],
  ])('[row 20] leaves out %j: %j', (name, value) => {
    const { headers, dropped } = allowHeaders({ [name]: value });
    expect(headers).toEqual([]);
    expect(dropped).toHaveLength(1);
    expect(dropped[0]).not.toMatch(/[\r\n]/);
  });

  it('passes twenty at most', () => {
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`X-${at}`, 'v']));
    const { headers, dropped } = allowHeaders(many);
    expect([headers.length, dropped.length]).toEqual([20, 5]);
  });

  it('[row 20] whatever passes is one line of a message', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map((rest) => `X-${rest}`),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'binary', maxLength: 600 })), (wanted) => {
        const { headers, dropped } = allowHeaders(wanted);
        expect(headers.length + dropped.length).toBe(Object.keys(wanted).length);
        for (const [field, value] of headers) {
          expect(`${field}: ${value}`.split(/[\r\n\0]/)).toHaveLength(1);
          expect(field).toMatch(/^x-[!-9;-~]+$/i);
          expect(Buffer.byteLength(value)).toBeLessThanOrEqual(512);
        }
      }),
    );
  });
});
