import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { decodeTableOf, encodeG711 } from './codec/g711.ts';
import { totalPower } from './goertzel.ts';
import { RECORDER_TICK_MS, Recorder } from './recorder.ts';
import { sine } from './tones.ts';

const START = 5000;
const FRAME = encodeG711('PCMU', sine(500, 20));

/** A recorder whose output is collected, and ticked like in life. */
class Bench {
  readonly batches: Buffer[] = [];
  readonly recorder: Recorder;
  readonly channels: 1 | 2;
  #nextTick = START + RECORDER_TICK_MS;

  constructor(channels: 1 | 2) {
    this.channels = channels;
    this.recorder = new Recorder(channels, START, (batch) => this.batches.push(batch));
  }

  packet(channel: 'left' | 'right', timestamp: number, at: number, stream = 1): void {
    for (; this.#nextTick <= START + at; this.#nextTick += RECORDER_TICK_MS)
      this.recorder.tick(this.#nextTick);
    this.recorder.packet(
      channel,
      stream,
      timestamp >>> 0,
      FRAME,
      0,
      FRAME.length,
      decodeTableOf('PCMU'),
      START + at,
    );
  }

  /** Samples of one channel after the end. */
  finish(at: number, channel: 0 | 1 = 0): Int16Array {
    for (; this.#nextTick <= START + at; this.#nextTick += RECORDER_TICK_MS)
      this.recorder.tick(this.#nextTick);
    this.recorder.close(START + at);
    const all = Buffer.concat(this.batches);
    return Int16Array.from({ length: all.length / 2 / this.channels }, (_, i) =>
      all.readInt16LE(2 * (i * this.channels + (this.channels === 2 ? channel : 0))),
    );
  }
}

/** Where sound is, in milliseconds, 10 ms fine: [from, to] of every stretch. */
function stretches(samples: Int16Array): number[][] {
  const found: number[][] = [];
  for (let ms = 0; ms * 8 < samples.length; ms += 10) {
    if (totalPower(samples.subarray(ms * 8, ms * 8 + 80)) < 1000) continue;
    const last = found.at(-1);
    if (last !== undefined && last[1] === ms) last[1] = ms + 10;
    else found.push([ms, ms + 10]);
  }
  return found;
}

describe('recorder', () => {
  it('[row 37] two channels on one clock: each sound where it was, silence elsewhere', () => {
    const bench = new Bench(2);
    for (let n = 0; n < 25; n++) bench.packet('left', 160 * n, 200 + 20 * n);
    for (let n = 0; n < 25; n++) bench.packet('right', 90_000 + 160 * n, 1500 + 20 * n, 2);
    const left = bench.finish(3000);
    expect(left.length).toBe(24_000);
    expect(stretches(left)).toEqual([[200, 700]]);
    const all = Buffer.concat(bench.batches);
    const right = Int16Array.from({ length: all.length / 4 }, (_, i) => all.readInt16LE(4 * i + 2));
    expect(stretches(right)).toEqual([[1500, 2000]]);
  });

  it('[row 37] silence suppression: what comes later is later, also by timestamp alone', () => {
    const bench = new Bench(2);
    for (let n = 0; n < 10; n++) bench.packet('left', 160 * n, 20 * n);
    for (let n = 100; n < 110; n++) bench.packet('left', 160 * n, 20 * n);
    expect(stretches(bench.finish(2500))).toEqual([
      [0, 200],
      [2000, 2200],
    ]);
  });

  it('[row 37] an hour of a jittery sender whose clock is 200 ppm off stays within 250 ms', () => {
    const bench = new Bench(1);
    const random = seededRandom(2);
    const frames = (3600 * 1000) / 20;
    for (let n = 0; n < frames; n += 1) {
      if (n % 500 > 5) continue; // a short sound every ten seconds
      bench.packet('left', 160 * n, n * 20 * 1.0002 + random.int(30));
    }
    const samples = bench.finish(3_601_000);
    expect(samples.length).toBe(3_601_000 * 8);
    const last = frames - 500;
    const at = last * 20 * 1.0002;
    const near = stretches(samples.subarray((at - 1000) * 8, (at + 1000) * 8));
    expect(near.length).toBeGreaterThan(0);
    expect(Math.abs(near[0]![0]! - 1000)).toBeLessThan(250);
  });

  it('puts packets that come in disorder in order', () => {
    const bench = new Bench(1);
    for (const n of [0, 2, 1, 4, 3, 5]) bench.packet('left', 160 * n, 100 + 20 * n + (n % 2) * 30);
    const samples = bench.finish(1000);
    expect(stretches(samples)).toEqual([[100, 220]]);
  });

  it('holds longer where packets come late, up to a second', () => {
    const bench = new Bench(1);
    // Every second the path stands still for 700 ms; what waited comes at once.
    const arrival = (n: number): number => Math.max(20 * n, Math.floor((20 * n) / 1000) * 1000 + 700);
    for (let n = 0; n < 1000; n++) bench.packet('left', 160 * n, arrival(n));
    expect(bench.recorder.holdMs).toBeGreaterThanOrEqual(500);
    expect(bench.recorder.holdMs).toBeLessThanOrEqual(1000);
    const late = bench.recorder.late;
    for (let n = 1000; n < 5000; n++) bench.packet('left', 160 * n, arrival(n));
    expect(bench.recorder.late).toBe(late); // it has learnt
    const [from, to] = stretches(bench.finish(100_000)).at(-1)!;
    expect(from).toBeLessThan(2000); // whole since then
    expect(to).toBeLessThanOrEqual(100_100);
  });

  it('a path that becomes longer for good moves the stream once, after a second', () => {
    const bench = new Bench(1);
    for (let n = 0; n < 100; n++) bench.packet('left', 160 * n, 20 * n);
    for (let n = 100; n < 300; n++) bench.packet('left', 160 * n, 20 * n + 400);
    const found = stretches(bench.finish(7000));
    expect(found.at(-1)![1]).toBe(6400);
  });

  it('another source or a restarted one goes on at the time it came', () => {
    const bench = new Bench(1);
    for (let n = 0; n < 5; n++) bench.packet('left', 160 * n, 20 * n, 1);
    for (let n = 0; n < 5; n++) bench.packet('left', 0xfffffff0 + 160 * n, 500 + 20 * n, 2);
    for (let n = 0; n < 5; n++) bench.packet('left', 70_000_000 + 160 * n, 800 + 20 * n, 2);
    expect(stretches(bench.finish(1000)).map(([from]) => from)).toEqual([0, 500, 800]);
  });

  it('mixes to mono without wrapping', () => {
    const bench = new Bench(1);
    const loud = new Int16Array(160).fill(30_000);
    bench.recorder.samples('left', 1, loud, START);
    bench.recorder.samples('right', 2, loud, START);
    expect([...bench.finish(20)]).toEqual(Array(160).fill(32_767));
  });

  it('[row 37] keeps the tail, and takes nothing after the end', () => {
    const bench = new Bench(1);
    for (let n = 0; n < 50; n++) bench.packet('left', 160 * n, 20 * n);
    const samples = bench.finish(985);
    expect(stretches(samples)).toEqual([[0, 1000]]);
    const before = bench.batches.length;
    bench.packet('left', 160 * 50, 1000);
    bench.recorder.close(START + 2000);
    expect(bench.batches.length).toBe(before);
  });

  it('after a stall of the thread nothing falls off the end', () => {
    const bench = new Bench(1);
    bench.packet('left', 0, 0);
    // Three seconds without a tick, then everything that waited in the socket.
    for (let n = 1; n < 150; n++)
      bench.recorder.packet('left', 1, 160 * n, FRAME, 0, 160, decodeTableOf('PCMU'), START + 20 * n);
    expect(stretches(bench.finish(3000))).toEqual([[0, 3000]]);
  });
});
