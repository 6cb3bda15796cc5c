/**
 * The ACK of a 2xx that made the offer (late offer, RFC 3261 §13.2.2.4; PITFALLS row 14): it carries our answer, and waits for
 * it, as long as the peer waits for the ACK. Retransmissions of the 2xx meanwhile are passed over.
 */
import type { TimerHandle } from '../../kernel/clock.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import { acknowledge } from './in-dialog-client.ts';

export class LateAck {
  readonly #context: DialogContext;
  readonly #dialog: Dialog;
  readonly #invite: SipRequest;
  readonly #response: SipResponse;
  #patience: TimerHandle | undefined;
  #sent = false;

  /** `onGiveUp`: 64·T1 have passed without `send`. */
  constructor(
    context: DialogContext,
    dialog: Dialog,
    invite: SipRequest,
    response: SipResponse,
    offer: string,
    onGiveUp: () => void,
  ) {
    this.#context = context;
    this.#dialog = dialog;
    this.#invite = invite;
    this.#response = response;
    dialog.media.peerOffers(offer);
    context.acks.expect(response);
    this.#patience = context.clock.setTimeout(onGiveUp, 64 * context.timers.t1);
  }

  /** Sends the ACK, once; without an answer where the call is about to end: the ACK is owed all the same. */
  send(answer: string | undefined): boolean {
    if (this.#sent) return false;
    this.#sent = true;
    this.#context.clock.clearTimeout(this.#patience);
    this.#patience = undefined;
    if (answer === undefined) this.#dialog.media.rollback();
    else this.#dialog.media.weAnswer(answer);
    acknowledge(this.#context, this.#dialog, this.#invite, this.#response, answer);
    return true;
  }
}
