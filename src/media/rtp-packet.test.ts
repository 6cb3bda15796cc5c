import { describe, expect, it } from 'vitest';
import {
  buildRtp,
  isRtp,
  parseRtp,
  payloadEnd,
  payloadStart,
  sequenceDelta,
  timestampDelta,
} from './rtp-packet.ts';

const packet = {
  marker: true,
  payloadType: 101,
  sequence: 65_535,
  timestamp: 4_294_967_295,
  ssrc: 0xdeadbeef,
  payload: Uint8Array.of(1, 2, 3),
};

describe('RTP packets', () => {
  it('[RFC 3550 §5.1] reads back what it wrote, at the ends of every range', () => {
    expect(parseRtp(buildRtp(packet))).toEqual({ ...packet, payload: Buffer.of(1, 2, 3) });
  });

  it('[RFC 3550 §5.3.1] steps over CSRCs, extension and padding', () => {
    const wire = Buffer.concat([
      Buffer.of(0x80 | 0x20 | 0x10 | 2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3),
      Buffer.alloc(8), // two CSRCs
      Buffer.of(0xbe, 0xde, 0, 1, 9, 9, 9, 9), // extension of one word
      Buffer.of(7, 7), // payload
      Buffer.of(0, 0, 3), // padding
    ]);
    expect(parseRtp(wire)?.payload).toEqual(Buffer.of(7, 7));
  });

  it('refuses what is not whole', () => {
    const wire = buildRtp(packet);
    expect(parseRtp(wire.subarray(0, 11))).toBeUndefined();
    expect(isRtp(Buffer.of(0x40, ...wire.subarray(1)))).toBe(false);
    const manyCsrcs = Buffer.from(wire);
    manyCsrcs[0] = 0x8f;
    expect(payloadStart(manyCsrcs)).toBe(-1);
    const longExtension = Buffer.concat([wire, Buffer.alloc(4)]);
    longExtension[0] = 0x90;
    longExtension.writeUInt16BE(0xffff, 14);
    expect(payloadStart(longExtension)).toBe(-1);
    const wrongPadding = Buffer.from(wire);
    wrongPadding[0] = 0xa0;
    wrongPadding[wire.length - 1] = 200;
    expect(payloadEnd(wrongPadding, 12)).toBe(-1);
    wrongPadding[wire.length - 1] = 0;
    expect(payloadEnd(wrongPadding, 12)).toBe(-1);
  });

  it('compares across the wrap', () => {
    expect(sequenceDelta(2, 65_534)).toBe(4);
    expect(sequenceDelta(65_534, 2)).toBe(-4);
    expect(timestampDelta(100, 0xffff_ffff)).toBe(101);
  });
});
