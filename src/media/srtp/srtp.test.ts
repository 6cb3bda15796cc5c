import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import type { SrtpSuite } from '../engine.ts';
import { buildRtcp } from '../rtcp.ts';
import { SrtpSession } from './srtp.ts';
import { SUITES } from './suites.ts';
import { rtpOf, testKey } from './test-support.ts';

const ALL = Object.keys(SUITES) as SrtpSuite[];

/** Two ends with the same two keys. */
function twoEnds(suite: SrtpSuite = 'AES_CM_128_HMAC_SHA1_80') {
  const [toB, toA] = [testKey(1, suite), testKey(2, suite)];
  const [a, b] = [new SrtpSession(), new SrtpSession()];
  const configure = (): void => {
    a.configure({ send: toB, receive: toA });
    b.configure({ send: toA, receive: toB });
  };
  configure();
  return { a, b, toA, toB, configure };
}

/** What comes out at the other end; `undefined` if it was dropped. */
function open(at: SrtpSession, wire: Buffer | undefined): Buffer | undefined {
  if (wire === undefined) return undefined;
  const copy = Buffer.from(wire);
  const end = at.unprotect(copy);
  return end < 0 ? undefined : copy.subarray(0, end);
}

const report = (ssrc: number): Buffer =>
  buildRtcp({ ssrc, cname: 'name', sender: undefined, blocks: [], bye: false });

describe.each(ALL)('%s', (suite) => {
  it('[RFC 3711 §3.3] what one end protects the other opens, and nothing of the sound is in clear', () => {
    const { a, b } = twoEnds(suite);
    for (let sequence = 0; sequence < 50; sequence++) {
      const plain = rtpOf(sequence, 7, Buffer.alloc(160 + sequence, 'sound'));
      const wire = a.protect(plain);
      expect(wire?.length).toBe(plain.length + SUITES[suite].rtpTagBytes);
      expect(wire?.includes('sound')).toBe(false);
      expect(open(b, wire)?.equals(plain)).toBe(true);
    }
    expect(b.unauthenticated).toBe(0);
  });

  it('[RFC 3711 §3.4] SRTCP the same, with an index that grows', () => {
    const { a, b } = twoEnds(suite);
    for (let index = 1; index < 5; index++) {
      const wire = a.protectRtcp(report(7));
      const at = suite.startsWith('AEAD') ? wire!.length - 4 : wire!.length - 14;
      expect(wire?.readUInt32BE(at)).toBe(0x8000_0000 + index);
      expect(b.unprotectRtcp(Buffer.from(wire!))?.equals(report(7))).toBe(true);
      expect(b.unprotectRtcp(Buffer.from(wire!))).toBeUndefined(); // a replay
    }
    expect(b.unauthenticated).toBe(4);
  });

  it('[RFC 3711 §4.2] one changed bit anywhere, another key, a stump: dropped and counted', () => {
    const { a, b } = twoEnds(suite);
    const wire = a.protect(rtpOf(1))!;
    for (let at = 0; at < wire.length; at++) {
      const changed = Buffer.from(wire);
      changed[at]! ^= 0x10;
      expect(b.unprotect(changed)).toBe(-1);
      expect(b.unprotect(Buffer.from(wire.subarray(0, at)))).toBe(-1);
    }
    expect(b.unauthenticated).toBe(2 * wire.length);
    expect(open(b, wire)).toBeDefined();
    const stranger = new SrtpSession();
    stranger.configure({ send: testKey(9, suite), receive: testKey(9, suite) });
    expect(open(stranger, wire)).toBeUndefined();
  });
});

describe('the index of packets', () => {
  it('[row 34][RFC 3711 §3.3.1] a call of 140 000 packets with loss, reordering and refreshes', () => {
    const { a, b, configure } = twoEnds();
    const random = seededRandom(7);
    let lost = 0;
    let waiting: { wire: Buffer; plain: Buffer }[] = [];
    for (let n = 0; n < 140_000; n++) {
      const plain = rtpOf(60_000 + n, 42, Buffer.from([n >>> 16, n >>> 8, n]));
      const wire = a.protect(plain)!;
      if (random.int(100) < 3) lost += 1;
      else waiting.push({ wire, plain });
      if (random.int(10) > 0) continue;
      // Up to some dozens of packets arrive the other way round.
      if (random.int(2) === 0) waiting.reverse();
      for (const one of waiting) if (!open(b, one.wire)?.equals(one.plain)) throw new Error(`packet ${n}`);
      waiting = [];
      if (random.int(100) === 0) configure();
    }
    expect(lost).toBeGreaterThan(3000);
    expect(b.unauthenticated).toBe(0);
  });

  it('[RFC 3711 §3.3.2] every packet is heard once', () => {
    const { a, b } = twoEnds();
    const wires = Array.from({ length: 300 }, (_, n) => a.protect(rtpOf(65_400 + n))!);
    for (const wire of wires) expect(open(b, wire)).toBeDefined();
    for (const wire of wires) expect(open(b, wire)).toBeUndefined();
    expect(b.unauthenticated).toBe(300);
  });

  it('[RFC 3711 §9.1] no packet is sent twice under one index', () => {
    const { a } = twoEnds();
    expect(a.protect(rtpOf(5))).toBeDefined();
    expect(a.protect(rtpOf(4))).toBeDefined();
    expect(a.protect(rtpOf(5))).toBeUndefined();
  });
});

describe('keys that change', () => {
  it('[row 34] the 200 brings another key than the 183: the stream begins anew under it', () => {
    const { a, b, toA } = twoEnds();
    for (let n = 0; n < 70_000; n += 500) open(b, a.protect(rtpOf(n)));
    const next = testKey(3);
    a.configure({ send: next, receive: toA });
    b.configure({ send: toA, receive: next });
    // Roll-over counter zero again, whatever the sequence number.
    expect(open(b, a.protect(rtpOf(70_001)))?.equals(rtpOf(70_001))).toBe(true);
    expect(b.unauthenticated).toBe(0);
  });

  it('[row 34] back to an earlier key: its roll-over counter is still known', () => {
    const { a, b, toA, configure } = twoEnds();
    for (let n = 0; n < 70_000; n += 500) open(b, a.protect(rtpOf(n)));
    const between = testKey(3);
    a.configure({ send: between, receive: toA });
    b.configure({ send: toA, receive: between });
    open(b, a.protect(rtpOf(70_001)));
    configure();
    expect(open(b, a.protect(rtpOf(70_002)))?.equals(rtpOf(70_002))).toBe(true);
  });

  it('[row 34][row 38] a new SSRC under the same key has an index of its own; the old one goes on', () => {
    const { a, b } = twoEnds();
    for (let n = 0; n < 70_000; n += 500) open(b, a.protect(rtpOf(n, 1)));
    expect(open(b, a.protect(rtpOf(10, 2)))?.equals(rtpOf(10, 2))).toBe(true);
    expect(open(b, a.protect(rtpOf(70_002, 1)))?.equals(rtpOf(70_002, 1))).toBe(true);
  });

  it('strangers cannot fill the table of streams', () => {
    const { a, b } = twoEnds();
    open(b, a.protect(rtpOf(1, 1)));
    const stranger = new SrtpSession();
    stranger.configure({ send: testKey(9), receive: testKey(9) });
    for (let ssrc = 2; ssrc < 200; ssrc++) open(b, stranger.protect(rtpOf(1, ssrc)));
    expect(b.unauthenticated).toBe(198);
    const replay = a.protect(rtpOf(2, 1))!;
    expect(open(b, replay)).toBeDefined();
    expect(open(b, replay)).toBeUndefined();
  });

  it('a key of the wrong length is refused', () => {
    const wrong = { suite: 'AEAD_AES_256_GCM', keyAndSalt: Buffer.alloc(30) } as const;
    expect(() => new SrtpSession().configure({ send: wrong, receive: wrong })).toThrow(RangeError);
  });
});

it('noise of any length never throws', () => {
  const { b } = twoEnds();
  const random = seededRandom(3);
  for (let n = 0; n < 5000; n++) {
    const noise = Buffer.from(random.bytes(12 + random.int(200)));
    noise[0] = (noise[0]! & 0x3f) | 0x80;
    expect(b.unprotect(noise)).toBe(-1);
    expect(b.unprotectRtcp(noise.subarray(0, random.int(noise.length)))).toBeUndefined();
  }
});
