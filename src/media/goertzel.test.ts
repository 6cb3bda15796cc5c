import { expect, it } from 'vitest';
import { goertzelPower, toneShare, totalPower } from './goertzel.ts';
import { sine } from './tones.ts';

it('tells a tone from another, from two and from silence', () => {
  const a = sine(440, 500, 0.5);
  const b = sine(700, 500, 0.5);
  expect(toneShare(a, 440)).toBeGreaterThan(0.99);
  expect(toneShare(a, 700)).toBeLessThan(0.01);
  const both = a.map((value, i) => (value + b[i]!) / 2);
  expect(toneShare(both, 440)).toBeCloseTo(0.5, 1);
  expect(goertzelPower(a, 440)).toBeCloseTo((0.5 * 32767) ** 2 / 2, -6);
  expect([toneShare(new Int16Array(160), 440), totalPower([]), goertzelPower([], 440)]).toEqual([0, 0, 0]);
});

it('knows a tone again that goes on in another phase, and tells it from one that is noise in between', () => {
  const tone = sine(440, 2_000, 0.5);
  // 16 ms are missing, three times.
  const gone = tone.filter((_, i) => ![4_000, 8_050, 12_090].some((at) => i >= at && i < at + 130));
  expect(toneShare(gone, 440)).toBeGreaterThan(0.9);
  expect(toneShare(gone, 700)).toBeLessThan(0.01);
  const other = sine(700, 2_000, 0.5);
  const mixed = tone.map((value, i) => (i % 4_000 < 1_000 ? other[i]! : value));
  expect(toneShare(mixed, 440)).toBeCloseTo(0.75, 1);
  expect(toneShare(mixed, 700)).toBeCloseTo(0.25, 1);
});
