import { request } from '../sip/message/build.ts';
import { contacts, cseq, fromTag, recordRoutes, toTag } from '../sip/message/fields.ts';
import { formatNameAddr, parseNameAddr } from '../sip/message/name-addr.ts';
import type { SipRequest, SipResponse, Uri } from '../sip/message/types.ts';
import { formatUri, isSipUri } from '../sip/message/uri.ts';
import type { Address } from '../sip/transport/types.ts';

export type Field = readonly [name: string, value: string];

const USER_AGENT = 'Maskline-Phone';
const IP = /^(\d+\.){3}\d+$|:/;

/** What one side of a call remembers to build its next request (RFC 3261 §12.1). */
export class PhoneDialog {
  readonly callId: string;
  readonly localTag: string;
  /** From and To without tags, as they stand on the wire. */
  readonly localParty: string;
  readonly remoteParty: string;
  remoteTag: string | undefined;
  /** The remote target: a URI as text. */
  target: string;
  routes: string[] = [];
  /** CSeq of our last request / of the INVITE that an ACK answers. */
  sequence: number;
  inviteSequence = 0;

  constructor(parts: {
    callId: string;
    localTag: string;
    localParty: string;
    remoteParty: string;
    remoteTag?: string | undefined;
    target: string;
    sequence: number;
  }) {
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.localParty = parts.localParty;
    this.remoteParty = parts.remoteParty;
    this.remoteTag = parts.remoteTag;
    this.target = parts.target;
    this.sequence = parts.sequence;
  }

  /** A request without Via. ACK takes the CSeq of the INVITE; everything else a new one. */
  request(method: string, fields: readonly Field[] = [], body?: Uint8Array): SipRequest {
    if (method !== 'ACK') this.sequence += 1;
    if (method === 'INVITE') this.inviteSequence = this.sequence;
    const sequence = method === 'ACK' ? this.inviteSequence : this.sequence;
    const toTagText = this.remoteTag === undefined ? '' : `;tag=${this.remoteTag}`;
    const all: Field[] = [
      ['Max-Forwards', '70'],
      ['From', `${this.localParty};tag=${this.localTag}`],
      ['To', `${this.remoteParty}${toTagText}`],
      ['Call-ID', this.callId],
      ['CSeq', `${sequence} ${method}`],
      ...this.routes.map((route): Field => ['Route', route]),
      ['User-Agent', USER_AGENT],
      ...fields,
    ];
    return request(method, this.target, all, body);
  }

  /** A copy for the dialog of another fork (§12.1.2). */
  fork(response: SipResponse): PhoneDialog {
    const other = new PhoneDialog({ ...this.#parts(), remoteTag: undefined });
    other.inviteSequence = cseq(response).sequence;
    other.learnAsCaller(response);
    return other;
  }

  /** From an 18x or 2xx: tag, target, and the route set reversed (§12.1.2). */
  learnAsCaller(response: SipResponse): void {
    this.remoteTag = toTag(response);
    this.refreshTarget(response);
    const recorded = recordRoutes(response).map((route) => formatNameAddr(route));
    this.routes = recorded.reverse();
  }

  /** From the INVITE: tag, target, and the route set in order (§12.1.1). */
  learnAsCallee(invite: SipRequest): void {
    this.remoteTag = fromTag(invite);
    this.refreshTarget(invite);
    this.routes = recordRoutes(invite).map((route) => formatNameAddr(route));
  }

  /** Target refresh (§12.2): the Contact of an INVITE, UPDATE or 2xx. */
  refreshTarget(message: SipRequest | SipResponse): void {
    const contact = contacts(message)[0];
    if (contact !== undefined) this.target = formatUri(contact.uri);
  }

  /** Where the next request goes: the first route, or the target; `fallback` when that names no IP address. */
  nextHop(fallback: Address): Address {
    const first = this.routes[0] ?? `<${this.target}>`;
    return addressOf(parseNameAddr(first).uri) ?? fallback;
  }

  #parts(): ConstructorParameters<typeof PhoneDialog>[0] {
    const { callId, localTag, localParty, remoteParty, target, sequence } = this;
    return { callId, localTag, localParty, remoteParty, target, sequence };
  }
}

/** The address in a SIP URI, if its host is an IP address: the phone asks no DNS. */
export function addressOf(uri: Uri): Address | undefined {
  if (!isSipUri(uri) || !IP.test(uri.host)) return undefined;
  return { host: uri.host, port: uri.port ?? 5060 };
}
