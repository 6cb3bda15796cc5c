/**
 * The peer changes the media of a session: re-INVITE (RFC 3261 §14.2), UPDATE (RFC 3311 §5.2), an offer in a PRACK (RFC 3262
 * §5). At most one is open; whether another one is heard is decided by the table of `incoming-offer.ts`. A Session-Expires
 * that is too small gets 422 with Min-SE (RFC 4028 §9).
 *
 * A refusal, a CANCEL or the end of the session rolls back: what was in force still is, target included.
 */
import type { TimerHandle } from '../../kernel/clock.ts';
import { cseq } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction, ReplyOptions, ServerTransaction } from '../transaction/types.ts';
import { Accepted2xx, success2xx } from './accepted-2xx.ts';
import { hasUnreadableBody, sdpBody, sdpFields, sdpOf } from './bodies.ts';
import { ALLOW } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import { judge } from './incoming-offer.ts';
import type { SessionTimer } from './session-timer.ts';
import type { ExtraHeaders, ReOffer } from './types.ts';

export interface ReOfferHost {
  /** Whether an INVITE of ours, the first or another, has no final response yet. */
  inviting(): boolean;
  /** Whether the peer's first INVITE has no final response yet. */
  invited(): boolean;
  /** Undefined before the answer: a session that is not there yet has no timer (RFC 4028 §7.4). */
  timer(): SessionTimer | undefined;
  /** Supported. */
  capabilities(): ExtraHeaders;
  /** Tells the user; false when nobody listens. */
  offer(reOffer: ReOffer): boolean;
  /** The ACK brought the answer to the offer in our 2xx. */
  answered(sdp: string | undefined): void;
  /** A 2xx of ours was never ACKed: the session is over (§14.2, §13.3.1.4). */
  neverAcknowledged(): void;
  /** Nothing is open any more. */
  idle(): void;
}

/** §14.2 and RFC 3311 §5.2: "a randomly chosen value of between 0 and 10 seconds". */
const RETRY_AFTER_BELOW = 11;

/** RFC 3311 §5.2: an UPDATE is answered at once, or not at all. Less than its transaction waits for us, ms. */
const UPDATE_PATIENCE_MS = 10_000;

interface Open {
  readonly transaction: ServerTransaction;
  readonly dialog: Dialog;
  readonly patience: TimerHandle | undefined;
}

interface Unacknowledged {
  readonly dialog: Dialog;
  readonly handshake: Accepted2xx;
  readonly ourOffer: boolean;
}

export class ReOffers {
  readonly #context: DialogContext;
  readonly #host: ReOfferHost;
  #open: Open | undefined;
  /** CSeq numbers of re-INVITEs with a 2xx of ours and no ACK yet. */
  readonly #unacknowledged = new Map<number, Unacknowledged>();

  /** Re-INVITEs without a 2xx of ours, until the ACK of their refusal. */
  readonly #unsettled = new Set<InviteServerTransaction>();

  constructor(context: DialogContext, host: ReOfferHost) {
    this.#context = context;
    this.#host = host;
  }

  /** §14.1: as long as this is so, no INVITE of ours may leave. */
  get busy(): boolean {
    return this.#open !== undefined || this.#unacknowledged.size > 0 || this.#unsettled.size > 0;
  }

  invite(dialog: Dialog, transaction: InviteServerTransaction): void {
    this.#watch(transaction);
    if (this.#refuse(dialog, transaction)) return;
    transaction.onCancelled = () => this.#rolledBack(transaction);
    transaction.onFailure = () => this.#rolledBack(transaction);
    this.#offer(dialog, transaction, (sdp) => this.#acceptInvite(dialog, transaction, sdp));
  }

  update(dialog: Dialog, transaction: ServerTransaction): void {
    const { request } = transaction;
    if (sdpOf(request) === undefined && !hasUnreadableBody(request)) {
      // No offer: a target refresh, and a session refresh (RFC 3311 §5.1, RFC 4028 §7.4).
      if (this.#tooBrief(transaction)) return;
      dialog.refreshTarget(request);
      dialog.learnAllowed(request);
      transaction.reply(200, this.#success(dialog, request, undefined));
      return;
    }
    if (this.#refuse(dialog, transaction)) return;
    this.#offer(dialog, transaction, (sdp) => transaction.reply(200, this.#success(dialog, request, sdp)));
  }

  /** A PRACK with an offer, after the first exchange is complete (RFC 3262 §5); it has acknowledged its 18x either way. */
  prack(dialog: Dialog, transaction: ServerTransaction): void {
    if (this.#open !== undefined || !dialog.media.established) transaction.reply(488);
    else this.#offer(dialog, transaction, (sdp) => transaction.reply(200, answer(sdp)));
  }

  ack(request: SipRequest): void {
    const { sequence } = cseq(request);
    const waiting = this.#unacknowledged.get(sequence);
    if (waiting === undefined) return;
    waiting.handshake.stop();
    this.#unacknowledged.delete(sequence);
    if (waiting.ourOffer) {
      const sdp = sdpOf(request);
      if (sdp === undefined) waiting.dialog.media.rollback();
      else waiting.dialog.media.peerAnswers(sdp);
      this.#host.answered(sdp);
    }
    this.#host.idle();
  }

  /** The session is over: §15.1.2 wants 487 for what is still open. */
  close(): void {
    const open = this.#take();
    if (open?.transaction.open === true) open.transaction.reply(487);
    for (const { handshake } of this.#unacknowledged.values()) handshake.stop();
    this.#unacknowledged.clear();
    this.#unsettled.clear();
  }

  /** True: it was answered. */
  #refuse(dialog: Dialog, transaction: ServerTransaction): boolean {
    const { request } = transaction;
    if (hasUnreadableBody(request)) {
      transaction.reply(415, { fields: [['Accept', 'application/sdp']] });
      return true;
    }
    const verdict = judge({
      isInvite: request.method === 'INVITE',
      media: dialog.media,
      open: this.#open !== undefined,
      inviting: this.#host.inviting(),
      invited: this.#host.invited(),
    });
    if (verdict === 'welcome') return this.#tooBrief(transaction);
    if (verdict === 'glare') transaction.reply(491);
    else this.#later(transaction);
    return true;
  }

  #later(transaction: ServerTransaction): void {
    const seconds = this.#context.random.int(RETRY_AFTER_BELOW);
    transaction.reply(500, { fields: [['Retry-After', String(seconds)]] });
  }

  #tooBrief(transaction: ServerTransaction): boolean {
    const fields = this.#host.timer()?.refusal(transaction.request);
    if (fields !== undefined) transaction.reply(422, { fields });
    return fields !== undefined;
  }

  #offer(dialog: Dialog, transaction: ServerTransaction, accept: (sdp: string) => void): void {
    const { request } = transaction;
    const offer = sdpOf(request);
    const patience =
      request.method === 'INVITE'
        ? undefined
        : this.#context.clock.setTimeout(() => {
            dialog.media.rollback();
            once(() => this.#later(transaction));
          }, UPDATE_PATIENCE_MS);
    this.#open = { transaction, dialog, patience };
    if (offer !== undefined) dialog.media.peerOffers(offer);
    const once = (reply: () => void): void => {
      // Too late: cancelled, or the session ended meanwhile.
      if (this.#open?.transaction !== transaction) return;
      this.#take();
      if (transaction.open) reply();
      else dialog.media.rollback();
      this.#host.idle();
    };
    const reject = (status: number): void => {
      dialog.media.rollback();
      transaction.reply(status);
    };
    const listened = this.#host.offer({
      sdp: offer,
      accept: (sdp) =>
        once(() => {
          if (request.method !== 'PRACK') dialog.refreshTarget(request);
          dialog.learnAllowed(request);
          if (offer === undefined) dialog.media.weOffer(sdp);
          else dialog.media.weAnswer(sdp);
          accept(sdp);
        }),
      reject: (status) => once(() => reject(status)),
    });
    if (!listened) once(() => reject(488));
  }

  #rolledBack(transaction: ServerTransaction): void {
    if (this.#open?.transaction !== transaction) return;
    this.#take()?.dialog.media.rollback();
    this.#host.idle();
  }

  /** What is open is so no longer. */
  #take(): Open | undefined {
    const open = this.#open;
    this.#open = undefined;
    this.#context.clock.clearTimeout(open?.patience);
    return open;
  }

  /** §14.1: as long as it has no ACK, a refusal of ours keeps an INVITE of ours waiting. An accepted one is let go at once. */
  #watch(transaction: InviteServerTransaction): void {
    this.#unsettled.add(transaction);
    transaction.onSettled = () => {
      if (this.#unsettled.delete(transaction)) this.#host.idle();
    };
  }

  #acceptInvite(dialog: Dialog, transaction: InviteServerTransaction, sdp: string): void {
    this.#unsettled.delete(transaction);
    const { sequence } = cseq(transaction.request);
    const { log } = this.#context;
    const handshake = new Accepted2xx({
      ...this.#context,
      transaction,
      response: success2xx(transaction, this.#success(dialog, transaction.request, sdp)),
      onGiveUp: () => {
        this.#unacknowledged.delete(sequence);
        log.warn({ callId: dialog.id.callId }, 'the ACK of a re-INVITE never came');
        this.#host.neverAcknowledged();
      },
    });
    this.#unacknowledged.set(sequence, {
      dialog,
      handshake,
      ourOffer: sdpOf(transaction.request) === undefined,
    });
  }

  #success(dialog: Dialog, request: SipRequest, sdp: string | undefined): ReplyOptions {
    const { fields, ...rest } = answer(sdp);
    const own: ExtraHeaders = [
      ['Contact', formatNameAddr(dialog.contact)],
      ...ALLOW,
      ...this.#host.capabilities(),
      ...(this.#host.timer()?.weAccept(request) ?? []),
    ];
    return { ...rest, fields: [...own, ...fields] };
  }
}

function answer(sdp: string | undefined): { readonly fields: ExtraHeaders; readonly body?: Uint8Array } {
  return { fields: sdpFields(sdp), ...sdpBody(sdp) };
}
