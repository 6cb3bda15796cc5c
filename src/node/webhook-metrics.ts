import { Counter, Gauge, type Registry } from 'prom-client';
import type { Webhooks } from './webhooks.ts';

/**
 * What becomes of webhooks. The outbox is that of all nodes: its size is the same on each. While the database is away, the
 * last figures stand.
 */
export function webhookMetrics(register: Registry, counts: Webhooks['counts']): void {
  const registers = [register];
  // The first one registered: prom-client reads the metrics in that order, and this one sets the others.
  new Gauge({
    name: 'maskline_webhooks_waiting',
    help: 'Deliveries to webhooks that wait in the outbox, of all nodes; counted up to 100 000.',
    registers,
    async collect() {
      const now = await counts().catch(() => undefined);
      if (now === undefined) return;
      this.set(now.waiting);
      oldest.set(now.oldestSeconds);
      attempts.reset();
      for (const outcome of ['delivered', 'failed', 'givenUp'] as const)
        attempts.inc({ outcome: outcome === 'givenUp' ? 'given-up' : outcome }, now[outcome]);
    },
  });
  const oldest = new Gauge({
    name: 'maskline_webhooks_oldest_seconds',
    help: 'Age of the oldest delivery that waits.',
    registers,
  });
  const attempts = new Counter({
    name: 'maskline_webhook_deliveries_total',
    help: 'Attempts of this node to deliver: delivered; failed and to be tried again; given up.',
    labelNames: ['outcome'],
    registers,
  });
}
