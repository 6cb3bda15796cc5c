import { describe, expect, it } from 'vitest';
import { conceal, HISTORY, MAX_CONCEALED } from './concealment.ts';
import { toneShare, totalPower } from './goertzel.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import { sine } from './tones.ts';

const FRAME = 160;
/** One second of a voice: 125 Hz and some of its harmonics. */
const voice = Int16Array.from({ length: 8000 }, (_, i) =>
  [1, 2, 3, 5].reduce((sum, n) => sum + (6000 / n) * Math.sin((2 * Math.PI * 125 * n * i) / 8000), 0),
);

function takeAll(buffer: JitterBuffer, count: number, from = 0): Int16Array {
  const out = Buffer.alloc(2 * count);
  buffer.take(from + count, out, 0, 2, false);
  return Int16Array.from({ length: count }, (_, i) => out.readInt16LE(2 * i));
}

/** Sends the frames of `sound` but those in `lost`; what the other side has of it. */
function heard(sound: Int16Array, lost: readonly number[], order = (n: number): number => n): Int16Array {
  const buffer = new JitterBuffer(16_384);
  for (let step = 0; step < sound.length / FRAME; step++) {
    const n = order(step);
    if (!lost.includes(n))
      buffer.putSamples(1, n * FRAME, step * FRAME, sound.subarray(n * FRAME, (n + 1) * FRAME), n);
  }
  return takeAll(buffer, sound.length);
}

describe('concealment', () => {
  it('goes on with the voice, at its level, then fades to nothing within 60 ms', () => {
    const out = new Int16Array(MAX_CONCEALED + 100);
    conceal(voice.subarray(0, HISTORY), out, out.length);
    const truth = voice.subarray(HISTORY);
    let error = 0;
    for (let i = 0; i < 80; i++) error += (out[i]! - truth[i]!) ** 2;
    expect(error / 80).toBeLessThan(totalPower(voice) * 0.05);
    expect(Math.max(...out.subarray(MAX_CONCEALED))).toBe(0);
    const level = (from: number): number => totalPower(out.subarray(from, from + 64));
    expect(level(100)).toBeGreaterThan(level(300));
    expect(level(300)).toBeGreaterThan(level(410));
  });

  it('makes silence of silence', () => {
    const out = new Int16Array(FRAME);
    conceal(new Int16Array(HISTORY), out, FRAME);
    expect(out.every((sample) => sample === 0)).toBe(true);
  });
});

describe('a lost packet', () => {
  const gap = (samples: Int16Array): Int16Array => samples.subarray(20 * FRAME, 21 * FRAME);

  it('is concealed, and the joints do not click', () => {
    const samples = heard(voice, [20]);
    expect(totalPower(gap(samples)) / totalPower(gap(voice))).toBeGreaterThan(0.6);
    const steepest = (of: Int16Array): number =>
      Math.max(...of.subarray(1).map((s, i) => Math.abs(s - of[i]!)));
    expect(steepest(samples)).toBeLessThan(steepest(voice) * 1.3);
  });

  it('that comes late after all takes its place', () => {
    const swapped = heard(voice, [], (n) => (n === 20 ? 22 : n === 21 ? 20 : n === 22 ? 21 : n));
    let error = 0;
    for (let i = 0; i < 8000; i++) error += (swapped[i]! - voice[i]!) ** 2;
    expect(error / 8000).toBeLessThan(totalPower(voice) * 0.01);
  });

  it('among many: 5 % of a tone lost leaves a tone', () => {
    const tone = sine(300, 1000);
    const lost = [7, 19, 33];
    expect(toneShare(heard(tone, lost), 300)).toBeGreaterThan(0.97);
  });

  it('is nothing to conceal when only time is missing: a pause of the talker stays silent', () => {
    const buffer = new JitterBuffer(16_384);
    buffer.putSamples(1, 0, 0, voice.subarray(0, FRAME), 0);
    buffer.putSamples(1, 4 * FRAME, 4 * FRAME, voice.subarray(0, FRAME), 1);
    expect(Math.max(...takeAll(buffer, 5 * FRAME).subarray(FRAME, 4 * FRAME))).toBe(0);
    expect(buffer.concealed).toBe(0);
  });

  it('is none when a key press or comfort noise took the number', () => {
    const buffer = new JitterBuffer(16_384);
    buffer.putSamples(1, 0, 0, voice.subarray(0, FRAME), 0);
    for (const sequence of [1, 2, 3]) buffer.pass(1, sequence);
    buffer.putSamples(1, 4 * FRAME, 4 * FRAME, voice.subarray(0, FRAME), 4);
    expect(buffer.concealed).toBe(0);
  });

  it('right after the last taken one is concealed from what was taken', () => {
    const buffer = new JitterBuffer(4096);
    for (let n = 0; n < 4; n++)
      buffer.putSamples(1, n * FRAME, n * FRAME, voice.subarray(n * FRAME, (n + 1) * FRAME), n);
    takeAll(buffer, 4 * FRAME);
    buffer.putSamples(1, 5 * FRAME, 5 * FRAME, voice.subarray(5 * FRAME, 6 * FRAME), 5);
    expect(totalPower(takeAll(buffer, 2 * FRAME, 4 * FRAME).subarray(0, FRAME))).toBeGreaterThan(
      totalPower(voice) * 0.5,
    );
  });

  it('that comes when its time was taken is counted', () => {
    const buffer = new JitterBuffer(4096);
    buffer.putSamples(1, 0, 0, voice.subarray(0, FRAME), 0);
    takeAll(buffer, 640);
    buffer.putSamples(1, FRAME, 600, voice.subarray(0, FRAME), 1);
    expect(buffer.late).toBe(1);
  });
});

it.each([100, -100])(
  '[row 38] an hour of a clock that is %d ppm off stays within the window, and no sound is lost for long',
  (ppm) => {
    const buffer = new JitterBuffer();
    const frame = new Int16Array(FRAME).fill(1000);
    const out = Buffer.alloc(2 * 4000);
    let taken = 0;
    let silent = 0;
    for (let n = 0; n < 180_000; n++) {
      const arrival = Math.round(n * FRAME * (1 - ppm / 1e6));
      buffer.putSamples(1, (n * FRAME) >>> 0, arrival, frame, n & 0xffff);
      expect(Math.abs(buffer.end - arrival - FRAME) <= 1600 + FRAME).toBe(true);
      while (arrival - taken >= 4000 + 2000) {
        buffer.take(taken + 4000, out, 0, 2, false);
        for (let at = 0; at < out.length; at += 2) if (out.readInt16LE(at) === 0) silent += 1;
        taken += 4000;
      }
    }
    expect(buffer.late).toBe(0);
    // 100 ppm are 2 880 samples in an hour: what is missing must come from there.
    expect(silent).toBeLessThan(6000);
  },
);
