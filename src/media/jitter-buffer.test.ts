import { describe, expect, it } from 'vitest';
import { JitterBuffer } from './jitter-buffer.ts';

const frame = (value: number): Int16Array => new Int16Array(160).fill(value);

function take(buffer: JitterBuffer, upTo: number, count: number): Int16Array {
  const out = Buffer.alloc(count * 2);
  expect(buffer.take(upTo, out, 0, 2, false)).toBe(count);
  return Int16Array.from({ length: count }, (_, i) => out.readInt16LE(2 * i));
}

describe('jitter buffer', () => {
  it('places by timestamp, across its wrap, and leaves silence where nothing came', () => {
    const buffer = new JitterBuffer(1024);
    buffer.putSamples(1, 0xffffffff - 159, 0, frame(1));
    buffer.putSamples(1, 320, 500, frame(3)); // arrives before its predecessor
    buffer.putSamples(1, 160, 510, frame(2));
    const samples = take(buffer, 640, 640);
    expect([0, 160, 320, 480].map((at) => samples[at])).toEqual([1, 0, 2, 3]);
  });

  it('drops what comes after its time was taken, wholly or in part', () => {
    const buffer = new JitterBuffer(1024);
    buffer.putSamples(1, 0, 0, frame(1));
    take(buffer, 240, 240);
    buffer.putSamples(1, 160, 240, frame(2)); // position 160 to 320: half of it is too late
    buffer.putSamples(1, 80, 250, frame(9)); // position 80 to 240: all of it
    expect([...take(buffer, 400, 160)]).toEqual([...Array(80).fill(2), ...Array(80).fill(0)]);
  });

  it('never holds more than its window', () => {
    const buffer = new JitterBuffer(256);
    buffer.putSamples(1, 0, 200, frame(7));
    expect(buffer.end).toBe(256);
    expect(take(buffer, 10_000, 256).filter((sample) => sample === 7).length).toBe(56);
    expect(() => new JitterBuffer(100)).toThrow(RangeError);
  });

  it('a stream that jumps is placed by its arrival, and never over the sound before it', () => {
    const buffer = new JitterBuffer(4096);
    buffer.putSamples(1, 0, 0, frame(1));
    buffer.putSamples(2, 5_000_000, 100, frame(2));
    buffer.putSamples(2, 900, 2000, frame(3));
    const samples = take(buffer, 2200, 2200);
    expect([samples[159], samples[160], samples[320], samples[2000]]).toEqual([1, 2, 0, 3]);
  });
});
