/**
 * The transaction layer of RFC 3261 §17 with the corrections of RFC 6026. Each machine is the RFC's figure; this
 * page is what the layers above see of them.
 */
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { Flow } from '../transport/types.ts';

/** How a client transaction can end without a final response. */
export type TransactionFailure = 'timeout' | 'transport';

/** Called in order; exactly one of a final `onResponse` (status ≥ 200) and `onFailure` comes, once. */
export interface ClientHandlers {
  onResponse(response: SipResponse): void;
  onFailure(failure: TransactionFailure): void;
  /**
   * INVITE only: a further 2xx, whether a retransmission or of another fork, during 64·T1 after the first
   * (RFC 6026 §7.2). The dialog layer sends the ACK again.
   */
  onLate2xx?(response: SipResponse): void;
}

export interface ClientTransaction {
  /** The request with its top Via: what an ACK or a CANCEL is built from. */
  readonly request: SipRequest;
  readonly flow: Flow;
  /**
   * INVITE only. Sends CANCEL now if a provisional response has come, else as soon as one comes (§9.1). If no final
   * response follows within 64·T1 of the CANCEL, the transaction ends with `timeout`. The INVITE's own final response
   * is still reported: a 2xx that crossed the CANCEL must be ACKed and ended by BYE (PITFALLS row 1).
   */
  cancel(): void;
}

/** What `reply` puts on a response besides what §8.2.6.2 copies from the request. */
export interface ReplyOptions {
  readonly reason?: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
}

export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** False once a final response was sent or the transaction failed. Look at it after every await. */
  readonly open: boolean;
  /** The tag for To in our responses: the request's own To tag inside a dialog, else random, one per transaction. */
  readonly localTag: string;
  /**
   * Sends, and retransmits as §17.2 says. After a final response a further call is a programming error and throws;
   * only the 2xx of an INVITE may be passed again, to be retransmitted (RFC 6026 §7.1). Ignored after a failure.
   */
  respond(response: SipResponse): void;
  /** Builds the response with `localTag` and passes it to `respond`. */
  reply(status: number, options?: ReplyOptions): void;
}

export interface InviteServerTransaction extends ServerTransaction {
  /** §9.2: CANCEL matched. The layer has sent 200 to CANCEL and 487 to INVITE (PITFALLS row 2). */
  onCancelled: (() => void) | undefined;
  /** The final non-2xx was never ACKed (timer H), or the transport failed. */
  onFailure: ((failure: TransactionFailure) => void) | undefined;
  /** After a final non-2xx, once: its ACK has come, or is not waited for any more (§14.1 makes new INVITEs wait for it). */
  onSettled: (() => void) | undefined;
}

/** What arrives that is not inside a transaction. */
export interface TransactionUser {
  /** Every new request but INVITE, ACK and CANCEL. */
  onRequest(transaction: ServerTransaction): void;
  /** A new INVITE; the layer sends 100 within 200 ms if nothing else was sent (§17.2.1). */
  onInvite(transaction: InviteServerTransaction): void;
  /** ACK to a 2xx (§13.2.2.4): its own transaction, matched to a dialog above. */
  onAck(request: SipRequest, flow: Flow): void;
  /** A 2xx to an INVITE that matches no transaction any more (PITFALLS row 3). */
  onStray2xx(response: SipResponse, flow: Flow): void;
}

/**
 * `transaction-layer.ts` implements this as class `TransactionLayer`, made with `{ transport, clock, random, log, timers? }`.
 * It sets itself as the transport's user. An exception of the `user` is logged and answered with 500.
 */
export interface Transactions {
  user: TransactionUser | undefined;
  /**
   * Starts a client transaction. `request` has no Via yet: the layer puts ours on top, with a fresh branch and `rport`.
   * Not for ACK.
   */
  send(request: SipRequest, flow: Flow, handlers: ClientHandlers): ClientTransaction;
  /**
   * CANCEL of an INVITE that had a provisional response and then lost its connection, over another one: the phone that
   * rings cannot know that nobody is there any more.
   */
  cancelOn(invite: SipRequest, flow: Flow): void;
  /**
   * Sends an ACK for a 2xx, with a Via of its own; no transaction is kept (§13.2.2.4). Returns what was sent. An ACK that
   * has a Via already, which is one that was returned here before, is sent again as it stands.
   */
  sendAck(ack: SipRequest, flow: Flow): SipRequest;
  /**
   * §8.2.2.2: the request has no To tag, and another server transaction that is still open has its From tag, Call-ID and
   * CSeq: it came twice by different paths and is owed 482 (PITFALLS row 6).
   */
  isMerged(transaction: ServerTransaction): boolean;
  /** Live transactions and remembered finished ones; the leak check of the tests waits for `live === 0`. */
  readonly counts: { readonly live: number; readonly finished: number };
  /** INVITEs and BYEs of ours without a final response, refusals without an ACK: what a stop should wait for, a while. */
  readonly unfinished: number;
  /** Stops every timer. */
  close(): void;
}
