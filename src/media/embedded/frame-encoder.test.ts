import { expect, it } from 'vitest';
import { decodeG711 } from '../codec/g711.ts';
import { FrameEncoder } from './frame-encoder.ts';

const frame = (value: number): Int16Array => new Int16Array(160).fill(value);

it.each([
  [10, 80, 8],
  [20, 160, 4],
  [30, 240, 2],
  [60, 480, 1],
])('packs 20 ms frames into packets of %i ms', (packetMs, samples, packets) => {
  const encoder = new FrameEncoder();
  encoder.configure('PCMA', packetMs);
  const lengths: number[] = [];
  for (let n = 0; n < 4; n++) {
    encoder.push(1, frame(1000));
    for (let packet = encoder.pull(); packet !== undefined; packet = encoder.pull()) {
      lengths.push(packet.length - 12);
      expect(Math.abs(decodeG711('PCMA', packet.subarray(12))[0]! - 1000)).toBeLessThan(40);
    }
  }
  expect(lengths).toEqual(Array(packets).fill(samples));
});

it('does not mix the rest of one source into another, and bounds nonsense', () => {
  const encoder = new FrameEncoder();
  encoder.configure('PCMU', 40);
  encoder.push(1, frame(8000));
  encoder.push(2, frame(-8000));
  expect(encoder.pull()).toBeUndefined();
  encoder.push(2, frame(-8000));
  expect(decodeG711('PCMU', encoder.pull()!.subarray(12)).every((sample) => sample < 0)).toBe(true);
  encoder.configure('PCMU', Number.NaN);
  encoder.push(2, frame(1));
  expect(encoder.pull()?.length).toBe(172);
});
