import { describe, expect, test } from 'vitest';
import { formatDigestHeader, parseDigestHeader, quoted } from './auth-header.ts';

describe('digest header fields', () => {
  test('[RFC 3261 §20.44] quoted and bare values, commas and quotes inside, odd spacing', () => {
    const read = parseDigestHeader(
      'digest  realm = "a, \\"b\\" = c" ,nonce="x",qop="auth,auth-int", algorithm=MD5,stale=FALSE',
    );
    expect(Object.fromEntries(read!)).toEqual({
      realm: 'a, "b" = c',
      nonce: 'x',
      qop: 'auth,auth-int',
      algorithm: 'MD5',
      stale: 'FALSE',
    });
  });

  test('what is written is read back', () => {
    const realm = 'the "one" \\ only';
    const text = formatDigestHeader([
      ['realm', quoted(realm)],
      ['algorithm', 'SHA-256'],
    ]);
    expect(parseDigestHeader(text)?.get('realm')).toBe(realm);
  });

  test.each([
    'Basic dXNlcjpwYXNz',
    'Digest',
    'Digest realm',
    'Digest realm="open',
    'Digest realm="a" nonce="b"',
    'Digest realm="a", realm="b"',
    `Digest realm="${'a'.repeat(5000)}"`,
  ])('refuses %.40s', (text) => {
    expect(parseDigestHeader(text)).toBeUndefined();
  });

  test('a hostile value costs no more than its length', () => {
    const started = performance.now();
    parseDigestHeader(`Digest ${'a="\\'.repeat(900)}`);
    parseDigestHeader(`Digest ${' '.repeat(4000)}x`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
