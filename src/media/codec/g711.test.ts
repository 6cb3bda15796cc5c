import { describe, expect, it } from 'vitest';
import { goertzelPower, toneShare, totalPower } from '../goertzel.ts';
import { sine } from '../tones.ts';
import { decodeG711, decodeTableOf, encodeG711, encodeTableOf, transcodeTable } from './g711.ts';

describe('G.711', () => {
  it('decodes the values of the recommendation', () => {
    // ITU-T G.711 tables 1a and 2a: largest and smallest values, scaled to 16 bits.
    const ulaw = decodeTableOf('PCMU');
    expect([ulaw[0x80], ulaw[0x00], ulaw[0xff], ulaw[0xfe], ulaw[0x7e]]).toEqual([32124, -32124, 0, 8, -8]);
    const alaw = decodeTableOf('PCMA');
    expect([alaw[0xaa], alaw[0x2a], alaw[0xd5], alaw[0x55]]).toEqual([32256, -32256, 8, -8]);
  });

  it.each(['PCMU', 'PCMA'] as const)('%s: every byte survives decoding and encoding', (codec) => {
    const decode = decodeTableOf(codec);
    const encode = encodeTableOf(codec);
    for (let byte = 0; byte < 256; byte++) {
      if (codec === 'PCMU' && byte === 0x7f) continue; // negative zero
      expect(encode[decode[byte]! & 0xffff]).toBe(byte);
    }
  });

  it.each(['PCMU', 'PCMA'] as const)('%s: encodes every sample to the nearest of its neighbours', (codec) => {
    const decode = decodeTableOf(codec);
    const encode = encodeTableOf(codec);
    for (let sample = -32_000; sample < 32_000; sample += 7) {
      const error = Math.abs(decode[encode[sample & 0xffff]!]! - sample);
      expect(error).toBeLessThanOrEqual(Math.max(16, Math.abs(sample) / 16));
    }
  });

  it('keeps a tone a tone, in each law and across both', () => {
    const tone = sine(1000, 200);
    for (const codec of ['PCMU', 'PCMA'] as const) {
      const bytes = encodeG711(codec, tone);
      expect(toneShare(decodeG711(codec, bytes), 1000)).toBeGreaterThan(0.995);
      const table = transcodeTable(codec);
      const other = decodeG711(
        codec === 'PCMU' ? 'PCMA' : 'PCMU',
        bytes.map((byte) => table[byte]!),
      );
      expect(toneShare(other, 1000)).toBeGreaterThan(0.99);
      expect(goertzelPower(other, 1000) / totalPower(tone)).toBeCloseTo(1, 1);
    }
  });
});
