import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { trunk } from './test-support/settings.ts';
import { TrunkLoads } from './trunk-load.ts';
import { TrunkStatistics } from './trunk-statistics.ts';

describe('room on a trunk', () => {
  test('both directions count towards maxCalls, outbound alone towards maxOutboundCalls; room is given back once', () => {
    const loads = new TrunkLoads(new VirtualClock());
    const settings = trunk({ maxCalls: 3, maxOutboundCalls: 1 });
    const leave = loads.enter(settings, 'outbound');
    expect(loads.enter(settings, 'outbound')).toBeUndefined();
    loads.enter(settings, 'inbound');
    loads.enter(settings, 'inbound');
    expect(loads.enter(settings, 'inbound')).toBeUndefined();
    leave?.();
    leave?.();
    expect(loads.of('carrier')).toEqual({ inbound: 2, outbound: 0 });
    expect(loads.enter(settings, 'outbound')).toBeDefined();
  });

  test.each([
    [5, 5, 50],
    [0.5, 1, 5],
    [2.5, 2, 25],
  ])('%s calls per second: %s at once, %s more in ten seconds', async (callsPerSecond, burst, more) => {
    const clock = new VirtualClock();
    const loads = new TrunkLoads(clock);
    const settings = trunk({ callsPerSecond });
    const take = (): number => {
      let taken = 0;
      while (loads.enter(settings, 'outbound') !== undefined) taken += 1;
      return taken;
    };
    expect(take()).toBe(burst);
    let later = 0;
    for (let i = 0; i < 100; i++) {
      await clock.advance(100);
      later += take();
    }
    expect(Math.abs(later - more)).toBeLessThanOrEqual(1);
    await clock.advance(60_000);
    expect(take()).toBe(burst);
    // Whoever calls in is not asked how fast.
    expect(loads.enter(settings, 'inbound')).toBeDefined();
  });

  test('a trunk that is gone is forgotten when its last call has ended', () => {
    const clock = new VirtualClock();
    const loads = new TrunkLoads(clock);
    const statistics = new TrunkStatistics(clock);
    const leave = loads.enter(trunk(), 'inbound');
    const counted = statistics.offered('carrier', 'inbound');
    for (const held of [loads, statistics]) held.keepOnly(new Set());
    expect(loads.of('carrier').inbound).toBe(1);
    leave?.();
    counted.ended('4xx');
    expect(statistics.totals('carrier', 'inbound')).toMatchObject({ offered: 1, failed: { '4xx': 1 } });
    for (const held of [loads, statistics]) held.keepOnly(new Set());
    expect(statistics.hours('carrier')).toBeUndefined();
  });
});
