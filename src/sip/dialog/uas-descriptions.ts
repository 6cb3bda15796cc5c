/**
 * Which response of ours to a first INVITE carries a description, and which message of the peer answers one (RFC 3261 §13.2.1,
 * RFC 3262 §5, RFC 6337 §2; PITFALLS rows 13 and 14):
 *
 *   INVITE           unreliable 18x    reliable 18x                           2xx
 *   with offer       a look ahead      our answer, once; PRACK acknowledges   our answer, unless a reliable 18x had it
 *   without          nothing           our offer, once; PRACK answers         our offer, unless a PRACK has answered it
 */
import type { SipRequest } from '../message/types.ts';
import { sdpOf } from './bodies.ts';
import type { OfferAnswer } from './offer-answer.ts';
import type { Provisional } from './reliable-provisionals.ts';

export class UasDescriptions {
  readonly #media: OfferAnswer;
  readonly #lateOffer: boolean;
  /** Our first offer, as long as it is open; a later one, in an UPDATE, is not answered in a PRACK or an ACK. */
  #offering = false;
  #firstAnswer: string | undefined;

  constructor(media: OfferAnswer, lateOffer: boolean) {
    this.#media = media;
    this.#lateOffer = lateOffer;
  }

  inReliable(provisional: Provisional): Provisional {
    const { sdp } = provisional;
    if (sdp === undefined) return provisional;
    return this.#say(sdp) ? provisional : { ...provisional, sdp: undefined };
  }

  inUnreliable(provisional: Provisional): Provisional {
    const may = !this.#lateOffer && this.#media.local === undefined;
    return may ? provisional : { ...provisional, sdp: undefined };
  }

  in2xx(sdp: string): string | undefined {
    return this.#say(sdp) ? sdp : undefined;
  }

  /** The PRACK for a response with SDP: the peer's answer to the offer in it, if that was one. */
  fromPrack(prack: SipRequest): { readonly answers: boolean; readonly sdp: string | undefined } {
    if (!this.#offering) return { answers: false, sdp: undefined };
    return { answers: true, sdp: this.#answered(prack) };
  }

  /** SDP in an ACK counts only as the answer to an offer of ours; a PRACK may have brought it before. */
  fromAck(ack: SipRequest): string | undefined {
    return this.#offering ? this.#answered(ack) : this.#firstAnswer;
  }

  /** Without a description the offer is gone: the next message that may carry one offers again. */
  #answered(message: SipRequest): string | undefined {
    const sdp = sdpOf(message);
    this.#offering = false;
    this.#firstAnswer = sdp;
    if (sdp === undefined) this.#media.rollback();
    else this.#media.peerAnswers(sdp);
    return sdp;
  }

  #say(sdp: string): boolean {
    const { pending, local } = this.#media;
    if (local !== undefined || pending === 'ours') return false;
    if (pending === 'theirs') this.#media.weAnswer(sdp);
    else {
      this.#media.weOffer(sdp);
      this.#offering = true;
    }
    return true;
  }
}
