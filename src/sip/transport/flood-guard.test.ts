import { expect, test } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { COSTS, FLOOD_LIMITS, FloodGuard } from './flood-guard.ts';

const admittedOf = (guard: FloodGuard, host: string, tries: number): number => {
  let admitted = 0;
  for (let i = 0; i < tries; i++) if (guard.admit(host)) admitted++;
  return admitted;
};

test('[row 19] a source has its burst, then its rate; others are not touched', async () => {
  const clock = new VirtualClock();
  const guard = new FloodGuard(clock, { ...FLOOD_LIMITS, perSecond: 10, burst: 20 });
  expect(admittedOf(guard, '192.0.2.1', 100)).toBe(20);
  expect(admittedOf(guard, '192.0.2.2', 5)).toBe(5);
  await clock.advance(1000);
  expect(admittedOf(guard, '192.0.2.1', 100)).toBe(10);
  await clock.advance(60_000);
  expect(admittedOf(guard, '192.0.2.1', 100)).toBe(20);
  expect(guard.counters).toEqual({ admitted: 55, refused: 250, sources: 2 });
});

test('[row 19] memory is bounded, whatever the number of sources', () => {
  const guard = new FloodGuard(new VirtualClock(), { ...FLOOD_LIMITS, maxSources: 100 });
  for (let i = 0; i < 5000; i++) guard.admit(`10.${i >> 8}.${i & 255}.1`);
  expect(guard.counters.sources).toBe(100);
});

test('trusted sources are never held back; an IPv6 /64 is one source', () => {
  const limits = { ...FLOOD_LIMITS, burst: 3, isTrusted: (host: string) => host === '192.0.2.9' };
  const guard = new FloodGuard(new VirtualClock(), limits);
  expect(admittedOf(guard, '192.0.2.9', 50)).toBe(50);
  expect(admittedOf(guard, '2001:db8:1:2::1', 2) + admittedOf(guard, '2001:db8:1:2:3:4:5:6', 50)).toBe(3);
  expect(admittedOf(guard, '2001:db8:1:3::1', 50)).toBe(3);
  expect(admittedOf(guard, '::ffff:192.0.2.5', 50) + admittedOf(guard, '::ffff:192.0.2.6', 50)).toBe(6);
});

test('[row 42] junk costs twenty messages, and a source that sends nothing else is soon not looked at', async () => {
  const clock = new VirtualClock();
  const guard = new FloodGuard(clock, { ...FLOOD_LIMITS, perSecond: 10, burst: 100 });
  let looked = 0;
  for (let i = 0; i < 50; i++) {
    if (!guard.admit('192.0.2.1')) continue;
    looked++;
    guard.charge('192.0.2.1', COSTS.junk);
  }
  expect(looked).toBe(5);
  // A debt, of one burst at most, is paid before anything is admitted again.
  for (let i = 0; i < 50; i++) guard.charge('192.0.2.1', COSTS.failedHandshake);
  await clock.advance(10_000);
  expect(guard.admit('192.0.2.1')).toBe(false);
  await clock.advance(200);
  expect(guard.admit('192.0.2.1')).toBe(true);
  expect(guard.admit('192.0.2.2', COSTS.handshake)).toBe(true);
});
