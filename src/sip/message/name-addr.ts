import { SipSyntaxError } from './errors.ts';
import { formatParams, isBlank, parseParams, quote, skipQuoted, trimBlanks, unquote } from './scan.ts';
import type { NameAddr } from './types.ts';
import { formatUri, parseUri } from './uri.ts';

/** What an unquoted display name may not hold. RFC 3261 allows tokens only; peers in the field write more. */
const BAD_DISPLAY = /[",;<>\\]/;

/** Reads a name-addr or addr-spec with its parameters (RFC 3261 §20.10). Throws `SipSyntaxError`. */
export function parseNameAddr(text: string): NameAddr {
  const trimmed = trimBlanks(text);
  if (trimmed.charCodeAt(0) === 0x3c) return parseBracketed(trimmed, 0, undefined);
  if (trimmed.charCodeAt(0) === 0x22) {
    const end = skipQuoted(trimmed, 0);
    let open = end;
    while (isBlank(trimmed.charCodeAt(open))) open++;
    if (trimmed.charCodeAt(open) !== 0x3c)
      throw new SipSyntaxError('a display name is not followed by a URI in brackets');
    return parseBracketed(trimmed, open, unquote(trimmed.slice(0, end)));
  }
  const open = trimmed.indexOf('<');
  if (open < 0) return parseAddrSpec(trimmed);
  const semicolon = trimmed.indexOf(';');
  // `sip:a@b;x="<y>"`: the bracket stands in a parameter.
  if (semicolon >= 0 && semicolon < open && /^[A-Za-z][A-Za-z0-9+.-]*:/.test(trimmed))
    return parseAddrSpec(trimmed);
  const displayName = trimBlanks(trimmed.slice(0, open));
  if (BAD_DISPLAY.test(displayName)) throw new SipSyntaxError('a display name must be quoted');
  return parseBracketed(trimmed, open, displayName === '' ? undefined : displayName);
}

/** `displayName` is undefined where none stands; an empty one in quotes is one. */
function parseBracketed(text: string, open: number, displayName: string | undefined): NameAddr {
  const close = text.indexOf('>', open);
  if (close < 0) throw new SipSyntaxError('a URI in brackets does not end');
  const uri = parseUri(text.slice(open + 1, close));
  const params = parseParams(text, close + 1);
  return displayName === undefined ? { uri, params } : { displayName, uri, params };
}

/** Without brackets, what follows a semicolon belongs to the header, and `,` and `?` may not stand in the URI (§20). */
function parseAddrSpec(text: string): NameAddr {
  const semicolon = text.indexOf(';');
  const addr = trimBlanks(semicolon < 0 ? text : text.slice(0, semicolon));
  if (/[,?]/.test(addr)) throw new SipSyntaxError('a URI with a comma or question mark needs brackets');
  return {
    uri: parseUri(addr),
    params: parseParams(text, semicolon < 0 ? text.length : semicolon),
  };
}

/** Writes a name-addr, always in brackets, the display name always quoted. */
export function formatNameAddr(value: NameAddr): string {
  const name =
    value.displayName === undefined || value.displayName === '' ? '' : `${quote(value.displayName)} `;
  return `${name}<${formatUri(value.uri)}>${formatParams(value.params)}`;
}
