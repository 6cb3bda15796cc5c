/** The state of one dialog (RFC 3261 §12): what requests inside it are built from and judged by. */
import type { Random } from '../../kernel/random.ts';
import { request as buildRequest } from '../message/build.ts';
import { callId, contacts, cseq, from, fromTag, requestUri, routes, to, toTag } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { NameAddr, SipMessage, SipRequest, SipResponse, Uri } from '../message/types.ts';
import { isSipUri } from '../message/uri.ts';
import type { InviteServerTransaction } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';
import { sdpBody, sdpFields, sdpOf } from './bodies.ts';
import { OfferAnswer } from './offer-answer.ts';
import { DialogPath } from './path.ts';
import { type RouteSet, requestPath, routeSetOfUac, routeSetOfUas } from './route-set.ts';
import type { ExtraHeaders, Reach } from './types.ts';

/** §12: Call-ID and both tags, and nothing else (PITFALLS row 7). A tag that a peer of RFC 2543 does not send is ''. */
export interface DialogId {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

/** Our first CSeq is below this, so that it can grow for as long as any call lasts (§8.1.1.5: below 2^31). */
export const FIRST_CSEQ_BELOW = 2 ** 20;

interface DialogStart extends DialogId {
  readonly localParty: NameAddr;
  readonly remoteParty: NameAddr;
  readonly remoteTarget: Uri;
  readonly routeSet: RouteSet;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
  readonly path: DialogPath;
  readonly contact: NameAddr;
}

/** What a UAC knows of its own side: the INVITE's flow, its Contact, and where later requests go. */
export interface UacSide {
  readonly flow: Flow;
  readonly contact: NameAddr;
  readonly reach?: Reach | undefined;
}

export class Dialog {
  readonly id: DialogId;
  /** Our Contact, for target refresh requests and their responses. */
  readonly contact: NameAddr;
  /** By which flow requests of ours leave. */
  readonly path: DialogPath;
  /** Offer and answer inside this dialog. */
  readonly media = new OfferAnswer();
  readonly #start: DialogStart;
  /** Methods of the peer's last Allow; undefined: it has named none. */
  #allowed: ReadonlySet<string> | undefined;
  #remoteTarget: Uri;
  #routeSet: RouteSet;
  #localSequence: number;
  #remoteSequence: number | undefined;

  private constructor(start: DialogStart) {
    this.id = { callId: start.callId, localTag: start.localTag, remoteTag: start.remoteTag };
    this.contact = start.contact;
    this.path = start.path;
    this.#start = start;
    this.#remoteTarget = start.remoteTarget;
    this.#routeSet = start.routeSet;
    this.#localSequence = start.localSequence;
    this.#remoteSequence = start.remoteSequence;
  }

  /** §12.1.1. The INVITE has a SIP Contact; the layer made sure of it. */
  static ofUas(
    transaction: InviteServerTransaction,
    contact: NameAddr,
    random: Random,
    reach: Reach = 'flow',
  ): Dialog {
    const invite = transaction.request;
    const localParty = to(invite);
    const dialog = new Dialog({
      callId: callId(invite),
      localTag: transaction.localTag,
      remoteTag: fromTag(invite) ?? '',
      localParty: withTag(localParty, transaction.localTag),
      remoteParty: from(invite),
      remoteTarget: contactTarget(invite) ?? from(invite).uri,
      routeSet: routeSetOfUas(invite),
      localSequence: random.int(FIRST_CSEQ_BELOW),
      remoteSequence: cseq(invite).sequence,
      path: new DialogPath(transaction.flow, reach),
      contact,
    });
    const offer = sdpOf(invite);
    if (offer !== undefined) dialog.media.peerOffers(offer);
    dialog.learnAllowed(invite);
    return dialog;
  }

  /** §12.1.2. A broken peer's response may lack a Contact; then the target stays the Request-URI. */
  static ofUac(
    invite: SipRequest,
    response: SipResponse,
    { flow, contact, reach = 'flow' }: UacSide,
  ): Dialog {
    const firstHop = routes(invite)[0]?.uri ?? requestUri(invite);
    const dialog = new Dialog({
      callId: callId(invite),
      localTag: fromTag(invite) ?? '',
      remoteTag: toTag(response) ?? '',
      localParty: from(invite),
      remoteParty: to(response),
      remoteTarget: contactTarget(response) ?? requestUri(invite),
      routeSet: routeSetOfUac(response),
      localSequence: cseq(invite).sequence,
      remoteSequence: undefined,
      path: new DialogPath(flow, reach, firstHop),
      contact,
    });
    const offer = sdpOf(invite);
    if (offer !== undefined) dialog.media.weOffer(offer);
    dialog.learnAllowed(response);
    return dialog;
  }

  /** Where requests of ours go: the first of the route set, or the remote target. */
  get nextHop(): Uri {
    return requestPath(this.#routeSet, this.#remoteTarget).nextHop;
  }

  /**
   * UAC: a further response of the INVITE. Its Contact is the target, and a 2xx computes the route set anew
   * (§13.2.2.4: some forks of RFC 2543 did not put Record-Route into provisional responses).
   */
  learnFrom(response: SipResponse): void {
    this.refreshTarget(response);
    this.learnAllowed(response);
    if (response.status >= 200) this.#routeSet = routeSetOfUac(response);
  }

  /** A request inside the dialog (§12.2.1.1), with the next CSeq; no Via yet. */
  newRequest(method: string, fields: ExtraHeaders = [], body?: Uint8Array): SipRequest {
    this.#localSequence += 1;
    return this.#request(method, this.#localSequence, fields, body);
  }

  /** The ACK for a 2xx: the INVITE's CSeq number and credentials (§13.2.2.4), and our answer where the 2xx made an offer. */
  ackFor(invite: SipRequest, answer?: string): SipRequest {
    const credentials = ['Authorization', 'Proxy-Authorization'].flatMap((name) =>
      invite.headers.getAll(name).map((value) => [name, value] as const),
    );
    const fields = [...credentials, ...sdpFields(answer)];
    return this.#request('ACK', cseq(invite).sequence, fields, sdpBody(answer).body);
  }

  /**
   * §12.2.2, in this one place (PITFALLS row 10): the number may jump, but a lower one is out of order and owed 500.
   * ACK and CANCEL have the number of their INVITE and are not asked about.
   */
  acceptsSequence(request: SipRequest): boolean {
    const { sequence } = cseq(request);
    if (this.#remoteSequence !== undefined && sequence < this.#remoteSequence) return false;
    this.#remoteSequence = sequence;
    return true;
  }

  /** Whether the peer takes requests of that method, as far as it has said so (§20.5). */
  allows(method: string): boolean {
    return this.#allowed?.has(method) ?? false;
  }

  learnAllowed(message: SipMessage): void {
    const methods = message.headers.getAll('Allow').flatMap((text) => text.split(','));
    if (methods.length > 0) this.#allowed = new Set(methods.map((method) => method.trim().toUpperCase()));
  }

  /** The peer refused a method that it had allowed. */
  disallow(method: string): void {
    this.#allowed = new Set([...(this.#allowed ?? [])].filter((allowed) => allowed !== method));
  }

  /** Target refresh (§12.2.1.2, §12.2.2): the Contact of a re-INVITE, UPDATE or 2xx replaces the remote target. */
  refreshTarget(message: SipMessage): void {
    this.#remoteTarget = contactTarget(message) ?? this.#remoteTarget;
  }

  #request(method: string, sequence: number, fields: ExtraHeaders, body?: Uint8Array): SipRequest {
    const path = requestPath(this.#routeSet, this.#remoteTarget);
    const own: ExtraHeaders = [
      ...path.routes.map((route) => ['Route', route] as const),
      ['Max-Forwards', '70'],
      ['From', formatNameAddr(this.#start.localParty)],
      ['To', formatNameAddr(this.#start.remoteParty)],
      ['Call-ID', this.id.callId],
      ['CSeq', `${sequence} ${method}`],
    ];
    return buildRequest(method, path.requestUri, [...own, ...fields], body);
  }
}

/** The first Contact that we can send to; undefined when there is none, or none that is a SIP URI. */
export function contactTarget(message: SipMessage): Uri | undefined {
  try {
    return contacts(message)
      .map((contact) => contact.uri)
      .find(isSipUri);
  } catch {
    return undefined;
  }
}

export function withTag(party: NameAddr, tag: string): NameAddr {
  return { ...party, params: new Map([...party.params, ['tag', tag]]) };
}
