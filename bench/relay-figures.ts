/**
 * bench/relay.ts as figures beside the aims: CPU per packet and added latency at 200 calls, G.711 in packets of 20 ms,
 * with and without recording; beside it a plain `dgram` relay in the same place.
 *
 * Left out: a real network and its jitter, transcoding, SRTP. Latency is what a packet took through the relay, less the
 * median of a packet that went through none; so the machine's own hiccups count against the relay.
 */
import type { BenchResult, Figure } from './figures.ts';
import { benchRelay, type RelayFigures } from './relay.ts';

const P99_AIM_MS = 2;

export async function benchRelayFigures(): Promise<BenchResult> {
  const result = await benchRelay({ calls: 200, seconds: 5 });
  const { loopback, dgram, engine, engineRecording } = result;
  // The whole tail is put down to the relay; only what measuring itself takes in the median is not.
  const added = (of: RelayFigures, figure: 'latencyP50Ms' | 'latencyP99Ms'): number =>
    of[figure] - loopback.latencyP50Ms;
  const p99 = added(engine, 'latencyP99Ms');
  const noise = Math.max(loopback.latencyP99Ms, added(dgram, 'latencyP99Ms'));
  const figure = (id: string, what: string, measured: number, unit: string, most?: number): Figure => ({
    id: `relay.${id}`,
    what,
    measured,
    unit,
    ...(most === undefined ? {} : { aim: { at: 'most', value: most } }),
  });
  const cpu = 'CPU per relayed packet';
  return {
    name: 'relay',
    figures: [
      figure('cpu', `${cpu}, embedded engine, 200 calls`, engine.cpuMicrosPerPacket, 'µs', 12),
      figure('p50', 'added latency of the engine, p50', added(engine, 'latencyP50Ms'), 'ms', 0.4),
      {
        ...figure('p99', 'added latency of the engine, p99', p99, 'ms', P99_AIM_MS),
        // A sender that is late by itself says nothing against the relay.
        ...(p99 > P99_AIM_MS && noise > P99_AIM_MS
          ? { inconclusive: `p99 of no relay or of the plain one was ${noise.toFixed(1)} ms, too` }
          : {}),
      },
      figure(
        'recording',
        'recording on top, per packet',
        engineRecording.cpuMicrosPerPacket - engine.cpuMicrosPerPacket,
        'µs',
        4,
      ),
      figure(
        'recording.p99',
        'added latency with recording, p99',
        added(engineRecording, 'latencyP99Ms'),
        'ms',
      ),
      figure('lost', 'packets lost by the engine', engine.lost + engineRecording.lost, 'packets'),
      figure('dgram', `${cpu}, plain dgram relay beside it`, dgram.cpuMicrosPerPacket, 'µs'),
      figure('dgram.p99', 'added latency of the plain dgram relay, p99', added(dgram, 'latencyP99Ms'), 'ms'),
    ],
    leavesOut:
      'a real network, jitter, transcoding, SRTP; the whole process’s CPU is counted, start-up not; sender and receiver share the two cores',
    peer: 'a plain dgram relay is run beside it; earlier on this kind of machine rtpengine in user space 10–12.5 µs, Asterisk 22 26–45 µs',
    details: result,
  };
}
