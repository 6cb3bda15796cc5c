import { describe, expect, it } from 'vitest';
import { ReceiveStats } from './receive-stats.ts';

function feed(stats: ReceiveStats, sequences: readonly number[], ssrc = 1): void {
  for (const sequence of sequences)
    stats.update(ssrc, sequence & 0xffff, (sequence * 160) >>> 0, 172, true, sequence * 20);
}

describe('receive statistics', () => {
  it('[RFC 3550 A.3] counts loss across the wrap of the sequence', () => {
    const stats = new ReceiveStats();
    feed(stats, [65_533, 65_534, 65_536, 65_537, 65_539]);
    expect([stats.packets, stats.octets, stats.lost]).toEqual([5, 860, 2]);
    const report = stats.report(0)!;
    expect(report.extendedHighestSequence).toBe(65_539);
    expect(report.fractionLost).toBe(Math.floor((2 * 256) / 7));
    feed(stats, [65_540, 65_541]);
    expect(stats.report(0)!.fractionLost).toBe(0);
  });

  it('does not take reordering for loss', () => {
    const stats = new ReceiveStats();
    feed(stats, [1, 3, 2, 4]);
    expect(stats.lost).toBe(0);
  });

  it('[RFC 3550 A.1] begins anew after a jump, and keeps what was lost before another SSRC', () => {
    const stats = new ReceiveStats();
    feed(stats, [1, 2, 4]);
    feed(stats, [30_000, 30_001, 30_002]);
    expect(stats.lost).toBeLessThanOrEqual(2);
    feed(stats, [7, 8, 10], 2);
    expect(stats.lost).toBeGreaterThanOrEqual(2);
    expect(stats.lost).toBeLessThanOrEqual(3);
  });

  it('[RFC 3550 A.8] estimates jitter in milliseconds', () => {
    const steady = new ReceiveStats();
    feed(
      steady,
      Array.from({ length: 50 }, (_, n) => n),
    );
    expect(steady.jitterMs).toBe(0);
    const shaky = new ReceiveStats();
    for (let n = 0; n < 500; n++) shaky.update(1, n, n * 160, 172, true, n * 20 + (n % 2) * 8);
    expect(shaky.jitterMs).toBeCloseTo(8, 0);
  });

  it('[RFC 3550 §6.4.1] returns the sender report and how long ago it came', () => {
    const stats = new ReceiveStats();
    expect(stats.report(0)).toBeUndefined();
    feed(stats, [1]);
    stats.senderReport(1, 0x12345678, 1000);
    stats.senderReport(99, 0xffffffff, 1100); // somebody else's
    expect(stats.report(3000)).toMatchObject({ lastSr: 0x12345678, delaySinceLastSr: 2 * 65_536 });
  });
});
