import { describe, expect, it } from 'vitest';
import { FRAME_SAMPLES, SampleSound, SoundPlayer } from './player.ts';

const count = (length: number, first = 1): Int16Array => Int16Array.from({ length }, (_, i) => i + first);
const playerOf = (loop: boolean, ...parts: Int16Array[]): SoundPlayer =>
  new SoundPlayer(new SampleSound(...parts), loop);

describe('player', () => {
  it('[row 37] is finished when the last frame was taken, and that frame holds all of the end', () => {
    const player = playerOf(false, count(200));
    const frame = new Int16Array(FRAME_SAMPLES);
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
    const player = playerOf(true, count(100));
    const frame = new Int16Array(FRAME_SAMPLES);
    player.next(frame);
    expect([frame[99], frame[100], frame[159]]).toEqual([100, 1, 60]);
    player.next(frame);
    expect([frame[0], player.finished]).toEqual([61, false]);
  });

  it('pauses and goes on where it was', () => {
    const player = playerOf(false, count(480));
    const frame = new Int16Array(FRAME_SAMPLES);
    player.next(frame);
    player.pause();
    expect(player.next(frame)).toBe(false);
    player.resume();
    expect([player.next(frame), frame[0]]).toEqual([true, 161]);
  });

  it('of nothing is finished at once, looped or not', () => {
    for (const loop of [true, false]) expect(playerOf(loop, new Int16Array(0)).finished).toBe(true);
    expect(playerOf(true).finished).toBe(true);
  });

  it('plays parts one after the other without a gap, also those shorter than a frame and empty ones', () => {
    const player = playerOf(false, count(10), new Int16Array(0), count(5, 11), count(200, 16));
    const frame = new Int16Array(FRAME_SAMPLES);
    player.next(frame);
    expect(frame).toEqual(count(160));
    player.next(frame);
    expect([frame[0], frame[54], frame[55]]).toEqual([161, 215, 0]);
  });

  it('tells markers once, in the order of the sound, the end included, and none that is past', () => {
    const sound = new SampleSound(count(160), count(240));
    expect([sound.boundsOf(undefined), sound.boundsOf(1), sound.boundsOf(2)]).toEqual([
      [0, 400],
      [160, 400],
      undefined,
    ]);
    const player = new SoundPlayer(sound, false);
    const seen: string[] = [];
    const at = (place: number): void => player.mark(place, () => seen.push(`${place}`));
    for (const place of [400, 0, 159, 100, 401]) at(place);
    const frame = new Int16Array(FRAME_SAMPLES);
    player.next(frame);
    expect(seen).toEqual(['0', '100', '159']);
    at(5);
    player.next(frame);
    player.next(frame);
    expect(seen).toEqual(['0', '100', '159', '400']);
    expect(player.finished).toBe(true);
  });

  it('tells a marker of a loop in the first round that gets there, and only then', () => {
    const player = playerOf(true, count(320));
    const frame = new Int16Array(FRAME_SAMPLES);
    let seen = 0;
    player.next(frame);
    player.mark(10, () => {
      seen++;
    });
    player.next(frame);
    expect(seen).toBe(0);
    for (let i = 0; i < 6; i++) player.next(frame);
    expect(seen).toBe(1);
  });
});
