import { describe, expect, it } from 'vitest';
import { SamplePlayer } from './player.ts';

const count = (length: number): Int16Array => Int16Array.from({ length }, (_, i) => i + 1);

describe('player', () => {
  it('[row 37] is finished when the last frame was taken, and that frame holds all of the end', () => {
    const player = new SamplePlayer(count(200), false);
    const frame = new Int16Array(160);
    expect(player.durationMs).toBe(25);
    expect([player.next(frame), player.finished, frame[0], frame[159]]).toEqual([true, false, 1, 160]);
    expect([player.next(frame), player.finished, frame[0], frame[39], frame[40]]).toEqual([
      true,
      true,
      161,
      200,
      0,
    ]);
    expect(player.next(frame)).toBe(false);
  });

  it('loops without a seam', () => {
    const player = new SamplePlayer(count(100), true);
    const frame = new Int16Array(160);
    player.next(frame);
    expect([player.durationMs, frame[99], frame[100], frame[159]]).toEqual([undefined, 100, 1, 60]);
    player.next(frame);
    expect([frame[0], player.finished]).toEqual([61, false]);
  });

  it('pauses and goes on where it was', () => {
    const player = new SamplePlayer(count(480), false);
    const frame = new Int16Array(160);
    player.next(frame);
    player.pause();
    expect(player.next(frame)).toBe(false);
    player.resume();
    expect([player.next(frame), frame[0]]).toEqual([true, 161]);
  });

  it('of nothing is finished at once, looped or not', () => {
    for (const loop of [true, false]) expect(new SamplePlayer(new Int16Array(0), loop).finished).toBe(true);
  });
});
