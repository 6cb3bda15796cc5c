/**
 * The peer changes the media of a running session: re-INVITE (RFC 3261 §14.2) and UPDATE (RFC 3311 §5.2). At most one is
 * open; what comes meanwhile gets 500 with Retry-After, or 491 while an offer of ours is unanswered (PITFALLS row 10).
 */
import { cseq } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction, ReplyOptions, ServerTransaction } from '../transaction/types.ts';
import { Accepted2xx, success2xx } from './accepted-2xx.ts';
import { hasUnreadableBody, sdpBody, sdpFields, sdpOf } from './bodies.ts';
import { ALLOW } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import type { ReOffer } from './types.ts';

export interface ReOfferHost {
  /** Whether an offer of ours, or the peer's first one, still waits for its answer. */
  offerState(): 'stable' | 'ours-pending' | 'theirs-pending';
  /** Tells the user; false when nobody listens. */
  offer(reOffer: ReOffer): boolean;
  /** The ACK brought the answer to the offer in our 2xx. */
  answered(sdp: string | undefined): void;
  /** A 2xx of ours was never ACKed: the session is over (§14.2, §13.3.1.4). */
  neverAcknowledged(): void;
}

/** §14.2 and RFC 3311 §5.2: "a randomly chosen value of between 0 and 10 seconds". */
const RETRY_AFTER_BELOW = 11;

export class ReOffers {
  readonly #context: DialogContext;
  readonly #host: ReOfferHost;
  #open: ServerTransaction | undefined;
  /** CSeq numbers of re-INVITEs with a 2xx of ours and no ACK yet. */
  readonly #unacknowledged = new Map<
    number,
    { readonly handshake: Accepted2xx; readonly ourOffer: boolean }
  >();

  constructor(context: DialogContext, host: ReOfferHost) {
    this.#context = context;
    this.#host = host;
  }

  invite(dialog: Dialog, transaction: InviteServerTransaction): void {
    if (this.#refuse(transaction)) return;
    const lateOffer = sdpOf(transaction.request) === undefined;
    transaction.onCancelled = () => this.#closed(transaction);
    transaction.onFailure = () => this.#closed(transaction);
    this.#offer(dialog, transaction, (sdp) => this.#acceptInvite(dialog, transaction, sdp, lateOffer));
  }

  update(dialog: Dialog, transaction: ServerTransaction): void {
    if (sdpOf(transaction.request) === undefined && !hasUnreadableBody(transaction.request)) {
      // No offer: a target refresh only (RFC 3311 §5.1).
      dialog.refreshTarget(transaction.request);
      transaction.reply(200, success(dialog, undefined));
      return;
    }
    if (this.#refuse(transaction)) return;
    this.#offer(dialog, transaction, (sdp) => transaction.reply(200, success(dialog, sdp)));
  }

  ack(request: SipRequest): void {
    const { sequence } = cseq(request);
    const waiting = this.#unacknowledged.get(sequence);
    if (waiting === undefined) return;
    waiting.handshake.stop();
    this.#unacknowledged.delete(sequence);
    if (waiting.ourOffer) this.#host.answered(sdpOf(request));
  }

  /** The session is over: §15.1.2 wants 487 for what is still open. */
  close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open?.open === true) open.reply(487);
    for (const { handshake } of this.#unacknowledged.values()) handshake.stop();
    this.#unacknowledged.clear();
  }

  #refuse(transaction: ServerTransaction): boolean {
    if (hasUnreadableBody(transaction.request)) {
      transaction.reply(415, { fields: [['Accept', 'application/sdp']] });
      return true;
    }
    const theirsPending = this.#open !== undefined || this.#host.offerState() === 'theirs-pending';
    if (theirsPending) {
      const seconds = this.#context.random.int(RETRY_AFTER_BELOW);
      transaction.reply(500, { fields: [['Retry-After', String(seconds)]] });
      return true;
    }
    const oursPending =
      this.#host.offerState() === 'ours-pending' ||
      [...this.#unacknowledged.values()].some(({ ourOffer }) => ourOffer);
    if (oursPending) transaction.reply(491);
    return oursPending;
  }

  #offer(dialog: Dialog, transaction: ServerTransaction, accept: (sdp: string) => void): void {
    this.#open = transaction;
    const once = (answer: () => void): void => {
      // Too late: cancelled, or the session ended meanwhile.
      if (this.#open !== transaction) return;
      this.#closed(transaction);
      if (transaction.open) answer();
    };
    const listened = this.#host.offer({
      sdp: sdpOf(transaction.request),
      accept: (sdp) =>
        once(() => {
          dialog.refreshTarget(transaction.request);
          accept(sdp);
        }),
      reject: (status) => once(() => transaction.reply(status)),
    });
    if (!listened) once(() => transaction.reply(488));
  }

  #closed(transaction: ServerTransaction): void {
    if (this.#open === transaction) this.#open = undefined;
  }

  #acceptInvite(dialog: Dialog, transaction: InviteServerTransaction, sdp: string, ourOffer: boolean): void {
    const { sequence } = cseq(transaction.request);
    const { log } = this.#context;
    const handshake = new Accepted2xx({
      ...this.#context,
      transaction,
      response: success2xx(transaction, success(dialog, sdp)),
      onGiveUp: () => {
        this.#unacknowledged.delete(sequence);
        log.warn({ callId: dialog.id.callId }, 'the ACK of a re-INVITE never came');
        this.#host.neverAcknowledged();
      },
    });
    this.#unacknowledged.set(sequence, { handshake, ourOffer });
  }
}

function success(dialog: Dialog, sdp: string | undefined): ReplyOptions {
  const contact = ['Contact', formatNameAddr(dialog.contact)] as const;
  return { fields: [contact, ...ALLOW, ...sdpFields(sdp)], ...sdpBody(sdp) };
}
