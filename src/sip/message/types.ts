/**
 * SIP messages as values (RFC 3261 §7). A message is read from bytes by `parse.ts`, which rejects only what cannot be
 * represented; `validate.ts` says which status a peer is owed; `serialize.ts` writes. Nothing here does I/O.
 */
import type { Headers } from './headers.ts';
import type { Params } from './scan.ts';

export type { Params };

/** RFC 3261 §19.1. `user` and `password` are unescaped; `host` is lower case, IPv6 without brackets. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user?: string;
  readonly password?: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  readonly headers: Params;
}

/** RFC 3966. `number` keeps its visual separators; PITFALLS row 24. */
export interface TelUri {
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** A scheme that we do not route (RFC 4475 §3.3.4): answered with 416 one layer up. */
export interface OtherUri {
  readonly scheme: string;
  readonly opaque: string;
}

export type Uri = SipUri | TelUri | OtherUri;

/** From, To, Contact, Route, Record-Route, P-Asserted-Identity (RFC 3261 §20). */
export interface NameAddr {
  readonly displayName?: string;
  readonly uri: Uri;
  readonly params: Params;
}

/** RFC 3261 §20.42. `transport` is upper case as it stands on the wire. */
export interface Via {
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/** What the parser met that cannot stand in the other members; the validator judges it. Only on received messages. */
interface Oddities {
  /** The SIP version of the first line, where it is not SIP/2.0. */
  readonly version?: string;
  /** A fault of the text, such as a header line without a colon. */
  readonly defect?: string;
}

export interface SipRequest extends Oddities {
  readonly kind: 'request';
  readonly method: string;
  /** The Request-URI as it stood on the wire; `requestUri(message)` reads it. */
  readonly uri: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface SipResponse extends Oddities {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export type SipMessage = SipRequest | SipResponse;

/** What the parser says. `reason` never quotes the message, so that it may be logged. */
export type ParseResult =
  | { readonly ok: true; readonly message: SipMessage }
  | { readonly ok: false; readonly reason: string };

/** What the validator says of a request that parsed: fine, answer it with a status, or drop it in silence. */
export type Verdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'reject'; readonly status: number; readonly reason: string }
  | { readonly kind: 'drop'; readonly reason: string };
