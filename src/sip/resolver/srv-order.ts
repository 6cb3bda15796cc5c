import type { Random } from '../../kernel/random.ts';

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly name: string;
  readonly port: number;
}

/** The order in which to try SRV records (RFC 2782): by priority, and within one by lot, weighted. */
export function orderSrv(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    drawAll(
      records.filter((record) => record.priority === priority),
      random,
    ),
  );
}

function drawAll(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  // Weight 0 goes first, so that it is drawn only when the lot is 0.
  const left = [...records].sort((a, b) => Math.sign(a.weight) - Math.sign(b.weight));
  const drawn: SrvRecord[] = [];
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
