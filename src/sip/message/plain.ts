/**
 * Quick readers of the plain forms in which nearly all URIs and parameters are written: one pass over the characters, no
 * pattern, no piece cut out that nobody keeps. Each gives `undefined` for whatever is not plain (escapes, quotes, blanks,
 * IPv6, faults); the full readers then decide, so that nothing is accepted or refused here alone.
 */
import { NO_PARAMS, type Params } from './params.ts';

const TOKEN_CHAR = 1;
const HOST_CHAR = 2;
/** Of a URI; without `%` and `?`, which mean something. */
const URI_CHAR = 4;
/** Of a parameter's value that stands without quotes. */
const VALUE_CHAR = 8;

const CLASS = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) {
  const char = String.fromCharCode(code);
  let bits = 0;
  if (/[A-Za-z0-9\-.!%*_+`'~]/.test(char)) bits |= TOKEN_CHAR;
  if (/[A-Za-z0-9._-]/.test(char)) bits |= HOST_CHAR;
  if (!/["<>%?]/.test(char)) bits |= URI_CHAR;
  if (!/["<>]/.test(char)) bits |= VALUE_CHAR;
  CLASS[code] = bits;
}

const is = (code: number, bit: number): boolean => code < 256 && (CLASS[code]! & bit) !== 0;

/** Whether the text is a `token` of RFC 3261 §25.1. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!is(text.charCodeAt(i), TOKEN_CHAR)) return false;
  return text !== '';
}

/** `;name=value;flag` from `start` to the end of the text, as header parameters are written. */
export const plainHeaderParams = (text: string, start: number): Params | undefined =>
  plainParams(text, start, TOKEN_CHAR, VALUE_CHAR);

/** The same for URI parameters. */
export const plainUriParams = (text: string, start: number): Params | undefined =>
  plainParams(text, start, URI_CHAR, URI_CHAR);

function plainParams(text: string, start: number, nameBit: number, valueBit: number): Params | undefined {
  if (start === text.length) return NO_PARAMS;
  const params = new Map<string, string | null>();
  for (let at = start; at < text.length; ) {
    if (text.charCodeAt(at) !== 0x3b) return undefined;
    const nameEnd = runEnd(text, at + 1, nameBit, true);
    const name = text.slice(at + 1, nameEnd);
    let value: string | null = null;
    at = nameEnd;
    if (text.charCodeAt(nameEnd) === 0x3d) {
      if (name === '') return undefined;
      at = runEnd(text, nameEnd + 1, valueBit, false);
      value = text.slice(nameEnd + 1, at);
    }
    const key = lowerCase(name);
    if (name !== '' && !params.has(key)) params.set(key, value);
  }
  return params;
}

/** Index of the first character that is a semicolon (or `=`, if asked) or not of the class. */
function runEnd(text: string, start: number, bit: number, stopAtEquals: boolean): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x3b || (stopAtEquals && code === 0x3d) || !is(code, bit)) break;
  }
  return at;
}

/** Index behind a host name that begins at `start`, or -1 when there is none. */
export function plainHostEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === 0x2d || first === 0x2e) return -1;
  let at = start;
  while (at < text.length && is(text.charCodeAt(at), HOST_CHAR)) at++;
  return at === start ? -1 : at;
}

/** Whether all from `start` to `end` may stand in a user name that has no password behind it. */
export function isPlainUser(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x3a || !is(code, URI_CHAR)) return false;
  }
  return end > start;
}

/** The number of at most nine digits between the two indexes, or -1. */
export function plainNumber(text: string, start: number, end: number): number {
  if (end <= start || end - start > 9) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Like `toLowerCase`, which always makes a new string. */
export function lowerCase(text: string): string {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code >= 0x41 && code <= 0x5a) || code > 0x7f) return text.toLowerCase();
  }
  return text;
}
