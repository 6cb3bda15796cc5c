/**
 * Dialogs (RFC 3261 §12) and the INVITE session on top of them (§13–15). An `InviteSession` is what a call sees of
 * SIP: it cannot reach a message, a header or a transaction, only what it is told here.
 *
 * Life of a session, either side:
 *
 *   UAS   proceeding ──accept──▶ accepted ──ACK──▶ confirmed ──▶ ended
 *   UAC   calling ──1xx──▶ proceeding ──2xx──▶ confirmed ──▶ ended          (the ACK is sent by the layer itself)
 *   UAC, INVITE without SDP      … ──2xx──▶ accepted ──answer(), ACK──▶ confirmed ──▶ ended
 *
 * and from every state to `ended`, exactly once. `end()` is a wish: it does whatever the state demands (reject, CANCEL,
 * BYE, or BYE after a 2xx that crossed the CANCEL), and the session ends when the protocol says so (PITFALLS row 1).
 */
import type { Emitter } from '../../kernel/emitter.ts';

/** Header fields of ours to put on a message; names were checked against the allow-list by whoever built them. */
export type ExtraHeaders = readonly (readonly [name: string, value: string])[];

export interface Body {
  readonly contentType: string;
  readonly content: Uint8Array;
}

export type SessionState = 'calling' | 'proceeding' | 'accepted' | 'confirmed' | 'ended';

/** Why a session ended. */
export interface SessionEnd {
  /** Who ended it: our own `end()`/`reject()`, the peer, or a fault (time-out, transport, protocol). */
  readonly by: 'local' | 'remote' | 'fault';
  /** Whether it had been answered (2xx sent or received). */
  readonly answered: boolean;
  /** The final status of the INVITE; for an answered session 200. 408 for a time-out, 503 for a transport failure, 487 when cancelled. */
  readonly status: number;
  /** The reason phrase or cause in our own words; the peer's text never crosses to another leg. */
  readonly reason: string;
  /** `X-` header fields of the BYE or final response, for the script of this very leg. */
  readonly headers: ExtraHeaders;
  /**
   * UAC with a 3xx–6xx of a peer that may be tried elsewhere, e.g. 503 (issue: failover), or with a 487 to our own CANCEL.
   * False once a 18x came, or a 2xx crossed.
   */
  readonly retryable: boolean;
}

/** The peer changes the media: re-INVITE, or UPDATE. Exactly one of `accept` and `reject` must be called. */
export interface ReOffer {
  /** Absent: a re-INVITE without SDP, which asks us to offer (PITFALLS row 14); `accept` then carries our offer. */
  readonly sdp: string | undefined;
  accept(sdp: string): void;
  reject(status: number): void;
}

/** How an offer of ours on a running session ended. */
export type ReOfferOutcome =
  | { readonly kind: 'answered'; readonly sdp: string }
  /** Refused for good, or the retries ran out; the session goes on as before. */
  | { readonly kind: 'refused'; readonly status: number }
  /** The session ended first (408, 481, BYE …). */
  | { readonly kind: 'ended' };

/** The implicit subscription of a REFER (RFC 3515 §2.4.4). */
export interface ReferProgress {
  /** NOTIFY with message/sipfrag; a final status (200–699) ends the subscription. Ignored after that. */
  progress(status: number): void;
}

/** The peer asks us to call somebody else (RFC 3515). Exactly one of `accept` and `reject`; either is ignored after it. */
export interface ReferRequest {
  /** Refer-To as a URI text, without header fields (`?…`) of that URI. */
  readonly referTo: string;
  /** The Replaces field of that URI, unescaped: an attended transfer (RFC 3891), to be refused with 603 unless supported. */
  readonly replaces: string | undefined;
  /** `X-` fields of the REFER. */
  readonly headers: ExtraHeaders;
  /** 202, and an implicit subscription with NOTIFY 100 at once, unless the peer wants none (RFC 4488). */
  accept(): ReferProgress;
  /** A final 3xx–6xx. */
  reject(status: number): void;
}

/**
 * Only where we called without an offer (late offer, RFC 3261 §13.2.1): gives our answer to the offer that `sdp` is. It
 * leaves in the PRACK of the reliable 18x, or in the ACK of the 2xx, which waits for it. Later calls are ignored.
 */
export type LateAnswer = (sdp: string) => void;

export interface SessionEvents {
  /**
   * UAC: 101–199. `sdp` is present for early media. 100 is not reported. After a 199 (RFC 6228) that ended the early dialog
   * whose media was in force, `sdp` is what the newest of the others had said, if any.
   */
  provisional: {
    readonly status: number;
    readonly sdp: string | undefined;
    readonly headers: ExtraHeaders;
    readonly answer?: LateAnswer;
  };
  /**
   * UAC: the first 2xx; `sdp` is the answer to our offer (absent when it came before in a 18x of the same dialog and is in
   * force, or a broken peer sent none). The ACK has been sent, unless there is an `answer` to give.
   */
  accepted: {
    readonly sdp: string | undefined;
    readonly headers: ExtraHeaders;
    readonly answer?: LateAnswer;
  };
  /**
   * UAS: the ACK has come; `sdp` only when we had made the offer (late offer), then also if the answer came in a PRACK.
   * Either role: once more, always with `sdp`, when a re-INVITE without SDP was accepted with our offer and its ACK brings
   * the answer.
   */
  confirmed: { readonly sdp: string | undefined };
  /** UAS, late offer in a reliable 18x (RFC 3262 §5): the PRACK has brought the answer, and early media may flow. */
  earlyAnswer: { readonly sdp: string };
  /** The answer to a session refresh of ours (RFC 4028) is another one than before; our own description has not changed. */
  answerChanged: { readonly sdp: string };
  /** Nobody listens: 488. */
  reoffer: ReOffer;
  info: { readonly body: Body | undefined; readonly headers: ExtraHeaders };
  /** MESSAGE inside the dialog (RFC 3428); it has been answered with 200. */
  message: { readonly body: Body | undefined; readonly headers: ExtraHeaders };
  /** Nobody listens: 603. */
  refer: ReferRequest;
  /** Exactly once. Nothing is emitted afterwards, and no timer of the session lives on except the 2xx/ACK store. */
  ended: SessionEnd;
}

export interface InviteSession {
  /** Ours, random, never on the wire. */
  readonly id: string;
  readonly role: 'uas' | 'uac';
  readonly state: SessionState;
  readonly events: Emitter<SessionEvents>;
  /** The address from which the peer's messages come, once one has come: a phone behind NAT sends its sound from there. */
  readonly peerHost?: string | undefined;
  /** Ends the session however the state demands. Idempotent. `status` is for a UAS that has not answered (default 480). */
  end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void;
  /** In-dialog INFO; resolves with the final status (408 on time-out). Confirmed sessions only. */
  info(body: Body, headers?: ExtraHeaders): Promise<number>;
  /** In-dialog MESSAGE (RFC 3428 inside a dialog); as `info`. */
  message(body: Body, headers?: ExtraHeaders): Promise<number>;
  /**
   * Re-INVITE with our offer, or UPDATE before the answer, where the peer allows it; a session that can do neither yet
   * waits until it can. Glare is retried by RFC 3261 §14.1. One at a time; a second waits. A function is asked whenever
   * the offer leaves: after glare our description may have moved on, and its version must not go back (RFC 3264 §8).
   */
  reoffer(sdp: string | (() => string)): Promise<ReOfferOutcome>;
}

export interface UasSession extends InviteSession {
  readonly role: 'uas';
  /** The caller's offer; absent for a late offer, in which case `accept` carries our offer. */
  readonly offer: string | undefined;
  /**
   * 101–199. With `sdp`: early media. Where the caller made no offer, `sdp` is ours, and leaves only if the response is
   * reliable (RFC 3262 §5). Reliable ones leave one after the other, each when the one before has its PRACK.
   */
  provisional(status: number, options?: { readonly sdp?: string; readonly headers?: ExtraHeaders }): void;
  /**
   * 200 with SDP (without, where a reliable 18x has carried it); retransmitted on any transport until the ACK (PITFALLS
   * row 3). Leaves when a reliable 18x with SDP has its PRACK (row 13). Ignored when already ended.
   */
  accept(options: { readonly sdp: string; readonly headers?: ExtraHeaders }): void;
  /** A final 3xx–6xx. Ignored when already ended. */
  reject(status: number, options?: { readonly reason?: string; readonly headers?: ExtraHeaders }): void;
}

export interface UacSession extends InviteSession {
  readonly role: 'uac';
  /**
   * Our offer of the INVITE that what is being said now answers. Where several phones ring they may have got different
   * ones; to be read while the event is heard.
   */
  readonly offered?: string | undefined;
}
