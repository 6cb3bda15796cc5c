import { SipSyntaxError } from './errors.ts';
import { escapeText, unescapeText } from './escape.ts';
import { NO_PARAMS, type Params } from './params.ts';
import { plainSipUri, ReadSipUri } from './read-sip-uri.ts';
import { parseDecimal } from './scan.ts';
import type { OtherUri, SipUri, TelUri, Uri } from './types.ts';

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
/** Nothing outside printable ASCII, and no delimiters, in any URI (RFC 3261 §25.1; RFC 4475 §3.1.2.6, .8, .13). */
const FORBIDDEN = /[^\x21\x23-\x3b\x3d\x3f-\x7e]/;
/** Underscores stand in real host names, though RFC 3261 does not name them. */
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*)$/;
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;

// Character sets of RFC 3261 §25.1.
const USER = /[A-Za-z0-9\-_.!~*'()&=+$,;?/]/;
const PASSWORD = /[A-Za-z0-9\-_.!~*'()&=+$,]/;
const PARAM = /[A-Za-z0-9\-_.!~*'()[\]/:&+$]/;
const HEADER = /[A-Za-z0-9\-_.!~*'()[\]/?:+$]/;

/** Reads a URI of any scheme. Throws `SipSyntaxError`. */
export function parseUri(text: string): Uri {
  const plain = plainSipUri(text);
  if (plain !== undefined) return plain;
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new SipSyntaxError('a URI has no scheme');
  if (FORBIDDEN.test(text)) throw new SipSyntaxError('a URI holds a character that must be escaped');
  const rest = text.slice(scheme.length + 1);
  if (scheme === 'sip' || scheme === 'sips') return parseSip(scheme, rest, text);
  return scheme === 'tel' ? parseTel(rest) : { scheme, opaque: rest };
}

function parseSip(scheme: 'sip' | 'sips', text: string, whole: string): ReadSipUri {
  const at = text.indexOf('@');
  const { user, password } = at < 0 ? NO_USER : parseUserInfo(text.slice(0, at));
  const question = text.indexOf('?', at + 1);
  const beforeHeaders = question < 0 ? text.slice(at + 1) : text.slice(at + 1, question);
  const semicolon = beforeHeaders.indexOf(';');
  const { host, port } = parseHostPort(semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon));
  const parts = {
    scheme,
    user,
    password,
    host,
    port,
    params: semicolon < 0 ? NO_PARAMS : parseUriParams(beforeHeaders.slice(semicolon + 1), ';'),
    headers: question < 0 ? NO_PARAMS : parseUriParams(text.slice(question + 1), '&'),
  };
  return new ReadSipUri(parts, whole);
}

const NO_USER: { user?: string; password?: string } = {};

function parseUserInfo(text: string): { user: string; password?: string } {
  if (text === '') throw new SipSyntaxError('a SIP URI has an empty user');
  const colon = text.indexOf(':');
  if (colon < 0) return { user: unescapeText(text) };
  return { user: unescapeText(text.slice(0, colon)), password: unescapeText(text.slice(colon + 1)) };
}

/** `host[:port]` of a URI or a Via; the host in lower case, IPv6 without brackets. */
export function parseHostPort(text: string): { host: string; port?: number } {
  const bracketed = text.charCodeAt(0) === 0x5b;
  const close = bracketed ? text.indexOf(']') : -1;
  if (bracketed && close < 0) throw new SipSyntaxError('an IPv6 reference does not end');
  const colon = text.indexOf(':', close + 1);
  const host = bracketed ? text.slice(1, close) : colon < 0 ? text : text.slice(0, colon);
  if (!(bracketed ? IPV6 : HOST_NAME).test(host))
    throw new SipSyntaxError('a host is not a host name or address');
  if (bracketed && colon !== close + 1 && close + 1 !== text.length) {
    throw new SipSyntaxError('text follows an IPv6 reference');
  }
  if (colon < 0) return { host: host.toLowerCase() };
  const port = parseDecimal(text.slice(colon + 1), 65_535);
  if (port === undefined) throw new SipSyntaxError('a port is not a number below 65536');
  return { host: host.toLowerCase(), port };
}

function parseUriParams(text: string, separator: ';' | '&'): Params {
  const params = new Map<string, string | null>();
  for (const part of text.split(separator)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = unescapeText(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    if (name === '') throw new SipSyntaxError('a URI parameter has no name');
    if (!params.has(name)) params.set(name, equals < 0 ? null : unescapeText(part.slice(equals + 1)));
  }
  return params;
}

/** RFC 3966 §3. */
function parseTel(text: string): TelUri {
  const semicolon = text.indexOf(';');
  const number = unescapeText(semicolon < 0 ? text : text.slice(0, semicolon));
  if (!/^\+?[0-9A-Fa-f*#().-]+$/.test(number)) throw new SipSyntaxError('a tel URI holds no number');
  return {
    scheme: 'tel',
    number,
    params: semicolon < 0 ? NO_PARAMS : parseUriParams(text.slice(semicolon + 1), ';'),
  };
}

/** Writes a URI. A SIP URI that `parseUri` made comes out as it was read. */
export function formatUri(uri: Uri): string {
  const read = ReadSipUri.textOf(uri);
  if (read !== undefined) return read;
  if (isSipUri(uri)) return formatSip(uri);
  if (isTelUri(uri)) return `tel:${uri.number}${formatUriParams(uri.params, ';', ';')}`;
  return `${uri.scheme}:${(uri as OtherUri).opaque}`;
}

function formatSip(uri: SipUri): string {
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += escapeText(uri.user, USER);
    if (uri.password !== undefined) text += `:${escapeText(uri.password, PASSWORD)}`;
    text += '@';
  }
  text += formatHostPort(uri.host, uri.port) + formatUriParams(uri.params, ';', ';');
  return text + formatUriParams(uri.headers, '?', '&');
}

/** `host[:port]`, with brackets around IPv6. */
export function formatHostPort(host: string, port?: number): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}

function formatUriParams(params: Params, first: string, next: string): string {
  const allowed = next === '&' ? HEADER : PARAM;
  let text = '';
  for (const [name, value] of params) {
    text += (text === '' ? first : next) + escapeText(name, allowed);
    if (value !== null) text += `=${escapeText(value, allowed)}`;
    else if (next === '&') text += '=';
  }
  return text;
}

/** A SIP URI from its parts; parameters may be given as an object, `null` meaning a flag such as `lr`. */
export function sipUri(parts: {
  readonly scheme?: 'sip' | 'sips';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly host: string;
  readonly port?: number | undefined;
  readonly params?: Params | Readonly<Record<string, string | null>> | undefined;
  readonly headers?: Params | Readonly<Record<string, string | null>> | undefined;
}): SipUri {
  return {
    scheme: parts.scheme ?? 'sip',
    ...(parts.user === undefined ? {} : { user: parts.user }),
    ...(parts.password === undefined ? {} : { password: parts.password }),
    host: parts.host.toLowerCase(),
    ...(parts.port === undefined ? {} : { port: parts.port }),
    params: toParams(parts.params),
    headers: toParams(parts.headers),
  };
}

function toParams(given: Params | Readonly<Record<string, string | null>> | undefined): Params {
  if (given === undefined) return NO_PARAMS;
  if (given instanceof Map) return given;
  return new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
}

export function isSipUri(uri: Uri): uri is SipUri {
  return uri.scheme === 'sip' || uri.scheme === 'sips';
}

export function isTelUri(uri: Uri): uri is TelUri {
  return uri.scheme === 'tel';
}

/** Parameters that must match if either URI has them (RFC 3261 §19.1.4); others only where both have them. */
const DECISIVE = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Whether two URIs are equivalent: RFC 3261 §19.1.4, RFC 3966 §4; other schemes byte by byte. */
export function uriEquals(a: Uri, b: Uri): boolean {
  if (isSipUri(a) && isSipUri(b)) return sipEquals(a, b);
  if (isTelUri(a) && isTelUri(b)) return telEquals(a, b);
  return a.scheme === b.scheme && formatUri(a) === formatUri(b);
}

function sipEquals(a: SipUri, b: SipUri): boolean {
  return (
    a.scheme === b.scheme &&
    a.user === b.user &&
    a.password === b.password &&
    a.host === b.host &&
    // An absent port is not the same as the default one.
    a.port === b.port &&
    DECISIVE.every((name) => sameValue(a.params, b.params, name)) &&
    [...a.params.keys()].every((name) => !b.params.has(name) || sameValue(a.params, b.params, name)) &&
    a.headers.size === b.headers.size &&
    [...a.headers].every(([name, value]) => b.headers.get(name) === value)
  );
}

function telEquals(a: TelUri, b: TelUri): boolean {
  return (
    digits(a.number) === digits(b.number) &&
    a.params.size === b.params.size &&
    [...a.params.keys()].every((name) => sameValue(a.params, b.params, name))
  );
}

/** RFC 3966 §5.1.1: visual separators do not count. */
const digits = (number: string): string => number.replace(/[().-]/g, '').toLowerCase();

function sameValue(a: Params, b: Params, name: string): boolean {
  return a.get(name)?.toLowerCase() === b.get(name)?.toLowerCase() && a.has(name) === b.has(name);
}
