/**
 * The page of this folder that the layers above read: sessions (`session-types.ts`), what they are made from, and the layer
 * itself.
 */
import type { NameAddr, SipRequest, SipResponse, Uri } from '../message/types.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';
import type { ExtraHeaders, UacSession, UasSession } from './session-types.ts';

export type * from './session-types.ts';

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

/**
 * Reliable provisional responses (RFC 3262; PITFALLS row 13). Default `supported`.
 * UAC: 100rel in neither, in Supported, or in Require. A reliable response is acknowledged in any case.
 * UAS: a peer that requires them gets 420, or gets them; with `required` also one that only supports them does.
 */
export type ReliableProvisional = 'off' | 'supported' | 'required';

/** RFC 4028, whole seconds. */
export interface SessionTimerSettings {
  /** The Session-Expires that we ask for. */
  readonly expiresSeconds: number;
  /** Min-SE: a shorter one is refused with 422. At least 90 (§5). */
  readonly minSeconds: number;
}

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
  /** Our offer; undefined: the callee makes one, and `accepted` brings it with a way to answer (PITFALLS row 14). */
  readonly sdp: string | undefined;
  readonly reliableProvisional?: ReliableProvisional | undefined;
  /** Default `flow`. */
  readonly reach?: Reach;
  readonly onChallenge?: ChallengeHook;
  /** The 3xx–6xx that ends the session, just before `ended`: for the Contacts of a redirect, or Retry-After. */
  readonly onRefused?: (response: SipResponse) => void;
}

/** What a session on an INVITE that came in is made with. */
export interface UasParts {
  /** Ours, made from `transaction.flow.advertised`. */
  readonly contact: NameAddr;
  /** Default `flow`. */
  readonly reach?: Reach;
  readonly reliableProvisional?: ReliableProvisional | undefined;
  /** For in-dialog requests of ours that the peer challenges. */
  readonly onChallenge?: ChallengeHook;
}

/** A final response that an INVITE is owed. */
export interface Refusal {
  readonly status: number;
  readonly fields: ExtraHeaders;
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
 * `dialog-layer.ts` implements this as class `DialogLayer`, made with `{ transactions, clock, random, log, flowTo, timers?,
 * sessionTimer? }`.
 * It sets itself as the user of `transactions`.
 *
 * In-dialog requests never reach the user: BYE, re-INVITE, UPDATE, PRACK, INFO, MESSAGE and REFER go to the session; OPTIONS
 * gets 200, NOTIFY 481, others 405; an unknown dialog 481; a Require of what we do not have 420.
 *
 * How `end()` behaves: a UAC before the final response sends CANCEL (as soon as a provisional has come), and `ended`
 * follows the final response: by `local`, status 487, `answered` false, also when a 2xx crossed the CANCEL (it gets ACK
 * and BYE). A confirmed session sends BYE and emits `ended` at once; the BYE lives on by itself. A UAS that has accepted
 * but has no ACK yet emits `ended` at once too; its BYE waits for the ACK or for 64·T1 (§15).
 */
export interface Dialogs {
  user: DialogUser | undefined;
  /**
   * What a new INVITE asks for that no session could give: 420 for reliable provisionals that are switched off, 422 for a
   * session timer that is too short (RFC 4028 §9). To be asked before `acceptInvite`, once it is known who calls.
   */
  refusal(request: SipRequest, options?: Pick<UasParts, 'reliableProvisional'>): Refusal | undefined;
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
  /** Answers of ours that wait for their ACK, some of them with a BYE to follow. */
  readonly unacknowledged: number;
  /** Ends every session and stops every timer of this layer. */
  close(): void;
}
