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

/**
 * What the folder offers, by file:
 *
 * - `headers.ts`    class `Headers`: ordered fields; names compared without case and with compact forms (§7.3.3)
 *      `get(name): string | undefined` first value · `getAll(name): string[]` every value, comma lists split where
 *      the header is a list (§7.3.1) · `set` · `append` · `prepend` · `delete` · `has` · `clone()` · `replaceFirst`
 *      (top Via) · `[Symbol.iterator]` over `[name, value]`. Values holding CR, LF or NUL are refused with a `SipSyntaxError` (PITFALLS row 20).
 * - `parse.ts`      `parseMessage(bytes: Uint8Array): ParseResult`. Body bytes beyond Content-Length are cut (§18.3)
 * - `serialize.ts`  `serialize(message): Uint8Array`. Writes Content-Length itself, always
 * - `uri.ts`        `parseUri(text): Uri` (throws SipSyntaxError) · `formatUri(uri): string` · `sipUri({...}): SipUri`
 *      · `isSipUri(uri): uri is SipUri` · `isTelUri` · `parseHostPort` · `formatHostPort`
 *      · `uriEquals(a, b)` (§19.1.4)
 * - `name-addr.ts`  `parseNameAddr(text): NameAddr` · `formatNameAddr(value): string`
 * - `via.ts`        `parseVia(text): Via` · `formatVia(via): string`
 * - `fields.ts`     typed readers, cached per message; throw `SipSyntaxError` when absent or malformed:
 *      `requestUri(req)` · `topVia(msg)` · `vias(msg)` · `from(msg)` · `to(msg)` · `fromTag(msg)` · `toTag(msg)`
 *      (`string | undefined`) · `callId(msg)` · `cseq(msg)` · `contacts(msg)` (`*` has the scheme `*`) · `routes(msg)` · `recordRoutes(msg)` ·
 *      `maxForwards(msg): number | undefined` · `expires(msg): number | undefined` · `optionTags(msg, 'Require' |
 *      'Supported' | 'Proxy-Require' | 'Unsupported'): string[]` · `contentType(msg): string | undefined`
 * - `build.ts`      `request(method, uri, fields, body?)` · `response(request, status, { reason?, toTag?, fields?, body? })`:
 *      a response copies Via, From, To, Call-ID, CSeq (§8.2.6.2) and, for 101–299, Record-Route (§12.1.1)
 *      · `ackFor(invite, finalResponse)` for non-2xx (§17.1.1.3) · `cancelFor(invite)` (§9.1)
 * - `reason.ts`     `reasonPhrase(status): string`
 * - `validate.ts`   `validateRequest(req): Verdict` · `validateResponse(res): boolean`. After `ok`, no reader in
 *      `fields.ts` that the RFC makes mandatory throws
 * - `errors.ts`     class `SipSyntaxError extends Error`
 */
export interface MessageFolder {
  readonly documented: true;
}
