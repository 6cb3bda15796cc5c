import type { Address } from '../../src/sip/transport/types.ts';
import type { Fate } from '../kit/virtual-network.ts';
import type { Dice } from './dice.ts';
import type { FaultPlan } from './plan.ts';

/**
 * At most so many datagrams of one direction are lost one after the other: then even a request and its response come
 * through within 64·T1, and whatever is left behind is nobody's bad luck.
 */
const MOST_LOST_IN_A_ROW = 2;

/** What becomes of each datagram. `note` is told of everything that is not plain delivery. */
export function drawFates(
  plan: FaultPlan,
  dice: Dice,
  note: (what: 'lost' | 'repeated' | 'delayed') => void,
): Fate {
  const lost = new Map<string, number>();
  return (from: Address, to: Address) => {
    const way = `${from.host}>${to.host}`;
    const inARow = lost.get(way) ?? 0;
    if (inARow < MOST_LOST_IN_A_ROW && dice.chance(plan.loss)) {
      lost.set(way, inARow + 1);
      note('lost');
      return [];
    }
    lost.set(way, 0);
    const copies = dice.chance(plan.duplication) ? 2 : 1;
    if (copies > 1) note('repeated');
    return Array.from({ length: copies }, () => {
      if (!dice.chance(plan.delayed) || plan.delay === 0) return plan.latency;
      note('delayed');
      return plan.latency + dice.between(1, plan.delay);
    });
  };
}
