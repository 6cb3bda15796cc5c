/**
 * Reliable provisional responses that come to us (RFC 3262 §4; PITFALLS row 13): which ones count, and the PRACK for each.
 *
 * - RSeq counts within one INVITE and one early dialog; the first may be any number, every other is one higher. A lower or
 *   the same one is a retransmission, whose PRACK is on its way already; a higher one overtook another, which will be
 *   retransmitted, and so will it: both are dropped (§4 as corrected by errata 4604).
 * - The PRACK goes into that early dialog, with its target, route set and CSeq, not to whichever fork spoke last (row 5).
 * - It leaves at once, unless the response makes an offer: then it carries the answer, and waits for it (§5).
 * - A 2xx that overtakes the response ends all this: the transaction lets no 18x through any more, and needs none.
 */
import { cseq, optionTags } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { sdpBody, sdpFields } from './bodies.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import { sendInDialog } from './in-dialog-client.ts';
import type { ChallengeHook } from './types.ts';

/** One per INVITE or re-INVITE of ours, with all its early dialogs. */
export class ReliableResponses {
  readonly #context: DialogContext;
  readonly #invite: SipRequest;
  readonly #onChallenge: ChallengeHook | undefined;
  readonly #last = new WeakMap<Dialog, number>();

  constructor(context: DialogContext, invite: SipRequest, onChallenge: ChallengeHook | undefined) {
    this.#context = context;
    this.#invite = invite;
    this.#onChallenge = onChallenge;
  }

  /**
   * `unreliable`: to be handled, and no more. `next`: to be handled, and then acknowledged. `drop`: it came before, or too
   * early.
   */
  admit(dialog: Dialog, response: SipResponse): 'unreliable' | 'next' | 'drop' {
    const sequence = rseqOf(response);
    if (sequence === undefined) return 'unreliable';
    const last = this.#last.get(dialog);
    if (last !== undefined && sequence !== last + 1) return 'drop';
    this.#last.set(dialog, sequence);
    return 'next';
  }

  /** Sends the PRACK. `done` is told when it has its final response, or none will come. */
  acknowledge(dialog: Dialog, response: SipResponse, answer: string | undefined, done: () => void): void {
    const { sequence, method } = cseq(this.#invite);
    const fields = [['RAck', `${rseqOf(response)} ${sequence} ${method}`] as const, ...sdpFields(answer)];
    const what = { method: 'PRACK', fields, ...sdpBody(answer), onChallenge: this.#onChallenge };
    sendInDialog(this.#context, dialog, what, done);
  }
}

/** §7.1. The tag in Require is what makes a response reliable, not the field. */
function rseqOf(response: SipResponse): number | undefined {
  if (!optionTags(response, 'Require').includes('100rel')) return undefined;
  const text = response.headers.get('RSeq')?.trim() ?? '';
  const sequence = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return sequence >= 1 && sequence < 2 ** 32 ? sequence : undefined;
}
