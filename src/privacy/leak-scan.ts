import {
  type DigitNeedle,
  describeSecret,
  digitNeedles,
  type Needle,
  needles,
  type Secret,
  type SecretKind,
  UNLIKELY_LENGTH,
} from './secret.ts';
import { plainView, type View, viewsOf } from './views.ts';

/** Something that went out: a SIP message, an RTP or RTCP packet, a log, a file name, a JSON document. */
export interface Outgoing {
  /** Where it went: `passenger`, `log`, `webhook`, … */
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** One occurrence of a secret. Does not hold the secret itself, so that a report may be printed. */
export interface Leak {
  readonly kind: SecretKind;
  /** Kind and masked value. */
  readonly secret: string;
  /** How it was written: `text`, `digits`, `sha-256`, `ssrc`, and the wrapping, as in `digits (base64)`. */
  readonly spelling: string;
  readonly to: string;
  /** Which of the packets to `to`, counted over all packets that were given. */
  readonly packet: number;
  /** Byte offset in that packet. */
  readonly offset: number;
}

/**
 * Every occurrence of one leg's secrets in what went to the other side (ARCHITECTURE, privacy 8). Pure.
 *
 * RTP is read as RTP: an SSRC is looked for where the header has SSRC, CSRC and extension words, and the payload only
 * for needles of six bytes and more, since shorter ones turn up in sound by accident (see `UNLIKELY_LENGTH`). Everything
 * else is read in all the ways of `views.ts`.
 */
export function scanForLeaks(input: {
  readonly secrets: readonly Secret[];
  readonly packets: Iterable<Outgoing>;
}): Leak[] {
  const secrets = unique(input.secrets);
  const wanted = needles(secrets);
  const digits = digitNeedles(secrets);
  const leaks: Leak[] = [];
  let packet = 0;
  for (const { to, bytes } of input.packets) {
    const seen = new Set<string>();
    const report: Report = (secret, form, view, at) => {
      const offset = view.offsets[at]!;
      const key = `${secret.kind} ${secret.value} ${offset}`;
      if (seen.has(key)) return;
      seen.add(key);
      const spelling = view.reading === '' ? form : `${form} (${view.reading})`;
      leaks.push({ kind: secret.kind, secret: describeSecret(secret), spelling, to, packet, offset });
    };
    scanPacket(bytes, wanted, digits, report);
    packet += 1;
  }
  return leaks;
}

/** A text as something that went out. */
export const outgoingText = (to: string, text: string): Outgoing => ({ to, bytes: Buffer.from(text) });

type Report = (secret: Secret, form: string, view: View, at: number) => void;

function scanPacket(
  bytes: Uint8Array,
  wanted: readonly Needle[],
  digits: readonly DigitNeedle[],
  report: Report,
): void {
  const kind = kindOf(bytes);
  const ssrcs = wanted.filter((needle) => needle.form === 'ssrc');
  const texts = wanted.filter((needle) => needle.form !== 'ssrc');
  if (kind === 'text') {
    for (const view of viewsOf(bytes)) {
      findTexts(view, texts, report);
      findDigits(view, digits, report);
    }
    return;
  }
  const long = texts.filter((needle) => needle.bytes.length >= UNLIKELY_LENGTH);
  const view = plainView(bytes);
  findTexts(view, long, report);
  findDigits(view, digits, report);
  // Bytes 4–7 of RTP are its timestamp, which may be any value.
  if (kind === 'rtp') findSsrcs(view, 8, headerLength(bytes), ssrcs, report);
  else findSsrcs(view, 4, bytes.length, ssrcs, report);
}

/** RTP and RTCP have version 2 in the first two bits, which no SIP, JSON or log text begins with (RFC 5761 §4). */
function kindOf(bytes: Uint8Array): 'text' | 'rtp' | 'rtcp' {
  if (bytes.length < 8 || bytes[0]! >> 6 !== 2) return 'text';
  return bytes[1]! >= 192 && bytes[1]! <= 223 ? 'rtcp' : 'rtp';
}

/** Fixed header, CSRC list and extension (RFC 3550 §5.1, §5.3.1). */
function headerLength(bytes: Uint8Array): number {
  let length = 12 + (bytes[0]! & 0x0f) * 4;
  if ((bytes[0]! & 0x10) !== 0)
    length += 4 + (((bytes[length + 2] ?? 0) << 8) | (bytes[length + 3] ?? 0)) * 4;
  return Math.min(length, bytes.length);
}

function findTexts(view: View, wanted: readonly Needle[], report: Report): void {
  let folded: Buffer | undefined;
  for (const needle of wanted) {
    if (needle.foldCase) folded ??= lowerCase(view.bytes);
    const hay = needle.foldCase ? folded! : view.bytes;
    for (let at = hay.indexOf(needle.bytes); at >= 0; at = hay.indexOf(needle.bytes, at + 1)) {
      if (needle.wholeWord && !standsAlone(hay, at, needle.bytes.length)) continue;
      report(needle.secret, needle.form, view, at);
    }
  }
}

function findSsrcs(view: View, start: number, end: number, wanted: readonly Needle[], report: Report): void {
  for (let at = start; at + 4 <= end; at += 4) {
    for (const needle of wanted) {
      if (view.bytes.compare(needle.bytes, 0, 4, at, at + 4) === 0) {
        report(needle.secret, needle.form, view, at);
      }
    }
  }
}

/** The most bytes that may stand between two digits: `) ` in UTF-16 and then some. */
const MAX_GAP = 8;

function findDigits(view: View, wanted: readonly DigitNeedle[], report: Report): void {
  if (wanted.length === 0) return;
  let digits = '';
  let positions: number[] = [];
  let gap = 0;
  const look = (): void => {
    for (const needle of wanted) {
      for (let at = digits.indexOf(needle.digits); at >= 0; at = digits.indexOf(needle.digits, at + 1)) {
        report(needle.secret, 'digits', view, positions[at]!);
      }
    }
    digits = '';
    positions = [];
  };
  for (let i = 0; i < view.bytes.length; i++) {
    const byte = view.bytes[i]!;
    if (byte >= 0x30 && byte <= 0x39) {
      digits += String.fromCharCode(byte);
      positions.push(i);
      gap = 0;
    } else if (SEPARATORS.has(byte) && gap < MAX_GAP) {
      gap += 1;
    } else {
      if (digits.length >= UNLIKELY_LENGTH) look();
      digits = '';
      positions = [];
      gap = 0;
    }
  }
  look();
}

/** RFC 3966 §3, what people write besides, NUL (UTF-16), and the bytes of no-break space and the long hyphens. */
const SEPARATORS = new Set([
  ...Buffer.from(' \t().-/_~*|'),
  0x00,
  ...Buffer.from('\u00a0\u2010\u2011\u2012\u2013\u2014\u2009\u202f\u200b'),
]);

function lowerCase(bytes: Buffer): Buffer {
  const lower = Buffer.from(bytes);
  for (let i = 0; i < lower.length; i++) if (lower[i]! >= 0x41 && lower[i]! <= 0x5a) lower[i]! |= 0x20;
  return lower;
}

function standsAlone(hay: Buffer, at: number, length: number): boolean {
  return !isWordByte(hay[at - 1]) && !isWordByte(hay[at + length]);
}

function isWordByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const letter = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x7a) || byte >= 0x80;
}

function unique(secrets: readonly Secret[]): Secret[] {
  return [...new Map(secrets.map((secret) => [`${secret.kind} ${secret.value}`, secret])).values()];
}
