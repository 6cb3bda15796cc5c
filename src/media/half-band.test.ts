import { expect, it } from 'vitest';
import { toneShare, totalPower } from './goertzel.ts';
import { Doubler, Halver } from './half-band.ts';
import { sine } from './tones.ts';

const wide = (hz: number, length = 16_000): Int16Array =>
  Int16Array.from({ length }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / 16_000));

/** In pieces of all sizes, as chunks come. */
function inPieces(samples: Int16Array, process: (piece: Int16Array) => Int16Array): Int16Array {
  const out: number[] = [];
  for (let at = 0, size = 1; at < samples.length; at += size, size = (size * 7) % 331)
    out.push(...process(samples.subarray(at, at + size)));
  return Int16Array.from(out);
}

it.each([300, 1000, 3000])('a tone of %d Hz comes out at the other rate as it went in', (hz) => {
  const doubler = new Doubler();
  const up = inPieces(sine(hz, 1000), (piece) => doubler.process(piece));
  expect(up).toHaveLength(16_000);
  expect(toneShare(up.subarray(800), hz, 16_000)).toBeGreaterThan(0.999);
  const halver = new Halver();
  const down = inPieces(wide(hz), (piece) => halver.process(piece));
  expect(down).toHaveLength(8000);
  expect(toneShare(down.subarray(800), hz)).toBeGreaterThan(0.999);
  expect(totalPower(down) / totalPower(wide(hz))).toBeCloseTo(1, 1);
});

it('what 8 kHz cannot hold does not fold back', () => {
  const halver = new Halver();
  const power = totalPower(inPieces(wide(5000), (piece) => halver.process(piece)).subarray(200));
  expect(10 * Math.log10(power / totalPower(wide(5000)))).toBeLessThan(-50);
});
