/**
 * Percent-escapes of SIP URIs (RFC 3261 §19.1.2). Bytes that are not UTF-8 become lone surrogates U+DC80–U+DCFF and
 * are written back as the same bytes, so that nothing of a peer's Contact is lost.
 */
import { SipSyntaxError } from './errors.ts';

const HEX = /^[0-9A-Fa-f]{2}/;

/** Resolves `%HH`. Throws on a `%` that no two hexadecimal digits follow. */
export function unescapeText(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return unescapeBytes(text);
  }
}

function unescapeBytes(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; ) {
    if (text[i] !== '%') {
      out += text[i++];
      continue;
    }
    let run = '';
    while (text[i] === '%') {
      const digits = HEX.exec(text.slice(i + 1, i + 3))?.[0];
      if (digits === undefined) throw new SipSyntaxError('a percent sign is not followed by two digits');
      run += `%${digits}`;
      i += 3;
    }
    out += decodeRun(run);
  }
  return out;
}

function decodeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run.replace(/%(..)/g, (_, digits: string) => {
      const byte = Number.parseInt(digits, 16);
      return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
    });
  }
}

/** Escapes every character for which `allowed` does not hold. */
export function escapeText(text: string, allowed: RegExp): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (allowed.test(character)) out += character;
    else if (code >= 0xdc80 && code <= 0xdcff) out += hex(code - 0xdc00);
    else out += [...Buffer.from(character)].map(hex).join('');
  }
  return out;
}

const hex = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
