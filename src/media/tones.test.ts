import { describe, expect, it } from 'vitest';
import { goertzelPower, toneShare, totalPower } from './goertzel.ts';
import { progressTone } from './tones.ts';

describe('progress tones', () => {
  it('Russia: 425 Hz, 0.8 s on, 3.2 s off', () => {
    const ringback = progressTone('ringback', 'ru');
    expect(ringback.length).toBe(4 * 8000);
    expect(toneShare(ringback.subarray(0, 6400), 425)).toBeGreaterThan(0.97);
    expect(totalPower(ringback.subarray(6400))).toBe(0);
  });

  it('United States: two frequencies; United Kingdom: two rings', () => {
    const us = progressTone('ringback', 'US').subarray(0, 16_000);
    expect(goertzelPower(us, 440) / goertzelPower(us, 480)).toBeCloseTo(1, 1);
    const gb = progressTone('ringback', 'GB');
    const loud = [0, 450, 700, 1500].map((ms) => totalPower(gb.subarray(ms * 8, ms * 8 + 400)) > 0);
    expect(loud).toEqual([true, false, true, false]);
  });

  it('is made once, has no click at the seam, does not clip, and knows a default', () => {
    expect(progressTone('busy', 'DE')).toBe(progressTone('busy', 'de'));
    expect(progressTone('busy', 'ZZ').length).toBe(8000);
    for (const country of ['RU', 'US', 'GB', 'FR', 'ZZ'])
      for (const tone of ['ringback', 'busy', 'congestion'] as const) {
        const samples = progressTone(tone, country);
        expect(Math.abs(samples[0]!) + Math.abs(samples.at(-1)!)).toBeLessThan(50);
        expect(samples.reduce((max, value) => Math.max(max, Math.abs(value)), 0)).toBeLessThan(16_000);
        expect(samples.length % 8).toBe(0);
      }
  });
});
