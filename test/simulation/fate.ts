import type { Address } from '../../src/sip/transport/types.ts';
import type { Fate } from '../kit/virtual-network.ts';
import type { Dice } from './dice.ts';
import type { FaultPlan } from './plan.ts';

/**
 * At most so many transmissions of one message are lost one after the other, and so many of a request and its provisional
 * responses in all, which only the request's repetition brings again; and after a cut-off that swallowed one of them none.
 * Then a request, its response and its ACK come through before 64·T1 are over, and whatever is left behind is nobody's
 * bad luck.
 */
const MOST_LOST = 2;

/** What becomes of each datagram. `note` is told of everything that is not plain delivery. */
export function drawFates(
  plan: FaultPlan,
  dice: Dice,
  cutOff: (host: string) => boolean,
  note: (what: 'lost' | 'repeated' | 'delayed') => void,
): Fate {
  /** Of each message; of each request and its provisional responses. */
  const inARow = new Map<string, number>();
  const inAll = new Map<string, number>();
  return (from: Address, to: Address, bytes: Uint8Array) => {
    const text = Buffer.from(bytes).toString();
    const transaction = `${/branch=([^;\r]+)/.exec(text)?.[1]} ${/^CSeq: (.*)\r$/im.exec(text)?.[1]}`;
    const message = `${from.host}>${to.host} ${text.slice(0, 14)} ${transaction}`;
    const final = /^SIP\/2\.0 [2-6]/.test(text);
    const before = inARow.get(message) ?? 0;
    const all = final ? 0 : (inAll.get(transaction) ?? 0);
    if (cutOff(from.host) || cutOff(to.host)) inAll.set(transaction, MOST_LOST);
    else if (before < MOST_LOST && all < MOST_LOST && dice.chance(plan.loss)) {
      inARow.set(message, before + 1);
      if (!final) inAll.set(transaction, all + 1);
      note('lost');
      return [];
    }
    inARow.set(message, 0);
    const copies = dice.chance(plan.duplication) ? 2 : 1;
    if (copies > 1) note('repeated');
    return Array.from({ length: copies }, () => {
      if (!dice.chance(plan.delayed) || plan.delay === 0) return plan.latency;
      note('delayed');
      return plan.latency + dice.between(1, plan.delay);
    });
  };
}
