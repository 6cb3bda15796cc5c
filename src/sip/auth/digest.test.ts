import { describe, expect, test } from 'vitest';
import { digestResponse, ha1, ha1Set, readAlgorithm } from './digest.ts';

describe('digest arithmetic', () => {
  test('[RFC 2617 §3.5] the example', () => {
    const response = digestResponse({
      algorithm: 'MD5',
      ha1: ha1('MD5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life'),
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      method: 'GET',
      uri: '/dir/index.html',
      qop: 'auth',
      nc: '00000001',
      cnonce: '0a4f113b',
    });
    expect(response).toBe('6629fae49393a05397450978507c4ef1');
  });

  const rfc7616 = {
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    method: 'GET',
    uri: '/dir/index.html',
    qop: 'auth',
    nc: '00000001',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  } as const;

  test('[row 28] [RFC 7616 §3.9.1] the example in SHA-256 and in MD5', () => {
    const secrets = ha1Set('Mufasa', 'http-auth@example.org', 'Circle of Life');
    expect(digestResponse({ ...rfc7616, algorithm: 'SHA-256', ha1: secrets.sha256 })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
    expect(digestResponse({ ...rfc7616, algorithm: 'MD5', ha1: secrets.md5 })).toBe(
      '8ca523f5e9506fed4657c9700eebdbec',
    );
  });

  test('[RFC 7616 §3.9.2] the example in SHA-512/256, as erratum 4897 corrects it', () => {
    const response = digestResponse({
      algorithm: 'SHA-512-256',
      ha1: ha1('SHA-512-256', 'J\u00e4s\u00f8n Doe', 'api@example.org', 'Secret, or not?'),
      nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
      method: 'GET',
      uri: '/doe.json',
      qop: 'auth',
      nc: '00000001',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
    });
    expect(response).toBe('3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5');
  });

  test('[row 26] auth-int covers the body, auth does not', () => {
    const base = { ...rfc7616, algorithm: 'SHA-256', ha1: 'a'.repeat(64) } as const;
    const one = Buffer.from('v=0');
    const two = Buffer.from('v=1');
    expect(digestResponse({ ...base, qop: 'auth-int', body: one })).not.toBe(
      digestResponse({ ...base, qop: 'auth-int', body: two }),
    );
    expect(digestResponse({ ...base, body: one })).toBe(digestResponse({ ...base, body: two }));
  });

  test('[row 28] algorithm names: absent is MD5, case does not count, strangers are not known', () => {
    expect(readAlgorithm(undefined)).toEqual({ algorithm: 'MD5', session: false });
    expect(readAlgorithm('sha-256')).toEqual({ algorithm: 'SHA-256', session: false });
    expect(readAlgorithm('MD5-sess')).toEqual({ algorithm: 'MD5', session: true });
    expect(readAlgorithm('SHA3-512')).toBeUndefined();
  });
});
