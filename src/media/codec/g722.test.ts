import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toneShare, totalPower } from '../goertzel.ts';
import { sine } from '../tones.ts';
import { G722Decoder, G722Encoder } from './g722.ts';

/** A generator that every language can repeat, so that other implementations could be given the same input. */
function noise(seed: number, length: number): Int16Array {
  let state = seed;
  return Int16Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return ((state >> 8) & 0xffff) - 32_768;
  });
}

const fingerprint = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 16);
const samplesOf = (length: number, at: (i: number) => number): Int16Array =>
  Int16Array.from({ length }, (_, i) => at(i));

/** 16 kHz. */
const wideSine = (hz: number, length: number, amplitude = 8000): Int16Array =>
  samplesOf(length, (i) => amplitude * Math.sin((2 * Math.PI * hz * i) / 16_000));

/** Signal to noise in dB of `out`, which is `input` some samples later. */
function snr(input: Int16Array, out: Int16Array): number {
  let best = -Infinity;
  for (let delay = 0; delay < 40; delay++) {
    let signal = 0;
    let error = 0;
    for (let i = 2000; i < out.length; i++) {
      signal += input[i - delay]! ** 2;
      error += (out[i]! - input[i - delay]!) ** 2;
    }
    best = Math.max(best, 10 * Math.log10(signal / error));
  }
  return best;
}

describe('G.722', () => {
  // What libspandsp 0.0.6, which follows the test sequences of the Recommendation, makes of the same input.
  it.each([
    ['noise', noise(1, 16_000).map((v) => v >> 1), '1f542ba8a7de7be5', '36817bb833047217'],
    ['quiet noise', noise(2, 16_000).map((v) => v >> 6), '665651f9e167fcfe', '1428f8222f4f9cb8'],
    [
      'a square wave',
      samplesOf(16_000, (i) => (Math.floor(i / 23) % 2 === 1 ? 12_000 : -12_000)),
      '21889ed4f7d31969',
      'b8be024e76f697bb',
    ],
    [
      'parabolas',
      samplesOf(16_000, (i) => ((i * i) % 4001) * 8 - 16_000),
      'b89e67f261188f12',
      'f2c5f04bbc45cf31',
    ],
    ['silence', new Int16Array(4000), '8983669fcd4ddf77', 'b417c6d26634b4fa'],
  ])('is bit-exact with another implementation: %s', (_name, input, encoded, decoded) => {
    const bytes = new G722Encoder().encode(input);
    const samples = new G722Decoder().decode(bytes);
    expect(fingerprint(bytes)).toBe(encoded);
    expect(fingerprint(new Uint8Array(samples.buffer))).toBe(decoded);
  });

  it.each([
    [300, 30],
    [1000, 30],
    [3000, 25],
    [6000, 15],
  ])('carries a tone of %d Hz with more than %d dB', (hz, least) => {
    const input = wideSine(hz, 16_000);
    const out = new G722Decoder().decode(new G722Encoder().encode(input));
    expect(snr(input, out)).toBeGreaterThan(least);
  });

  it('telephone sound comes in and out by the lower sub-band alone, at the same level', () => {
    const input = sine(1000, 500);
    const encoder = new G722Encoder();
    const bytes = Uint8Array.from(input, (sample) => encoder.encodeNarrow(sample));
    const decoder = new G722Decoder();
    const narrow = Int16Array.from(bytes, (byte) => decoder.decodeNarrow(byte));
    const wide = new G722Decoder().decode(bytes);
    expect(toneShare(narrow, 1000)).toBeGreaterThan(0.99);
    expect(toneShare(wide, 1000, 16_000)).toBeGreaterThan(0.99);
    expect(totalPower(narrow) / totalPower(input)).toBeCloseTo(1, 1);
    expect(totalPower(wide) / totalPower(input)).toBeCloseTo(1, 1);
    const fromWide = new G722Encoder().encode(wideSine(1000, 8000));
    const half = new G722Decoder();
    const heard = Int16Array.from(fromWide, (byte) => half.decodeNarrow(byte));
    expect(toneShare(heard, 1000)).toBeGreaterThan(0.99);
    expect(totalPower(heard) / totalPower(wideSine(1000, 8000))).toBeCloseTo(1, 1);
  });

  it('recovers from lost packets by itself', () => {
    const input = wideSine(500, 32_000);
    const bytes = new G722Encoder().encode(input);
    const decoder = new G722Decoder();
    decoder.decode(bytes.subarray(0, 4000));
    const after = decoder.decode(bytes.subarray(6000)).subarray(8000);
    expect(toneShare(after, 500, 16_000)).toBeGreaterThan(0.99);
  });

  it('any bytes decode to samples', () => {
    const bytes = Uint8Array.from(noise(3, 16_000), (sample) => (sample + 32_768) >> 8);
    const out = new G722Decoder().decode(bytes);
    expect(out).toHaveLength(32_000);
    expect(Math.max(...out)).toBe(32_767); // it saturates and never wraps around
  });
});
