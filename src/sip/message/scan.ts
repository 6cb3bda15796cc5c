/** Small scanners that the readers of header values share (RFC 3261 §25.1). */
import { SipSyntaxError } from './errors.ts';
import { NO_PARAMS, type Params } from './params.ts';
import { plainHeaderParams, plainNumber } from './plain.ts';

export { NO_PARAMS, type Params };

/** `token` of RFC 3261 §25.1. */
export const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/** What a parameter value may hold without quotes: token characters, and IPv6 (RFC 3261 gen-value = host). */
const BARE_VALUE = /^[A-Za-z0-9\-.!%*_+`'~[\]:]+$/;

/** SP or HTAB. */
export const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Takes SP and HTAB off both ends. `String.trim` would take U+FEFF and others too, which are text (RFC 4475 §3.1.1.2). */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Index just behind the quoted string that begins at `start`. */
export function skipQuoted(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) return i + 1;
  }
  throw new SipSyntaxError('a quoted string does not end');
}

/** The content of a quoted string, given with its quotes; quoted pairs resolved. */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

/** The text as a quoted string. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/**
 * Splits at `separator` where it stands outside quotes and angle brackets; parts are trimmed. A quoted string that
 * does not end takes the rest: whoever reads the part will refuse it.
 */
export function splitOutside(text: string, separator: ',' | ';'): string[] {
  if (!text.includes(separator)) return [trimBlanks(text)];
  if (!text.includes('"') && !text.includes('<')) return text.split(separator).map(trimBlanks);
  const mark = separator.charCodeAt(0);
  const parts: string[] = [];
  let start = 0;
  let bracketed = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22 && !bracketed) i = endOfQuoted(text, i) - 1;
    else if (c === 0x3c) bracketed = true;
    else if (c === 0x3e) bracketed = false;
    else if (c === mark && !bracketed) {
      parts.push(trimBlanks(text.slice(start, i)));
      start = i + 1;
    }
  }
  parts.push(trimBlanks(text.slice(start)));
  return parts;
}

function endOfQuoted(text: string, start: number): number {
  try {
    return skipQuoted(text, start);
  } catch {
    return text.length;
  }
}

/**
 * Header parameters (`;tag=1;lr;x="a b"`) from `start` on: the first `;` or the end. Empty ones (`;;`) are skipped, as
 * peers in the field end lines with a semicolon. The first of two with one name counts.
 */
export function parseParams(text: string, start = 0): Params {
  const plain = plainHeaderParams(text, start);
  if (plain !== undefined) return plain;
  const rest = trimBlanks(text.slice(start));
  if (rest === '') return NO_PARAMS;
  if (rest.charCodeAt(0) !== 0x3b) throw new SipSyntaxError('text stands where a parameter was expected');
  const params = new Map<string, string | null>();
  for (const part of splitOutside(rest.slice(1), ';')) {
    if (part === '') continue;
    const [name, value] = parseParam(part);
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

function parseParam(part: string): [string, string | null] {
  const equals = part.indexOf('=');
  const name = trimBlanks(equals < 0 ? part : part.slice(0, equals));
  if (!TOKEN.test(name)) throw new SipSyntaxError('a parameter name is not a token');
  if (equals < 0) return [name.toLowerCase(), null];
  const value = trimBlanks(part.slice(equals + 1));
  if (value.charCodeAt(0) !== 0x22) {
    if (/[\s"<>]/.test(value)) throw new SipSyntaxError('a parameter value is not a token');
    return [name.toLowerCase(), value];
  }
  if (skipQuoted(value, 0) !== value.length)
    throw new SipSyntaxError('text follows a quoted parameter value');
  return [name.toLowerCase(), unquote(value)];
}

/** Writes header parameters; values that are no token get quotes. */
export function formatParams(params: Params): string {
  let text = '';
  for (const [name, value] of params) {
    text += `;${name}`;
    if (value !== null) text += `=${BARE_VALUE.test(value) ? value : quote(value)}`;
  }
  return text;
}

/** A non-negative decimal number of at most `max`; `undefined` for anything else. Leading zeros are fine (RFC 4475 §3.1.1.1). */
export function parseDecimal(text: string, max: number): number | undefined {
  const short = plainNumber(text, 0, text.length);
  if (short < 0 && !/^\d{1,64}$/.test(text)) return undefined;
  const value = short < 0 ? Number(text) : short;
  return value <= max ? value : undefined;
}
