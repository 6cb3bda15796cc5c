/**
 * From a request to plain values. What is not named here stays behind in the request; nothing below is ever put on
 * another leg by this layer.
 */
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { ExtraHeaders, UasSession } from '../dialog/types.ts';
import { from, maxForwards, requestUri, to } from '../message/fields.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import type { NameAddr, SipRequest } from '../message/types.ts';
import { formatUri, isSipUri } from '../message/uri.ts';
import { CONTACT_USER } from './contact.ts';
import { cleanDisplayName } from './identity-headers.ts';
import { DEFAULT_MEDIA_POLICY } from './media-policy.ts';
import type { InboundSpelling } from './number-format.ts';
import { numberOfUri } from './party-number.ts';
import type { CallerIdField, IncomingCall, Peer } from './types.ts';

const ANONYMOUS_URI = 'sip:anonymous@anonymous.invalid';

/** RFC 3261 §8.1.1.6. */
const DEFAULT_MAX_FORWARDS = 70;

/** Who calls whom. */
export interface Parties {
  readonly dialled: PhoneNumber;
  readonly caller: PhoneNumber;
}

export interface PartiesContext {
  readonly peer: Peer;
  /** Whether a Request-URI names one of our own Contacts, so that the dialled number stands in To. */
  isOwnContact(user: string): boolean;
}

export interface IncomingContext {
  readonly session: UasSession;
  readonly peer: Peer;
  /** Our SIP domain, for the URI of an account. */
  readonly domain: string;
  readonly parties: Parties;
}

/** Never throws for a request that was validated. */
export function partiesOf(request: SipRequest, context: PartiesContext): Parties {
  const { peer } = context;
  return {
    dialled: dialledNumber(request, context),
    caller: callerNumber(request, peer, from(request)),
  };
}

/** The call as values. Never throws for a request that was validated. */
export function incomingCall(request: SipRequest, context: IncomingContext): IncomingCall {
  const { session, peer } = context;
  const sender = from(request);
  const isPrivate = callerIsPrivate(request, sender);
  return {
    session,
    peer,
    ...context.parties,
    displayName: isPrivate ? '' : cleanDisplayName(sender.displayName ?? ''),
    callerIsPrivate: isPrivate,
    fromUri: fromUri(peer, sender, isPrivate, context.domain),
    toUri: formatUri(to(request).uri),
    headers: extensionHeaders(request),
    media: peer.kind === 'trunk' ? peer.trunk.media : DEFAULT_MEDIA_POLICY,
    maxForwards: maxForwards(request) ?? DEFAULT_MAX_FORWARDS,
  };
}

/**
 * The user part of the Request-URI. A provider at which we registered may send the Contact that we gave it there, and
 * the number in To.
 */
function dialledNumber(request: SipRequest, { peer, isOwnContact }: PartiesContext): PhoneNumber {
  const spelling = spellingOf(peer);
  const uri = requestUri(request);
  const own =
    isSipUri(uri) && uri.user !== undefined && (uri.user === CONTACT_USER || isOwnContact(uri.user));
  const named = own ? undefined : numberOfUri(uri, spelling);
  return named ?? numberOfUri(to(request).uri, spelling) ?? PhoneNumber.parse('');
}

/**
 * RFC 3325 §6: an asserted identity counts only when the peer is one that we know, and only the fields that its trunk is
 * trusted for; a phone of ours is who it is.
 */
function callerNumber(request: SipRequest, peer: Peer, sender: NameAddr): PhoneNumber {
  if (peer.kind === 'user') return peer.user.number ?? PhoneNumber.parse(peer.user.username);
  for (const field of peer.trunk.trustCallerIn) {
    const number =
      field === 'from' ? numberOfUri(sender.uri, peer.trunk) : statedIn(request, field, peer.trunk);
    if (number !== undefined) return number;
  }
  return PhoneNumber.parse('anonymous');
}

/** The number in one of the identity fields; E.164 before a local one, where the field stands twice. */
function statedIn(
  request: SipRequest,
  field: CallerIdField,
  spelling: InboundSpelling,
): PhoneNumber | undefined {
  const stated = request.headers
    .getAll(field)
    .slice(0, 4)
    .flatMap((text) => readNumber(text, spelling));
  return stated.find((number) => number.isE164) ?? stated[0];
}

function readNumber(text: string, spelling: InboundSpelling): PhoneNumber[] {
  try {
    const number = numberOfUri(parseNameAddr(text).uri, spelling);
    return number === undefined ? [] : [number];
  } catch {
    return []; // A malformed assertion asserts nothing.
  }
}

function spellingOf(peer: Peer): InboundSpelling {
  return peer.kind === 'trunk' ? peer.trunk : {};
}

/** RFC 3323 §4.2, RFC 3325 §9.3. Every Privacy field is read, not the first alone (PITFALLS row 29). */
function callerIsPrivate(request: SipRequest, sender: NameAddr): boolean {
  const asked = request.headers
    .getAll('Privacy')
    .flatMap((text) => text.toLowerCase().split(/[;,]/))
    .map((value) => value.trim());
  if (asked.some((value) => value === 'id' || value === 'user' || value === 'header')) return true;
  // draft-ietf-sip-privacy-04 §5.1, which old carriers speak: `privacy=full` or `privacy=uri`.
  if (
    request.headers.getAll('Remote-Party-ID').some((text) => /;\s*privacy\s*=\s*"?(?:full|uri)/i.test(text))
  )
    return true;
  if (!isSipUri(sender.uri)) return false;
  // `restricted` is not of the RFC, but of gateways to the phone network.
  const user = sender.uri.user?.toLowerCase();
  return user === 'anonymous' || user === 'restricted' || sender.uri.host === 'anonymous.invalid';
}

function fromUri(peer: Peer, sender: NameAddr, isPrivate: boolean, domain: string): string {
  if (isPrivate) return ANONYMOUS_URI;
  // A phone may write what it likes into From; its account is what it proved.
  return peer.kind === 'user' ? `sip:${peer.user.username}@${domain}` : formatUri(sender.uri);
}

/** Longer or more than this is not for a script. */
const MAX_HEADERS = 32;
const MAX_VALUE = 1024;

/** `X-` fields, for the script of this very leg. */
function extensionHeaders(request: SipRequest): ExtraHeaders {
  const found: [string, string][] = [];
  for (const [name, value] of request.headers) {
    if (!/^x-/i.test(name) || value.length > MAX_VALUE || value.includes('\0')) continue;
    found.push([name, value]);
    if (found.length === MAX_HEADERS) break;
  }
  return found;
}
