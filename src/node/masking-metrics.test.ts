import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import type { MaskingObserverEvents } from '../masking/masking-service.ts';
import { watchMasking } from './masking-metrics.ts';

it('counts decisions, and asks for the number of sessions once a minute', async () => {
  const clock = new VirtualClock();
  const observers = new Emitter<MaskingObserverEvents>();
  const register = new Registry();
  const counts = [3, 5];
  const countOpen = async (): Promise<number> => {
    const next = counts.shift();
    if (next === undefined) throw new Error('away');
    return next;
  };
  const stop = watchMasking({ observers, waiting: () => 2, countOpen, clock, register });
  observers.emit('resolved', { kind: 'connect', seconds: 0.002 });
  observers.emit('resolved', { kind: 'connect', seconds: 0.3 });
  observers.emit('resolved', { kind: 'reject', seconds: 0.001 });
  observers.emit('failed', {});
  const first = await register.metrics();
  expect(first).toContain('maskline_masking_resolutions_total{decision="connect"} 2');
  expect(first).toContain('maskline_masking_resolutions_total{decision="reject"} 1');
  expect(first).toContain('maskline_masking_resolutions_total{decision="failed"} 1');
  expect(first).toContain('maskline_masking_resolve_seconds_bucket{le="0.0025"} 2');
  expect(first).toContain('maskline_masking_calls_waiting 2');
  expect(first).toContain('maskline_masking_sessions_open 3');
  expect(await register.metrics()).toContain('maskline_masking_sessions_open 3');
  await clock.advance(60_000);
  expect(await register.metrics()).toContain('maskline_masking_sessions_open 5');
  await clock.advance(60_000);
  expect(await register.metrics()).toContain('maskline_masking_sessions_open 5');
  stop();
  expect(observers.listenerCount('resolved') + observers.listenerCount('failed')).toBe(0);
});
