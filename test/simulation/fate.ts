import type { Address } from '../../src/sip/transport/types.ts';
import type { Fate } from '../kit/virtual-network.ts';
import type { Dice } from './dice.ts';
import type { FaultPlan } from './plan.ts';

/**
 * At most so many transmissions of one message are lost one after the other: then a request, its response and its ACK
 * come through within 64·T1, and whatever is left behind is nobody's bad luck.
 */
const MOST_LOST_IN_A_ROW = 2;

/** What becomes of each datagram. `note` is told of everything that is not plain delivery. */
export function drawFates(
  plan: FaultPlan,
  dice: Dice,
  note: (what: 'lost' | 'repeated' | 'delayed') => void,
): Fate {
  const lost = new Map<string, number>();
  return (from: Address, to: Address, bytes: Uint8Array) => {
    const text = Buffer.from(bytes).toString();
    const way = `${from.host}>${to.host} ${text.slice(0, 14)} ${/branch=([^;\r]+)/.exec(text)?.[1]}`;
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
