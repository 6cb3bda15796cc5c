import type { Address } from '../../src/sip/transport/types.ts';
import type { Fate } from '../kit/virtual-network.ts';
import type { Dice } from './dice.ts';
import type { FaultPlan } from './plan.ts';

/**
 * At most so many transmissions of one message are lost one after the other, and so many of one transaction's, requests
 * and responses together; and after a cut-off that swallowed some of them none at all. Then a request, its response and
 * its ACK come through long before 64·T1 are over, and whatever is left behind is nobody's bad luck.
 */
const MOST_LOST_IN_A_ROW = 2;
const MOST_LOST = 4;

/** What becomes of each datagram. `note` is told of everything that is not plain delivery. */
export function drawFates(
  plan: FaultPlan,
  dice: Dice,
  cutOff: (host: string) => boolean,
  note: (what: 'lost' | 'repeated' | 'delayed') => void,
): Fate {
  const lostInARow = new Map<string, number>();
  const lost = new Map<string, number>();
  return (from: Address, to: Address, bytes: Uint8Array) => {
    const text = Buffer.from(bytes).toString();
    const branch = /branch=([^;\r]+)/.exec(text)?.[1] ?? '';
    const way = `${from.host}>${to.host} ${text.slice(0, 14)} ${branch}`;
    const inARow = lostInARow.get(way) ?? 0;
    const inAll = lost.get(branch) ?? 0;
    if (cutOff(from.host) || cutOff(to.host)) lost.set(branch, MOST_LOST);
    else if (inARow < MOST_LOST_IN_A_ROW && inAll < MOST_LOST && dice.chance(plan.loss)) {
      lostInARow.set(way, inARow + 1);
      lost.set(branch, inAll + 1);
      note('lost');
      return [];
    }
    lostInARow.set(way, 0);
    const copies = dice.chance(plan.duplication) ? 2 : 1;
    if (copies > 1) note('repeated');
    return Array.from({ length: copies }, () => {
      if (!dice.chance(plan.delayed) || plan.delay === 0) return plan.latency;
      note('delayed');
      return plan.latency + dice.between(1, plan.delay);
    });
  };
}
