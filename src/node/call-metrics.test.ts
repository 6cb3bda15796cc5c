import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import type { Call, CallEnd, CallObserverEvents } from '../call/types.ts';
import { Emitter } from '../kernel/emitter.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { ScenarioSessionEvents } from '../scenario/ports.ts';
import { watchCalls } from './call-metrics.ts';

const MEDIA = {
  ...{ packetsReceived: 500, packetsSent: 510, bytesReceived: 0, bytesSent: 0, packetsLost: 5, jitterMs: 3 },
  ...{ roundTripMs: undefined, strangers: 2, unauthenticated: 1, transcoded: 0 },
};
const end = (code: number, durationSeconds: number): CallEnd => ({
  ...{ code, reason: '', by: 'remote', headers: {}, durationSeconds },
  media: durationSeconds > 0 ? MEDIA : undefined,
});

test('a masked call, one that is busy, one that is refused, and a script that fails are counted once each', async () => {
  const clock = new VirtualClock();
  const calls = new Emitter<CallObserverEvents>();
  const sessions = new Emitter<ScenarioSessionEvents>();
  const register = new Registry();
  const stop = watchCalls({ calls, sessions, clock, register });
  const leg = (incoming: boolean): Call => ({ incoming }) as Call;
  const created = (call: Call, sessionId: string): void =>
    calls.emit('created', { call, applicationId: 'a', sessionId });

  const [driver, passenger, busy] = [leg(true), leg(false), leg(false)];
  created(driver, 's1');
  await clock.advance(30);
  created(passenger, 's1');
  await clock.advance(4_000);
  calls.emit('event', { call: passenger, sessionId: 's1', name: 'connected', detail: {} });
  calls.emit('event', { call: driver, sessionId: 's1', name: 'connected', detail: {} });
  calls.emit('ended', { call: passenger, sessionId: 's1', end: end(200, 42) });
  calls.emit('ended', { call: driver, sessionId: 's1', end: end(200, 42) });
  created(busy, 's2');
  calls.emit('ended', { call: busy, sessionId: 's2', end: end(486, 0) });
  const number = PhoneNumber.parse('+442079460123');
  calls.emit('refused', { code: 404, reason: '', caller: number, dialled: number, error: 'number/unknown' });
  const error = { message: 'boom', scenario: 'a', line: 1 };
  sessions.emit('ended', { sessionId: 's1', reason: '', error: undefined });
  sessions.emit('ended', { sessionId: 's2', reason: '', error });

  const text = await register.metrics();
  for (const line of [
    'maskline_legs_ended_total{direction="out",status="200"} 1',
    'maskline_legs_ended_total{direction="in",status="200"} 1',
    'maskline_legs_ended_total{direction="out",status="486"} 1',
    'maskline_calls_refused_total{error="number/unknown"} 1',
    'maskline_dial_seconds_bucket{le="0.025"} 0',
    'maskline_dial_seconds_bucket{le="0.05"} 1',
    'maskline_dial_seconds_count 1',
    'maskline_answer_seconds_bucket{le="2"} 0',
    'maskline_answer_seconds_bucket{le="5"} 1',
    'maskline_talk_seconds_count 2',
    'maskline_talk_seconds_sum 84',
    'maskline_rtp_packets_total{kind="received"} 1000',
    'maskline_rtp_packets_total{kind="lost"} 10',
    'maskline_rtp_packets_total{kind="strangers"} 4',
    'maskline_rtp_packets_total{kind="unauthenticated"} 2',
    'maskline_rtp_jitter_seconds_bucket{le="0.005"} 2',
    'maskline_scenario_errors_total 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).not.toContain('442079460123');

  stop();
  calls.emit('ended', { call: busy, sessionId: 's2', end: end(486, 0) });
  expect(await register.metrics()).toBe(text);
});
