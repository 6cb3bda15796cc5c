/**
 * Offer and answer of one dialog (RFC 3264, and RFC 6337 for which message may carry which; PITFALLS rows 11, 13, 14, 16):
 * one table for INVITE, 18x, PRACK, ACK, re-INVITE and UPDATE, whoever sends them.
 *
 *   pending    event                                    then     in force
 *   none       we offer                                 ours     as before
 *   none       the peer offers                          theirs   as before
 *   ours       its answer                               none     our offer, its answer
 *   ours       refused, glare, time-out                 none     as before                     (rollback, §14.1)
 *   theirs     our answer                               none     our answer, its offer
 *   theirs     we refuse, CANCEL, BYE                   none     as before                     (rollback, §14.2)
 *
 * Every other pair of state and event is refused by `incoming-offer.ts` before it gets here: an offer that meets one of ours gets
 * 491, one that meets an unanswered one of the peer's 500 with Retry-After (RFC 3311 §5.2, RFC 3261 §14.2). A dialog has
 * its own table, so every fork of an INVITE negotiates by itself (row 5), and a leg never waits for the other leg.
 */
export type PendingOffer = 'none' | 'ours' | 'theirs';

export class OfferAnswer {
  #pending: PendingOffer = 'none';
  #offer: string | undefined;
  #local: string | undefined;
  #remote: string | undefined;

  get pending(): PendingOffer {
    return this.#pending;
  }

  /** Our description in force: what a session refresh repeats, to the byte (RFC 4028 §7.4). */
  get local(): string | undefined {
    return this.#local;
  }

  /** The peer's description in force. */
  get remote(): string | undefined {
    return this.#remote;
  }

  /** Whether one exchange is complete, so that another may begin inside the dialog. */
  get established(): boolean {
    return this.#local !== undefined && this.#pending === 'none';
  }

  weOffer(sdp: string): void {
    this.#begin('ours', sdp);
  }

  peerOffers(sdp: string): void {
    this.#begin('theirs', sdp);
  }

  /** Our offer is answered; `undefined` from a broken peer that leaves the answer out. Without an offer: nothing. */
  peerAnswers(sdp: string | undefined): void {
    if (this.#pending !== 'ours') return;
    this.#local = this.#offer;
    this.#remote = sdp ?? this.#remote;
    this.#settle();
  }

  /** Our answer to the peer's offer. Without an offer: nothing. */
  weAnswer(sdp: string): void {
    if (this.#pending !== 'theirs') return;
    this.#local = sdp;
    this.#remote = this.#offer;
    this.#settle();
  }

  /** A description where none belongs, such as another one in the 200 than in the reliable 18x (row 15): it is believed. */
  peerInsists(sdp: string): void {
    this.#remote = sdp;
  }

  /** The offer is gone without an answer; what was in force still is. */
  rollback(): void {
    this.#settle();
  }

  #begin(pending: 'ours' | 'theirs', sdp: string): void {
    if (this.#pending !== 'none') throw new Error(`an offer is open already: ${this.#pending}`);
    this.#pending = pending;
    this.#offer = sdp;
  }

  #settle(): void {
    this.#pending = 'none';
    this.#offer = undefined;
  }
}
