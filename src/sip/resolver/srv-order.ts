import type { Random } from '../../kernel/random.ts';

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly name: string;
  readonly port: number;
}

type Weighted = Pick<SrvRecord, 'priority' | 'weight'>;

/** The order in which to try SRV records, or what is chosen alike (RFC 2782): by priority, within one by lot, weighted. */
export function orderSrv<T extends Weighted>(records: readonly T[], random: Random): T[] {
  const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    drawAll(
      records.filter((record) => record.priority === priority),
      random,
    ),
  );
}

function drawAll<T extends Weighted>(records: readonly T[], random: Random): T[] {
  // Weight 0 goes first, so that it is drawn only when the lot is 0.
  const left = [...records].sort((a, b) => Math.sign(a.weight) - Math.sign(b.weight));
  const drawn: T[] = [];
  while (left.length > 0) {
    const sum = left.reduce((total, record) => total + record.weight, 0);
    const lot = random.int(sum + 1);
    let running = 0;
    const index = left.findIndex((record) => {
      running += record.weight;
      return running >= lot;
    });
    drawn.push(...left.splice(index, 1));
  }
  return drawn;
}
