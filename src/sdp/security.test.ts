import { describe, expect, it } from 'vitest';
import { readCrypto, writeCrypto } from './crypto-attribute.ts';
import { LocalDescription } from './local-description.ts';
import { readSdp } from './read.ts';
import type { SrtpPolicy } from './security.ts';
import type { CryptoLine } from './types.ts';

const KEY = (fill: number): string => Buffer.alloc(30, fill).toString('base64');
const GCM_KEY = Buffer.alloc(28, 9).toString('base64');

function phone(protocol: string, ...attributes: string[]): ReturnType<typeof readSdp> {
  const lines = ['v=0', 'o=a 1 1 IN IP4 198.51.100.7', 's=-', 'c=IN IP4 198.51.100.7', 't=0 0'];
  return readSdp([...lines, `m=audio 4000 ${protocol} 8`, ...attributes, ''].join('\r\n'));
}
const crypto = (tag: number, suite: string, key: string): string => `a=crypto:${tag} ${suite} inline:${key}`;
const SAVP = phone(
  'RTP/SAVP',
  crypto(3, 'AES_CM_128_HMAC_SHA1_32', KEY(1)),
  crypto(4, 'AES_CM_128_HMAC_SHA1_80', KEY(2)),
);

function leg(policy: SrtpPolicy): LocalDescription {
  let made = 100;
  const newKey = (bytes: number): Uint8Array => Buffer.alloc(bytes, made++);
  const place = { sessionId: 5, host: '192.0.2.10', port: 20_000 };
  return new LocalDescription({ ...place, codecs: ['PCMA'], srtp: { policy, newKey } });
}
const profileOf = (sdp: string): string | undefined => /^m=audio \d+ (\S+)/m.exec(sdp)?.[1];
const cryptoOf = (sdp: string): string[] => sdp.split('\r\n').filter((line) => line.startsWith('a=crypto'));
const refused = expect.objectContaining({ code: 'no-common-security' }) as Error;

describe('a=crypto', () => {
  it.each([
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)}`],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)}|2^20`],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)}|1048576`],
    [`1 AES_CM_128_HMAC_SHA1_80\tinline:${KEY(1)} WSH=128`],
    [`1 AEAD_AES_128_GCM inline:${GCM_KEY}`],
    [`1 AES_256_CM_HMAC_SHA1_80 inline:${Buffer.alloc(46, 3).toString('base64')}`],
  ])('[RFC 4568 §9.1] reads %s', (text) => {
    expect(readCrypto(text)).toMatchObject({ tag: 1 });
  });

  it.each([
    ['an unknown suite', `1 AES_CM_512 inline:${KEY(1)}`],
    ['no suite', `1 __proto__ inline:${KEY(1)}`],
    ['a key that is too short', `1 AES_CM_128_HMAC_SHA1_80 inline:${GCM_KEY}`],
    ['an MKI', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)}|2^20|1:4`],
    ['an MKI alone', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)}|1:4`],
    ['two keys', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)};inline:${KEY(2)}`],
    ['sound in clear', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)} UNENCRYPTED_SRTP`],
    ['a parameter after a harmless one', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY(1)} WSH=64 KDR=1`],
    ['nothing', ''],
  ])('[RFC 4568 §6.3] leaves out a line with %s', (_what, text) => {
    expect(readCrypto(text)).toBeUndefined();
  });

  it('is written as it is read', () => {
    const line: CryptoLine = {
      tag: 7,
      suite: 'AES_CM_128_HMAC_SHA1_32',
      keyAndSalt: new Uint8Array(30).fill(5),
    };
    expect(readCrypto(writeCrypto(line))).toEqual(line);
  });
});

describe('answers', () => {
  it.each(['optional', 'required'] as const)(
    '[RFC 4568 §5.1.2] %s: the first suite of the offer, its tag, a key of our own',
    (policy) => {
      const { sdp, negotiated } = leg(policy).answer(SAVP);
      expect(profileOf(sdp)).toBe('RTP/SAVP');
      expect(cryptoOf(sdp)).toEqual([crypto(3, 'AES_CM_128_HMAC_SHA1_32', KEY(100))]);
      expect(negotiated.srtp?.receive.keyAndSalt).toEqual(new Uint8Array(30).fill(1));
      expect(negotiated.srtp?.send.keyAndSalt).toEqual(new Uint8Array(30).fill(100));
    },
  );

  it('[RFC 8643 §3] plain RTP with keys beside it: SRTP, in the profile of the offer', () => {
    const offer = phone('RTP/AVP', crypto(1, 'AES_CM_128_HMAC_SHA1_80', KEY(1)));
    const { sdp, negotiated } = leg('optional').answer(offer);
    expect([profileOf(sdp), cryptoOf(sdp).length, negotiated.srtp?.send.suite]).toEqual([
      'RTP/AVP',
      1,
      'AES_CM_128_HMAC_SHA1_80',
    ]);
    const off = leg('off').answer(offer);
    expect([cryptoOf(off.sdp).length, off.negotiated.srtp]).toEqual([0, undefined]);
  });

  it('[RFC 4568 §7.1.2] no security in common is refused, and nothing has changed', () => {
    expect(() => leg('required').answer(phone('RTP/AVP'))).toThrow(refused);
    expect(() => leg('off').answer(SAVP)).toThrow(refused);
    const optional = leg('optional');
    const before = optional.answer(phone('RTP/AVP')).sdp;
    expect(optional.answer(phone('RTP/AVP')).sdp).toBe(before);
  });

  it('feedback profiles are answered in kind', () => {
    const offer = phone('RTP/SAVPF', crypto(1, 'AES_CM_128_HMAC_SHA1_80', KEY(1)));
    expect(profileOf(leg('optional').answer(offer).sdp)).toBe('RTP/SAVPF');
    expect(profileOf(leg('optional').answer(phone('RTP/AVPF')).sdp)).toBe('RTP/AVPF');
  });
});

describe('offers', () => {
  const answer = (tag: number, suite: string): ReturnType<typeof readSdp> =>
    phone('RTP/SAVP', crypto(tag, suite, KEY(1)));

  it('[RFC 4568 §5.1.1] required: RTP/SAVP with two suites, each with its key', () => {
    const ours = leg('required');
    const sdp = ours.offer();
    expect([profileOf(sdp), ...cryptoOf(sdp)]).toEqual([
      'RTP/SAVP',
      crypto(1, 'AES_CM_128_HMAC_SHA1_80', KEY(100)),
      crypto(2, 'AES_CM_128_HMAC_SHA1_32', KEY(101)),
    ]);
    const { srtp } = ours.answered(answer(2, 'AES_CM_128_HMAC_SHA1_32'));
    expect([srtp?.send.suite, srtp?.send.keyAndSalt]).toEqual([
      'AES_CM_128_HMAC_SHA1_32',
      new Uint8Array(30).fill(101),
    ]);
  });

  it.each(['off', 'optional'] as const)('%s: plain RTP, and an answer with keys is not one', (policy) => {
    const ours = leg(policy);
    const sdp = ours.offer();
    expect([profileOf(sdp), cryptoOf(sdp)]).toEqual(['RTP/AVP', []]);
    expect(() => ours.answered(SAVP)).toThrow(refused);
    expect(ours.answered(phone('RTP/AVP')).srtp).toBeUndefined();
  });

  it.each([
    ['plain RTP', phone('RTP/AVP')],
    ['a tag that we did not offer', answer(9, 'AES_CM_128_HMAC_SHA1_80')],
    ["another tag's suite", answer(1, 'AES_CM_128_HMAC_SHA1_32')],
  ])('[RFC 4568 §5.1.3] required: an answer with %s is refused', (_what, wrong) => {
    const ours = leg('required');
    ours.offer();
    expect(() => ours.answered(wrong)).toThrow(refused);
    expect(ours.answered(answer(1, 'AES_CM_128_HMAC_SHA1_80')).srtp).toBeDefined();
  });

  it('[row 34] a refresh offers the suite that is in use, with the same key, and no version grows', () => {
    const ours = leg('required');
    ours.offer();
    ours.answered(answer(2, 'AES_CM_128_HMAC_SHA1_32'));
    const first = ours.offer();
    expect(cryptoOf(first)).toEqual([crypto(1, 'AES_CM_128_HMAC_SHA1_32', KEY(101))]);
    ours.answered(answer(1, 'AES_CM_128_HMAC_SHA1_32'));
    expect(ours.offer()).toBe(first);
  });

  it('[row 34] a session that the peer began keeps its profile and key when we offer', () => {
    const ours = leg('optional');
    ours.answer(SAVP);
    const sdp = ours.offer();
    expect([profileOf(sdp), ...cryptoOf(sdp)]).toEqual([
      'RTP/SAVP',
      crypto(1, 'AES_CM_128_HMAC_SHA1_32', KEY(100)),
    ]);
  });

  it('[row 34] the 200 brings another key than the 183: the later one counts, ours stays', () => {
    const ours = leg('required');
    ours.offer();
    const early = ours.answered(phone('RTP/SAVP', crypto(1, 'AES_CM_128_HMAC_SHA1_80', KEY(1)))).srtp;
    const final = ours.answered(phone('RTP/SAVP', crypto(1, 'AES_CM_128_HMAC_SHA1_80', KEY(2)))).srtp;
    expect(early?.receive.keyAndSalt).not.toEqual(final?.receive.keyAndSalt);
    expect(early?.send).toEqual(final?.send);
  });
});

it('[RFC 5761 §5.1.1] RTCP on the RTP port where the peer offers it, and in our later offers', () => {
  const ours = leg('off');
  const { sdp, negotiated } = ours.answer(phone('RTP/AVP', 'a=rtcp-mux'));
  expect([sdp.includes('a=rtcp-mux'), negotiated.rtcpMux]).toEqual([true, true]);
  expect(ours.offer()).toContain('a=rtcp-mux');
  expect(ours.answered(phone('RTP/AVP')).rtcpMux).toBeUndefined();
});
