/** How people and programs write one telephone number, and whether a text has it in any of these ways. */
import { createHash } from 'node:crypto';
import { parsePhoneNumberFromString } from 'libphonenumber-js';

/** Shorter rows of digits turn up by accident, in order numbers and times. */
const UNLIKELY_LENGTH = 6;
/** From so many digits on, a number is looked for inside longer words, too: shorter ones turn up in random ids. */
const LONG = 9;
/** Wrapped this deep: base64 of escaped text. */
const DEPTH = 2;

/** RFC 3966 §3, and what people write besides; a few of them in a row at most. */
const GAP = '[\\s().\\-/_~*|\\u00a0\\u2010-\\u2014\\u2009\\u202f\\u200b]{0,4}';

/** Whether a text has the number. */
export type Mentions = (text: string) => boolean;

/**
 * The digits that every spelling of the number has in common: those after country code and trunk prefix. A number
 * that is not E.164 is looked for as a whole.
 */
export function commonDigits(number: string): string {
  const digits = digitsOf(number);
  const national = parsePhoneNumberFromString(`+${digits}`)?.nationalNumber;
  return national !== undefined && national.length >= UNLIKELY_LENGTH ? national : digits;
}

/** Texts of which a digest may have been made. */
export function spellingsOf(number: string): string[] {
  const digits = digitsOf(number);
  const parsed = parsePhoneNumberFromString(`+${digits}`);
  const national = parsed === undefined ? [] : [parsed.nationalNumber, digitsOf(parsed.formatNational())];
  return [...new Set([number, digits, `+${digits}`, `00${digits}`, `tel:+${digits}`, ...national])];
}

/**
 * Looks for a number in texts: with and without its country code, with separators, in digits of other scripts, escaped, in
 * base64, hex or UTF-16, and as a plain digest (MD5, SHA-1, SHA-256), which can be undone by trying all numbers. What was
 * encrypted, or hashed with a secret, cannot be found.
 *
 * Digits without the country code count where they stand by themselves, and not as a part of a longer row.
 *
 * @param number E.164.
 */
export function mentionsOf(number: string): Mentions {
  const spelled = new RegExp(patterns(number).join('|'), 'u');
  const digests = new Set(
    spellingsOf(number).flatMap((spelling) =>
      ['md5', 'sha1', 'sha256'].map((algorithm) => createHash(algorithm).update(spelling).digest('hex')),
    ),
  );
  const look = (text: string, depth: number): boolean => {
    const plain = inAsciiDigits(text);
    if (spelled.test(plain) || hasDigest(plain, digests)) return true;
    return depth > 0 && readings(plain).some((reading) => look(reading, depth - 1));
  };
  return (text) => look(text, DEPTH);
}

function patterns(number: string): readonly string[] {
  const digits = digitsOf(number);
  const parsed = parsePhoneNumberFromString(`+${digits}`);
  const whole = digits.length >= LONG ? spaced(digits) : alone(digits);
  if (parsed === undefined) return [whole];
  const written = digitsOf(parsed.formatNational());
  const nationals = new Set<string>([parsed.nationalNumber, written]);
  return [whole, ...[...nationals].filter(({ length }) => length >= UNLIKELY_LENGTH).map(alone)];
}

const spaced = (digits: string): string => [...digits].join(GAP);

/** Short ones also stand apart from letters: a random id in hex has seven given digits now and then. */
function alone(digits: string): string {
  const neighbour = digits.length >= LONG ? '\\d' : '\\da-zA-Z';
  return `(?<![${neighbour}])${spaced(digits)}(?![${neighbour}])`;
}

const HEX_DIGEST = /(?<![\da-f])(?:[\da-f]{32}|[\da-f]{40}|[\da-f]{64})(?![\da-f])/gi;
const BASE64_DIGEST = /(?<![\w+/-])(?:[\w+/-]{22}|[\w+/-]{27}|[\w+/-]{43})(?![\w+/-])/g;

function hasDigest(text: string, digests: ReadonlySet<string>): boolean {
  return (
    (text.match(HEX_DIGEST) ?? []).some((found) => digests.has(found.toLowerCase())) ||
    (text.match(BASE64_DIGEST) ?? []).some((found) => digests.has(bytesOf(found).toString('hex')))
  );
}

const ESCAPE = /\\u([\da-f]{4})|[%=]([\da-f]{2})/gi;
const BASE64_RUN = /[\w+/-]{8,}/g;
const HEX_RUN = /[\da-f]{12,}/gi;

/** The same text, with one wrapping undone; those readings only that differ. */
function readings(text: string): string[] {
  const unescaped = text.replace(ESCAPE, (_, unicode: string | undefined, byte: string | undefined) =>
    String.fromCharCode(Number.parseInt(unicode ?? byte ?? '0', 16)),
  );
  const found = [unescaped, text.replaceAll('\0', '')].filter((reading) => reading !== text);
  const base64 = text.match(BASE64_RUN) ?? [];
  // A run may begin with letters that are none of it: each of the four ways to cut it is read.
  for (let skip = 0; skip < 4 && base64.length > 0; skip++)
    found.push(base64.map((run) => bytesOf(run.slice(skip)).toString()).join('\n'));
  const hex = text.match(HEX_RUN) ?? [];
  for (let skip = 0; skip < 2 && hex.length > 0; skip++)
    found.push(hex.map((run) => Buffer.from(run.slice(skip), 'hex').toString()).join('\n'));
  return found;
}

/** Base64 and base64url alike. */
const bytesOf = (run: string): Buffer => Buffer.from(run, 'base64');

/** First digits of scripts in which numbers are written: Arabic, Persian, Devanagari, Bengali, full width. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6, 0xff10];

function inAsciiDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\uff10-\uff19]/g, (digit) => {
    const code = digit.charCodeAt(0);
    return String(code - (ZEROS.findLast((zero) => zero <= code) ?? code));
  });
}

const digitsOf = (text: string): string => text.replace(/\D/g, '');
