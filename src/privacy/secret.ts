import { createHash } from 'node:crypto';
import { commonDigits, spellingsOf } from '../kernel/number-spellings.ts';
import { maskDigits, type PhoneNumber } from '../kernel/phone-number.ts';

export type SecretKind =
  | 'number'
  | 'account'
  | 'display-name'
  | 'host'
  | 'media-port'
  | 'user-agent'
  | 'call-id'
  | 'tag'
  | 'branch'
  | 'session-id'
  | 'session-text'
  | 'ice'
  /** SRTP master key and salt, base64 (RFC 4568). */
  | 'media-key'
  | 'ssrc'
  | 'cname';

/** Something of one leg that must not reach the other. */
export interface Secret {
  readonly kind: SecretKind;
  /** The value as text; of an SSRC its decimal digits. */
  readonly value: string;
}

/** Bytes to look for. */
export interface Needle {
  readonly secret: Secret;
  /** `text`; `sha-256`, `sha-1` or `md5` for a digest; `ssrc` for the four bytes of one. */
  readonly form: string;
  readonly bytes: Buffer;
  /** Letters compare without case; `bytes` are lower case then. */
  readonly foldCase: boolean;
  /** Must stand alone: no letter or digit next to it. For values that are too short to be unlikely by accident. */
  readonly wholeWord: boolean;
}

/** A row of digits to look for, whatever visual separators stand between them. */
export interface DigitNeedle {
  readonly secret: Secret;
  readonly digits: string;
}

/**
 * From here on a value cannot appear by accident in the sound of a call: six given bytes at one of 160 positions are
 * a matter of 160/2^48 per packet. Shorter ones are not looked for in RTP payloads, and only as whole words in text.
 */
export const UNLIKELY_LENGTH = 6;

/** Shorter values say nothing. */
const MIN_LENGTH = 2;

/** A party's real number as a secret. */
export function numberSecret(number: PhoneNumber): Secret {
  return { kind: 'number', value: number.reveal('leak-scan') };
}

/** What may be printed of a secret: its kind, and for a number its masked form. */
export function describeSecret(secret: Secret): string {
  return `${secret.kind} ${maskDigits(secret.value)}`;
}

/** Whether the text is a telephone number rather than an account name: RFC 3966 §3 with at least 7 digits. */
export function isNumber(text: string): boolean {
  return /^\+?[\d().\-\s/]+$/.test(text) && digitsOf(text).length >= 7;
}

export function digitNeedles(secrets: readonly Secret[]): DigitNeedle[] {
  return secrets.flatMap((secret) => {
    const digits = secret.kind === 'number' ? commonDigits(secret.value) : '';
    return digits.length >= UNLIKELY_LENGTH ? [{ secret, digits }] : [];
  });
}

export function needles(secrets: readonly Secret[]): Needle[] {
  return secrets.flatMap((secret) => [
    ...textNeedles(secret),
    ...digestNeedles(secret),
    ...ssrcNeedles(secret),
  ]);
}

function textNeedles(secret: Secret): Needle[] {
  const { kind, value } = secret;
  const long = kind === 'number' && digitsOf(value).length >= UNLIKELY_LENGTH;
  if (value.length < MIN_LENGTH || long) return [];
  const folded = value.toLowerCase();
  const ascii = /^[\x20-\x7e]*$/.test(value);
  // Case is folded byte by byte, which does nothing for letters beyond ASCII: those are looked for in three cases.
  const texts = ascii ? [folded] : [value, folded, value.toUpperCase()];
  const encodings = ascii ? (['utf8'] as const) : (['utf8', 'utf16le', 'utf16be'] as const);
  return texts.flatMap((text) =>
    encodings.map((encoding) => ({
      secret,
      form: 'text',
      bytes: encoding === 'utf16be' ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, encoding),
      foldCase: ascii,
      wholeWord: value.length < UNLIKELY_LENGTH || /^[\d.:]+$/.test(value),
    })),
  );
}

/** Digests of a number can be undone by trying all numbers, so they are as good as the number. */
function digestNeedles(secret: Secret): Needle[] {
  if (secret.kind !== 'number') return [];
  return spellingsOf(secret.value).flatMap((spelling) =>
    ['sha256', 'sha1', 'md5'].map((algorithm) => ({
      secret,
      form: algorithm === 'md5' ? 'md5' : algorithm.replace('sha', 'sha-'),
      bytes: createHash(algorithm).update(spelling).digest(),
      foldCase: false,
      wholeWord: false,
    })),
  );
}

/** As four bytes, where RTP and RTCP have an SSRC. */
function ssrcNeedles(secret: Secret): Needle[] {
  if (secret.kind !== 'ssrc') return [];
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(secret.value) >>> 0);
  return [{ secret, form: 'ssrc', bytes, foldCase: false, wholeWord: false }];
}

const digitsOf = (text: string): string => text.replace(/\D/g, '');
