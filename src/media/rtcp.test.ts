import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { buildRtcp, ntpFrom, ntpMiddle, parseRtcp, randomCname, roundTripMs } from './rtcp.ts';

const block = {
  ssrc: 9,
  fractionLost: 12,
  cumulativeLost: -5,
  extendedHighestSequence: 0x0001_fffe,
  jitter: 77,
  lastSr: 0xaabbccdd,
  delaySinceLastSr: 65_536,
};

describe('RTCP', () => {
  it('[RFC 3550 §6.1] sends SR, SDES and BYE as one compound packet', () => {
    const sender = { ntp: ntpFrom(1_700_000_000_500), timestamp: 123, packets: 4, octets: 640 };
    const wire = buildRtcp({ ssrc: 7, cname: 'abcdefgh', sender, blocks: [block], bye: true });
    expect([wire[1], wire.length % 4]).toEqual([200, 0]);
    expect(wire.includes('abcdefgh')).toBe(true);
    expect(parseRtcp(wire)).toEqual({
      ssrc: 7,
      senderNtpMiddle: ntpMiddle(sender.ntp),
      blocks: [block],
      bye: true,
    });
  });

  it('[RFC 3550 §6.4.2] sends RR when nothing was sent', () => {
    const wire = buildRtcp({ ssrc: 7, cname: 'x', sender: undefined, blocks: [], bye: false });
    expect(wire[1]).toBe(201);
    expect(parseRtcp(wire)).toEqual({ ssrc: 7, senderNtpMiddle: undefined, blocks: [], bye: false });
  });

  it('[RFC 3550 A.2] refuses nonsense, and every packet that is cut short', () => {
    const wire = buildRtcp({ ssrc: 7, cname: 'abc', sender: undefined, blocks: [block], bye: true });
    for (let length = 0; length < wire.length; length++) {
      const read = parseRtcp(wire.subarray(0, length));
      if (read !== undefined) expect([32, 32 + 16]).toContain(length); // whole packets of the compound
    }
    const tooManyBlocks = Buffer.from(wire);
    tooManyBlocks[0] = 0x80 | 31;
    expect(parseRtcp(tooManyBlocks)).toBeUndefined();
    expect(parseRtcp(Buffer.of(0x80, 202, 0, 1, 0, 0, 0, 0))).toBeUndefined();
  });

  it('[RFC 3550 §6.4.1] measures the round trip', () => {
    const sentAt = 1_700_000_000_000;
    const lastSr = ntpMiddle(ntpFrom(sentAt));
    const delaySinceLastSr = Math.round(0.5 * 65_536);
    const now = ntpFrom(sentAt + 500 + 80);
    expect(roundTripMs({ ...block, lastSr, delaySinceLastSr }, now)).toBeCloseTo(80, 0);
    expect(roundTripMs({ ...block, lastSr: 0 }, now)).toBeUndefined();
  });

  it('[RFC 7022 §4.2] makes a CNAME of 96 random bits', () => {
    const random = seededRandom(1);
    const names = new Set(Array.from({ length: 50 }, () => randomCname(random)));
    expect(names.size).toBe(50);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9+/]{16}$/);
  });
});
