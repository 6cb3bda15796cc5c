import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock } from '../kernel/clock.ts';
import type { Emitter } from '../kernel/emitter.ts';
import type { MaskingObserverEvents } from '../masking/masking-service.ts';

export interface MaskingMetricsParts {
  readonly observers: Emitter<MaskingObserverEvents>;
  /** Changes of masked calls that are not in the database yet. */
  readonly waiting: () => number;
  /** Sessions that are live on all nodes. */
  readonly countOpen: () => Promise<number>;
  readonly clock: Clock;
  readonly register: Registry;
}

/** Without a backend a few milliseconds; with one, its own time. */
const RESOLVE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Counting a million sessions takes the database a tenth of a second; who looks more often sees the same. */
const COUNT_AGE_MS = 60_000;

/** What calls are decided to, and how long that takes. Returns the function that stops listening. */
export function watchMasking(parts: MaskingMetricsParts): () => void {
  const { observers, waiting, countOpen, clock, register } = parts;
  const registers = [register];
  const decided = new Counter({
    name: 'maskline_masking_resolutions_total',
    help: 'Questions who is meant by a call, by decision; failed: the database did not answer.',
    labelNames: ['decision'],
    registers,
  });
  const duration = new Histogram({
    name: 'maskline_masking_resolve_seconds',
    help: 'From such a question to its decision, a customer’s backend included.',
    buckets: RESOLVE_SECONDS,
    registers,
  });
  new Gauge({
    name: 'maskline_masking_calls_waiting',
    help: 'Changes of masked calls that are not in the database yet.',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  let counted = Number.NEGATIVE_INFINITY;
  new Gauge({
    name: 'maskline_masking_sessions_open',
    help: 'Masking sessions that are live, on all nodes together; at most a minute old.',
    registers,
    async collect() {
      if (clock.monotonic() - counted < COUNT_AGE_MS) return;
      counted = clock.monotonic();
      // A database that is away is told by other metrics; the last count stands.
      const open = await countOpen().catch(() => undefined);
      if (open !== undefined) this.set(open);
    },
  });
  const stops = [
    observers.on('resolved', ({ kind, seconds }) => {
      decided.inc({ decision: kind });
      duration.observe(seconds);
    }),
    observers.on('failed', () => decided.inc({ decision: 'failed' })),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
