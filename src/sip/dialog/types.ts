/**
 * Dialogs (RFC 3261 §12) and the INVITE session on top of them (§13–15). An `InviteSession` is what a call sees of
 * SIP: it cannot reach a message, a header or a transaction, only what it is told here.
 *
 * Life of a session, either side:
 *
 *   UAS   proceeding ──accept──▶ accepted ──ACK──▶ confirmed ──▶ ended
 *   UAC   calling ──1xx──▶ proceeding ──2xx──▶ confirmed ──▶ ended          (the ACK is sent by the layer itself)
 *
 * and from every state to `ended`, exactly once. `end()` is a wish: it does whatever the state demands (reject, CANCEL,
 * BYE, or BYE after a 2xx that crossed the CANCEL), and the session ends when the protocol says so (PITFALLS row 1).
 */
import type { Emitter } from '../../kernel/emitter.ts';
import type { NameAddr, SipRequest, SipResponse, Uri } from '../message/types.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';

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
  /** UAC with a 3xx–6xx of a peer that may be tried elsewhere, e.g. 503 (issue: failover). False once a 18x came. */
  readonly retryable: boolean;
}

/** The peer changes the media: re-INVITE, or UPDATE. Exactly one of `accept` and `reject` must be called. */
export interface ReOffer {
  /** Absent: a re-INVITE without SDP, which asks us to offer (PITFALLS row 14); `accept` then carries our offer. */
  readonly sdp: string | undefined;
  accept(sdp: string): void;
  reject(status: number): void;
}

export interface SessionEvents {
  /** UAC: 101–199. `sdp` is present for early media. 100 is not reported. */
  provisional: { readonly status: number; readonly sdp: string | undefined; readonly headers: ExtraHeaders };
  /** UAC: the first 2xx; `sdp` is the answer to our offer (absent when a broken peer sent none). The ACK has been sent. */
  accepted: { readonly sdp: string | undefined; readonly headers: ExtraHeaders };
  /**
   * UAS: the ACK has come; `sdp` only when we had made the offer (late offer). Either role: once more, always with `sdp`,
   * when a re-INVITE without SDP was accepted with our offer and its ACK brings the answer.
   */
  confirmed: { readonly sdp: string | undefined };
  reoffer: ReOffer;
  info: { readonly body: Body | undefined; readonly headers: ExtraHeaders };
  /** Exactly once. Nothing is emitted afterwards, and no timer of the session lives on except the 2xx/ACK store. */
  ended: SessionEnd;
}

export interface InviteSession {
  /** Ours, random, never on the wire. */
  readonly id: string;
  readonly role: 'uas' | 'uac';
  readonly state: SessionState;
  readonly events: Emitter<SessionEvents>;
  /** Ends the session however the state demands. Idempotent. `status` is for a UAS that has not answered (default 480). */
  end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void;
  /** In-dialog INFO; resolves with the final status (408 on time-out). Confirmed sessions only. */
  info(body: Body, headers?: ExtraHeaders): Promise<number>;
}

export interface UasSession extends InviteSession {
  readonly role: 'uas';
  /** The caller's offer; absent for a late offer, in which case `accept` carries our offer. */
  readonly offer: string | undefined;
  /** 101–199. With `sdp`: early media. */
  provisional(status: number, options?: { readonly sdp?: string; readonly headers?: ExtraHeaders }): void;
  /** 200 with SDP; retransmitted on any transport until the ACK (PITFALLS row 3). Ignored when already ended. */
  accept(options: { readonly sdp: string; readonly headers?: ExtraHeaders }): void;
  /** A final 3xx–6xx. Ignored when already ended. */
  reject(status: number, options?: { readonly reason?: string; readonly headers?: ExtraHeaders }): void;
}

export interface UacSession extends InviteSession {
  readonly role: 'uac';
}

/**
 * Credentials for a 401 or 407, or undefined to give up. Returns every Authorization and Proxy-Authorization field that
 * the next request shall carry; `request` is the one that was refused, with those that it carried. Asked at most twice
 * per request (PITFALLS row 27).
 */
export type ChallengeHook = (response: SipResponse, request: SipRequest) => ExtraHeaders | undefined;

/**
 * Where requests inside a dialog go over UDP. `flow`: where the peer was heard, past its NAT (registered phones).
 * `target`: the next hop of RFC 3261 §12.2.1.1, the first Route or else the Contact (trunks and URIs), unless it cannot
 * be found, or is an address at which the peer cannot be reached from here. Over TCP an open connection comes first
 * either way (PITFALLS row 8).
 */
export type Reach = 'flow' | 'target';

/** What a new INVITE is made from. Via, CSeq, tags, Max-Forwards, Allow and Content-Length are the layer's. */
export interface InviteParts {
  readonly flow: Flow;
  readonly requestUri: Uri;
  /** Without tag. */
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  /** Made from `flow.advertised` (PITFALLS row 8). */
  readonly contact: NameAddr;
  /** Default 70. */
  readonly maxForwards?: number;
  /** Preloaded Route fields, such as an outbound proxy. */
  readonly routes?: readonly NameAddr[];
  readonly headers?: ExtraHeaders;
  /** Our offer. */
  readonly sdp: string;
  /** Default `flow`. */
  readonly reach?: Reach;
  readonly onChallenge?: ChallengeHook;
}

/** What a session on an INVITE that came in is made with. */
export interface UasParts {
  /** Ours, made from `transaction.flow.advertised`. */
  readonly contact: NameAddr;
  /** Default `flow`. */
  readonly reach?: Reach;
  /** For in-dialog requests of ours that the peer challenges. */
  readonly onChallenge?: ChallengeHook;
}

/** What is left to the user agent: requests outside any dialog. */
export interface DialogUser {
  /**
   * A new INVITE outside any dialog that has a Contact to answer to and is not a merged request. Call `acceptInvite`
   * before anything is awaited, or refuse it with `transaction.reply(status)`.
   */
  onInvite(transaction: InviteServerTransaction): void;
  /** Any other request outside any dialog. Must be answered. */
  onRequest(transaction: ServerTransaction): void;
}

/**
 * `dialog-layer.ts` implements this as class `DialogLayer`, made with `{ transactions, clock, random, log, flowTo, timers? }`.
 * It sets itself as the user of `transactions`.
 *
 * In-dialog requests never reach the user: BYE, re-INVITE, UPDATE and INFO go to the session; OPTIONS gets 200, REFER
 * 603, PRACK 481, others 405; an unknown dialog 481; a Require 420.
 *
 * How `end()` behaves: a UAC before the final response sends CANCEL (as soon as a provisional has come), and `ended`
 * follows the final response: by `local`, status 487, `answered` false, also when a 2xx crossed the CANCEL (it gets ACK
 * and BYE). A confirmed session sends BYE and emits `ended` at once; the BYE lives on by itself. A UAS that has accepted
 * but has no ACK yet emits `ended` at once too; its BYE waits for the ACK or for 64·T1 (§15).
 */
export interface Dialogs {
  user: DialogUser | undefined;
  /**
   * A UAS session on a new INVITE. It answers nothing by itself; 100 is the transaction's.
   */
  acceptInvite(transaction: InviteServerTransaction, options: UasParts): UasSession;
  /**
   * An outbound call. The session exists at once, in state `calling`; the INVITE leaves as soon as `parts` is there. When
   * `parts` rejects, the session ends by `fault` with the SIP status of a `MasklineError`, else 500. After `end()` before
   * that, nothing is sent at all. No event is emitted before this has returned.
   */
  invite(parts: InviteParts | Promise<InviteParts>): UacSession;
  /** Sessions that have not ended, dialogs in the table (forked and lingering ones too); for the leak check. */
  readonly counts: { readonly sessions: number; readonly dialogs: number };
  /** Ends every session and stops every timer of this layer. */
  close(): void;
}
