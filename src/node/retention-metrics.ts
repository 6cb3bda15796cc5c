import { Gauge, type Registry } from 'prom-client';
import type { RetentionCounts } from '../retention/retention.ts';

/** Whether what is too old goes, and whether erasures come to their end; as of the last round, a minute ago at most. */
export function retentionMetrics(register: Registry, counts: () => RetentionCounts): void {
  const registers = [register];
  new Gauge({
    name: 'maskline_retention_backlog',
    help: 'Things that are older than the settings allow, by kind; 10000 stands for that and more.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(counts().backlog)) this.set({ kind }, count);
    },
  });
  new Gauge({
    name: 'maskline_erasures_running',
    help: 'Erasures of people that are not complete, on all nodes together.',
    registers,
    collect() {
      this.set(counts().erasures);
    },
  });
  new Gauge({
    name: 'maskline_files_not_deleted',
    help: 'Files of this node that must go and could not be deleted.',
    registers,
    collect() {
      this.set(counts().files);
    },
  });
}
