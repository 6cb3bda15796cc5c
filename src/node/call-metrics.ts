import { Counter, Histogram, type Registry } from 'prom-client';
import type { Call, CallEnd, CallObserverEvents } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Emitter } from '../kernel/emitter.ts';
import type { ScenarioSessionEvents } from '../scenario/ports.ts';

export interface CallMetricsParts {
  readonly calls: Emitter<CallObserverEvents>;
  readonly sessions: Emitter<ScenarioSessionEvents>;
  readonly clock: Clock;
  readonly register: Registry;
}

/** Answers come within seconds or a minute; what lies between is what people feel. */
const ANSWER_SECONDS = [1, 2, 5, 10, 15, 20, 30, 45, 60];
/** The script's own time, mostly that of the customer's backend. */
const DIAL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const TALK_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1800, 3600];
const JITTER_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.04, 0.08];

/**
 * What becomes of legs, counted as they end: no number, no name and no id is ever a label. Returns the function that stops
 * listening.
 */
export function watchCalls({ calls, sessions, clock, register }: CallMetricsParts): () => void {
  const registers = [register];
  const begun = new Map<Call, number>();
  /** Sessions of callers that have not dialled anybody yet, since when. */
  const waiting = new Map<string, number>();
  const ended = new Counter({
    name: 'maskline_legs_ended_total',
    help: 'Legs that have ended, by direction and SIP status: 200 for an answered one.',
    labelNames: ['direction', 'status'],
    registers,
  });
  const refused = new Counter({
    name: 'maskline_calls_refused_total',
    help: 'Inbound calls that were refused before a scenario saw them, by error (docs/reference/errors.md).',
    labelNames: ['error'],
    registers,
  });
  const answer = new Histogram({
    name: 'maskline_answer_seconds',
    help: 'From the INVITE of an outbound leg to its answer.',
    buckets: ANSWER_SECONDS,
    registers,
  });
  const dial = new Histogram({
    name: 'maskline_dial_seconds',
    help: 'From a caller’s INVITE to the first INVITE that its scenario sends: mostly the answer of the backend.',
    buckets: DIAL_SECONDS,
    registers,
  });
  const talk = new Histogram({
    name: 'maskline_talk_seconds',
    help: 'From answer to end of an answered leg.',
    buckets: TALK_SECONDS,
    registers,
  });
  const packets = new Counter({
    name: 'maskline_rtp_packets_total',
    help: 'RTP packets of ended legs: received, sent, lost on the way to us, from strangers, unauthenticated, transcoded.',
    labelNames: ['kind'],
    registers,
  });
  const jitter = new Histogram({
    name: 'maskline_rtp_jitter_seconds',
    help: 'Interarrival jitter of ended legs (RFC 3550 §6.4.1).',
    buckets: JITTER_SECONDS,
    registers,
  });
  const errors = new Counter({
    name: 'maskline_scenario_errors_total',
    help: 'Scenario sessions that ended because the script failed.',
    registers,
  });

  const countMedia = ({ media }: CallEnd): void => {
    if (media === undefined) return;
    packets.inc({ kind: 'received' }, media.packetsReceived);
    packets.inc({ kind: 'sent' }, media.packetsSent);
    packets.inc({ kind: 'lost' }, Math.max(0, media.packetsLost));
    packets.inc({ kind: 'strangers' }, media.strangers);
    packets.inc({ kind: 'unauthenticated' }, media.unauthenticated);
    packets.inc({ kind: 'transcoded' }, media.transcoded);
    if (media.packetsReceived > 0) jitter.observe(media.jitterMs / 1000);
  };
  const seconds = (since: number): number => (clock.monotonic() - since) / 1000;
  const listeners = [
    calls.on('created', ({ call, sessionId }) => {
      const now = clock.monotonic();
      begun.set(call, now);
      if (call.incoming) {
        waiting.set(sessionId, now);
        return;
      }
      const since = waiting.get(sessionId);
      if (since !== undefined) dial.observe(seconds(since));
      waiting.delete(sessionId);
    }),
    calls.on('event', ({ call, name }) => {
      const since = begun.get(call);
      if (name === 'connected' && !call.incoming && since !== undefined) answer.observe(seconds(since));
    }),
    calls.on('ended', ({ call, sessionId, end }) => {
      begun.delete(call);
      if (call.incoming) waiting.delete(sessionId);
      ended.inc({ direction: call.incoming ? 'in' : 'out', status: end.code });
      if (end.durationSeconds > 0) talk.observe(end.durationSeconds);
      countMedia(end);
    }),
    calls.on('refused', ({ error }) => refused.inc({ error })),
    sessions.on('ended', ({ error }) => {
      if (error !== undefined) errors.inc();
    }),
  ];
  return () => {
    for (const stop of listeners) stop();
    begun.clear();
    waiting.clear();
  };
}
