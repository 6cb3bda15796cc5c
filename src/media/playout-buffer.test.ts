import { describe, expect, it } from 'vitest';
import { toneShare, totalPower } from './goertzel.ts';
import { PlayoutBuffer } from './playout-buffer.ts';
import { sine } from './tones.ts';

const voice = sine(200, 4000);
const packet = (n: number): Int16Array => voice.subarray((n % 200) * 160, (n % 200) * 160 + 160);

/** Packet `n` arrives just before frame `n + delay(n)` is taken; those without a delay are lost. */
function play(count: number, delay: (n: number) => number | undefined, say = packet) {
  const buffer = new PlayoutBuffer(8000);
  const frames: { readonly samples: Int16Array; readonly sound: boolean }[] = [];
  for (let frame = 0; frame < count; frame++) {
    for (let n = 0; n <= frame; n++)
      if (n + (delay(n) ?? Number.NaN) === frame) buffer.put(1, (n * 160) >>> 0, say(n));
    const samples = new Int16Array(160);
    frames.push({ samples, sound: buffer.take(samples) });
  }
  return { frames, buffer };
}

const soundOf = (frames: readonly { readonly samples: Int16Array }[]): Int16Array =>
  Int16Array.from(frames.flatMap(({ samples }) => [...samples]));

describe('sound in steady time', () => {
  it('comes 40 ms after it arrived, whole and in order', () => {
    const { frames, buffer } = play(50, () => 0);
    expect(frames.findIndex(({ sound }) => sound)).toBe(2);
    expect(soundOf(frames.slice(2))).toEqual(voice.subarray(0, 48 * 160));
    expect(buffer.late).toBe(0);
  });

  it('is not disturbed by 40 ms of jitter, nor by packets that overtake each other', () => {
    const { frames, buffer } = play(60, (n) => [0, 1, 0, 2, 1][n % 5]);
    expect(soundOf(frames.slice(2))).toEqual(voice.subarray(0, 58 * 160));
    expect(buffer.late).toBe(0);
  });

  it('waits longer once packets came too late, and no longer than it must when they come early again', () => {
    const slow = (n: number): number => (n >= 20 && n < 60 ? 5 : 0);
    const { frames, buffer } = play(700, slow, (n) => new Int16Array(160).fill(n + 1));
    // All that came while the way was longer was heard, but for the first.
    expect(buffer.late).toBeLessThanOrEqual(2);
    const delayAt = (frame: number): number => frame + 1 - frames[frame]!.samples[80]!;
    expect(delayAt(55)).toBeGreaterThan(5);
    expect(delayAt(690)).toBeLessThanOrEqual(3);
  });

  it('a lost packet is concealed, and the real sound goes on without a break', () => {
    const { frames } = play(40, (n) => (n === 20 ? undefined : 0));
    const mended = soundOf(frames.slice(10, 35));
    expect(frames.slice(2).every(({ sound }) => sound)).toBe(true);
    expect(toneShare(mended, 200)).toBeGreaterThan(0.95);
    const steps = mended.slice(1).map((sample, i) => Math.abs(sample - mended[i]!));
    const own = Math.max(...voice.slice(1, 2000).map((sample, i) => Math.abs(sample - voice[i]!)));
    expect(Math.max(...steps)).toBeLessThan(3 * own);
  });

  it('after 60 ms without a packet there is silence, and no more is made up', () => {
    const { frames } = play(40, (n) => (n >= 10 ? undefined : 0));
    expect(frames.map(({ sound }) => sound).lastIndexOf(true)).toBe(14);
    expect(totalPower(soundOf(frames.slice(15)))).toBe(0);
  });

  it('what says that it is silent is not concealed', () => {
    const buffer = new PlayoutBuffer(8000);
    const frame = new Int16Array(160);
    for (let n = 0; n < 5; n++) {
      buffer.put(1, n * 160, packet(n));
      buffer.take(frame);
    }
    const heard: boolean[] = [];
    for (let n = 0; n < 3; n++) {
      if (n === 2) buffer.rest();
      heard.push(buffer.take(frame));
    }
    expect(heard).toEqual([true, true, false]);
  });

  it('another stream begins anew, whatever its timestamps; one that jumps does, too', () => {
    const buffer = new PlayoutBuffer(8000);
    const frame = new Int16Array(160);
    const heard: boolean[] = [];
    const hear = (stream: number, timestamp: number): void => {
      buffer.put(stream, timestamp >>> 0, packet(0));
      heard.push(buffer.take(frame));
    };
    for (let n = 0; n < 4; n++) hear(1, 0xffff_ff00 + n * 160);
    for (let n = 0; n < 4; n++) hear(2, 77 + n * 160);
    for (let n = 0; n < 4; n++) hear(2, 0x7000_0000 + n * 160);
    expect(heard.slice(2)).toEqual(Array(10).fill(true));
  });

  it('frames of our own clock pass through at once, at 16 kHz as well', () => {
    for (const [rate, size] of [
      [8000, 160],
      [16_000, 320],
    ] as const) {
      const buffer = new PlayoutBuffer(rate);
      const frame = new Int16Array(size);
      for (let n = 0; n < 30; n++) {
        const samples = new Int16Array(size).fill(n + 1);
        buffer.append(samples);
        expect(buffer.take(frame)).toBe(true);
        expect(frame).toEqual(samples);
      }
      expect(buffer.take(new Int16Array(size))).toBe(rate === 8000); // a loss of 20 ms is concealed at 8 kHz only
    }
  });

  it('holds half a second, whatever is put in', () => {
    const buffer = new PlayoutBuffer(8000);
    for (let n = 0; n < 2000; n++) buffer.put(1, n * 160, packet(n));
    const frame = new Int16Array(160);
    let frames = 0;
    while (buffer.take(frame)) frames += 1;
    expect(frames).toBeLessThan(30);
  });
});
