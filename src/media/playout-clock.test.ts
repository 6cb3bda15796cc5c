import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { PlayoutClock } from './playout-clock.ts';

/** Timers fire up to `jitter(n)` milliseconds late, as they do in a busy process. */
function lateClock(inner: VirtualClock, lateness: () => number): Clock {
  return {
    now: () => inner.now(),
    monotonic: () => inner.monotonic(),
    setTimeout: (callback, ms) => inner.setTimeout(callback, ms + lateness()),
    clearTimeout: (handle) => inner.clearTimeout(handle),
  };
}

describe('playout clock', () => {
  it('[row 36] 10 000 ticks with late timers: none is lost, none repeated, no drift', async () => {
    const inner = new VirtualClock();
    const random = seededRandom(1);
    const deadlines: number[] = [];
    const clock = new PlayoutClock(
      lateClock(inner, () => random.int(1800) / 100),
      (deadline) => deadlines.push(deadline),
    );
    clock.start();
    await inner.advance(200_020);
    clock.stop();
    expect(deadlines.length).toBeGreaterThanOrEqual(10_000);
    deadlines.forEach((deadline, n) => {
      expect(deadline).toBe((n + 1) * 20);
    });
    expect(clock.skipped).toBe(0);
    expect(clock.latenessP99()).toBeGreaterThan(15);
    expect(clock.latenessP99()).toBeLessThan(19);
    expect(inner.pending).toBe(0);
  });

  it('[row 36] far behind, it skips rather than bursts, and deadlines tell of the gap', async () => {
    const inner = new VirtualClock();
    let stall = 0;
    const ticks: { deadline: number; at: number }[] = [];
    const clock = new PlayoutClock(
      lateClock(inner, () => {
        const late = stall;
        stall = 0;
        return late;
      }),
      (deadline) => ticks.push({ deadline, at: inner.monotonic() }),
    );
    clock.start();
    await inner.advance(100);
    stall = 500; // the next timer but one comes half a second late
    await inner.advance(1000);
    clock.stop();
    const together = Math.max(...ticks.map(({ at }) => ticks.filter((other) => other.at === at).length));
    expect(together).toBe(2);
    expect(clock.skipped).toBe(24);
    const gaps = ticks.slice(1).map(({ deadline }, n) => deadline - ticks[n]!.deadline);
    expect(gaps.filter((gap) => gap !== 20)).toEqual([500]);
    expect(ticks.every(({ deadline, at }) => at >= deadline)).toBe(true);
  });

  it('starts and stops, also from within a tick', async () => {
    const inner = new VirtualClock();
    let count = 0;
    const clock: PlayoutClock = new PlayoutClock(inner, () => {
      count += 1;
      if (count === 3) clock.stop();
    });
    clock.start();
    clock.start();
    await inner.advance(200);
    expect([count, clock.running, inner.pending]).toEqual([3, false, 0]);
    clock.start();
    await inner.advance(20);
    expect(count).toBe(4);
    clock.stop();
  });
});
