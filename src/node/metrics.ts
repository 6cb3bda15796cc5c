import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Calls } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import type { MediaEngine } from '../media/engine.ts';
import type { Scenarios } from '../scenario/ports.ts';
import { watchCalls } from './call-metrics.ts';
import { type MaskingMetricsParts, watchMasking } from './masking-metrics.ts';
import { retentionMetrics } from './retention-metrics.ts';
import type { SipStack } from './sip-stack.ts';
import { trunkMetrics } from './trunk-metrics.ts';
import { webhookMetrics } from './webhook-metrics.ts';
import type { Webhooks } from './webhooks.ts';

export interface Metrics {
  /** The text that Prometheus scrapes. */
  scrape(): Promise<string>;
  close(): void;
}

/** What an engineer on call looks at first: calls, sessions, transactions, ports, and how busy each thread is. */
export function createMetrics(parts: {
  readonly calls: Calls;
  readonly scenarios: Scenarios;
  readonly media: MediaEngine;
  readonly sip: SipStack;
  readonly clock: Clock;
  /** No new calls are taken. */
  readonly isDraining: () => boolean;
  readonly masking: Pick<MaskingMetricsParts, 'observers' | 'waiting' | 'countOpen'>;
  /** What is too old, and who is being erased. */
  readonly retention: Parameters<typeof retentionMetrics>[1];
  /** Changes of call records that are not in the database yet. */
  readonly recordsWaiting: () => number;
  /** Calls that the fence refused since the start, by error. */
  readonly fenceRefused: () => ReadonlyMap<string, number>;
  /** What becomes of webhooks. */
  readonly webhooks: Webhooks['counts'];
  /** Traced SIP messages that are not in the database yet, and those that found no room since the start. */
  readonly traces: () => { readonly waiting: number; readonly lost: number };
}): Metrics {
  const { calls, scenarios, media, sip, clock, isDraining, recordsWaiting, fenceRefused, traces } = parts;
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const register = new Registry();
  const registers = [register];
  const stopWatching = watchCalls({
    calls: calls.observers,
    sessions: scenarios.observers,
    clock,
    register,
  });
  const stopWatchingMasking = watchMasking({ ...parts.masking, clock, register });
  retentionMetrics(register, parts.retention);
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `maskline_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('calls', 'Legs that are alive.', () => calls.active.length);
  gauge('scenario_sessions', 'Scenario sessions that are alive.', () => scenarios.activeSessions);
  gauge('sip_transactions', 'SIP transactions that are alive.', () => sip.transactions.counts.live);
  gauge(
    'sip_connections',
    'SIP connections (TCP, TLS, WebSocket) that are open.',
    () => sip.transport.openConnections,
  );
  gauge('sip_dialogs', 'SIP dialogs.', () => sip.dialogs.counts.dialogs);
  gauge('records_waiting', 'Changes of call records that are not in the database yet.', recordsWaiting);
  gauge('traces_waiting', 'Traced SIP messages that are not in the database yet.', () => traces().waiting);
  gauge('traces_lost', 'Traced SIP messages for which there was no room.', () => traces().lost);
  gauge('event_loop_delay_p99_seconds', 'Main thread: 99th percentile since the last scrape.', () => {
    const p99 = delay.percentile(99) / 1e9;
    delay.reset();
    return p99;
  });
  gauge('memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  gauge(
    'digest_locks',
    'Times that a source was locked for guessing passwords, since the start.',
    () => sip.userAgent.guesses.locks,
  );
  gauge(
    'digest_refused_unseen',
    'Credentials of locked sources that were not looked at, since the start.',
    () => sip.userAgent.guesses.refused,
  );
  gauge('draining', '1 while the node takes no new calls.', () => (isDraining() ? 1 : 0));
  gauge('uptime_seconds', 'Since the process began.', () => process.uptime());
  new Gauge({
    name: 'maskline_sip_messages',
    help: 'SIP messages since the start, by what became of them.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(sip.transport.counters)) this.set({ kind }, count);
      this.set({ kind: 'refusedByFloodGuard' }, sip.transport.guard.counters.refused);
    },
  });
  webhookMetrics(register, parts.webhooks);
  trunkMetrics(register, () => sip.userAgent.trunkReports());
  new Counter({
    name: 'maskline_fence_refused_total',
    help: 'Outbound calls that the toll-fraud fence refused, by reason; calls for a look at who dials what.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [error, count] of fenceRefused()) this.inc({ reason: error.replace('fence/', '') }, count);
    },
  });
  // Before the two that it sets: prom-client collects in the order of registration.
  new Gauge({
    name: 'maskline_media',
    help: 'Media engine: sessions, legs, players, recorders and ports that are taken or draining.',
    labelNames: ['what'],
    registers,
    async collect() {
      const { workers, ...counts } = await media.stats();
      for (const [what, count] of Object.entries(counts)) this.set({ what }, count);
      for (const [index, { loopDelayP99Ms, legs }] of workers.entries()) {
        workerDelay.set({ worker: index }, loopDelayP99Ms / 1000);
        workerLegs.set({ worker: index }, legs);
      }
    },
  });
  const workerDelay = new Gauge({
    name: 'maskline_media_worker_loop_delay_p99_seconds',
    help: 'Media workers: 99th percentile of their event-loop delay; above 0.02 people hear it.',
    labelNames: ['worker'],
    registers,
  });
  const workerLegs = new Gauge({
    name: 'maskline_media_worker_legs',
    help: 'Media workers: legs that each carries.',
    labelNames: ['worker'],
    registers,
  });
  return {
    scrape: async () => await register.metrics(),
    close: () => {
      delay.disable();
      stopWatching();
      stopWatchingMasking();
      register.clear();
    },
  };
}
