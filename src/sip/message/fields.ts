/**
 * Typed readers of header fields, lazy and cached per message. Each throws `SipSyntaxError` when its field is malformed,
 * or absent where the RFC makes it mandatory; after `validateRequest` said ok, the mandatory ones do not throw.
 */
import { SipSyntaxError } from './errors.ts';
import type { Headers } from './headers.ts';
import { parseNameAddr } from './name-addr.ts';
import { isToken, plainNumber } from './plain.ts';
import { NO_PARAMS, parseDecimal, TOKEN } from './scan.ts';
import type { CSeq, NameAddr, SipMessage, SipRequest, Uri, Via } from './types.ts';
import { parseUri } from './uri.ts';
import { parseVia } from './via.ts';

/** What has been read of a message. It lives on its headers, which drop it when they change. */
class Cache {
  uriText: string | undefined;
  uri: Uri | undefined;
  topVia: Via | undefined;
  vias: readonly Via[] | undefined;
  from: NameAddr | undefined;
  to: NameAddr | undefined;
  cseq: CSeq | undefined;
  contacts: readonly NameAddr[] | undefined;
}

function cacheOf(headers: Headers): Cache {
  const { cache } = headers;
  if (cache instanceof Cache) return cache;
  const fresh = new Cache();
  headers.cache = fresh;
  return fresh;
}

function mandatory(message: SipMessage, name: string): string {
  const value = message.headers.get(name);
  if (value === undefined || value === '') throw new SipSyntaxError(`${name} is missing`);
  return value;
}

/** The Request-URI. */
export function requestUri(request: SipRequest): Uri {
  const cache = cacheOf(request.headers);
  if (cache.uri === undefined || cache.uriText !== request.uri) {
    cache.uri = parseUri(request.uri);
    cache.uriText = request.uri;
  }
  return cache.uri;
}

export function topVia(message: SipMessage): Via {
  const cache = cacheOf(message.headers);
  cache.topVia ??= parseVia(mandatory(message, 'Via'));
  return cache.topVia;
}

/** All Via values, topmost first. */
export function vias(message: SipMessage): readonly Via[] {
  const cache = cacheOf(message.headers);
  cache.vias ??= message.headers
    .getAll('Via')
    .map((text, index) => (index === 0 && cache.topVia !== undefined ? cache.topVia : parseVia(text)));
  return cache.vias;
}

export function from(message: SipMessage): NameAddr {
  const cache = cacheOf(message.headers);
  cache.from ??= parseNameAddr(mandatory(message, 'From'));
  return cache.from;
}

export function to(message: SipMessage): NameAddr {
  const cache = cacheOf(message.headers);
  cache.to ??= parseNameAddr(mandatory(message, 'To'));
  return cache.to;
}

/** Absent from RFC 2543 peers (RFC 4475 §3.4.1). */
export function fromTag(message: SipMessage): string | undefined {
  return from(message).params.get('tag') ?? undefined;
}

export function toTag(message: SipMessage): string | undefined {
  return to(message).params.get('tag') ?? undefined;
}

export function callId(message: SipMessage): string {
  return mandatory(message, 'Call-ID');
}

/** RFC 3261 §20.16; the number is below 2^31 (§8.1.1.5). */
export function cseq(message: SipMessage): CSeq {
  const cache = cacheOf(message.headers);
  cache.cseq ??= parseCSeq(mandatory(message, 'CSeq'));
  return cache.cseq;
}

function parseCSeq(text: string): CSeq {
  const blank = text.indexOf(' ');
  const plain = plainNumber(text, 0, blank);
  const rest = text.slice(blank + 1);
  if (plain >= 0 && isToken(rest)) return { sequence: plain, method: rest };
  const match = /^(\d+)\s+(\S+)$/.exec(text);
  const sequence = parseDecimal(match?.[1] ?? '', 0x7fff_ffff);
  const method = match?.[2];
  if (sequence === undefined) throw new SipSyntaxError('CSeq holds no number below 2^31');
  if (method === undefined || !TOKEN.test(method)) throw new SipSyntaxError('CSeq holds no method');
  return { sequence, method };
}

/** `Contact: *` (RFC 3261 §10.2.2) reads as the URI `{ scheme: '*', opaque: '' }`. */
export function contacts(message: SipMessage): readonly NameAddr[] {
  const cache = cacheOf(message.headers);
  cache.contacts ??= message.headers
    .getAll('Contact')
    .map((text) =>
      text === '*' ? { uri: { scheme: '*', opaque: '' }, params: NO_PARAMS } : parseNameAddr(text),
    );
  return cache.contacts;
}

export function routes(message: SipMessage): readonly NameAddr[] {
  return message.headers.getAll('Route').map(parseNameAddr);
}

export function recordRoutes(message: SipMessage): readonly NameAddr[] {
  return message.headers.getAll('Record-Route').map(parseNameAddr);
}

/** 0–255 (RFC 3261 §20.22). */
export function maxForwards(message: SipMessage): number | undefined {
  const text = message.headers.get('Max-Forwards');
  if (text === undefined) return undefined;
  const value = parseDecimal(text, 255);
  if (value === undefined) throw new SipSyntaxError('Max-Forwards is not a number below 256');
  return value;
}

/** Seconds; a malformed or too large value counts as absent, so that the default applies (RFC 3261 §10.2.1.1). */
export function expires(message: SipMessage): number | undefined {
  const text = message.headers.get('Expires');
  return text === undefined ? undefined : parseDecimal(text, 0xffff_ffff);
}

/** Option tags in lower case, of all fields of the name. */
export function optionTags(
  message: SipMessage,
  name: 'Require' | 'Supported' | 'Proxy-Require' | 'Unsupported',
): string[] {
  return message.headers
    .getAll(name)
    .filter((tag) => tag !== '')
    .map((tag) => tag.toLowerCase());
}

/** The media type in lower case, without parameters: `application/sdp`. */
export function contentType(message: SipMessage): string | undefined {
  const text = message.headers.get('Content-Type');
  if (text === undefined) return undefined;
  const semicolon = text.indexOf(';');
  return (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/\s+/g, '').toLowerCase();
}
