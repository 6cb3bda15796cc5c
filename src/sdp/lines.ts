import sdpTransform from 'sdp-transform';
import { readCrypto } from './crypto-attribute.ts';
import { SdpError } from './sdp-error.ts';
import type { CryptoLine, Direction } from './types.ts';

/** A browser's SDP has about 6 kB, a telephone's 400 bytes. */
const MAX_CHARACTERS = 32_768;
const MAX_LINES = 1_000;
const MAX_LINE = 1_024;
/** More streams than any device offers; each costs a line in our answer. */
const MAX_MEDIA = 16;

export interface RawConnection {
  readonly version: string;
  readonly address: string;
}

export interface RawMedia {
  readonly type: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly connection: RawConnection | undefined;
  readonly direction: Direction | undefined;
  readonly ptime: number | undefined;
  readonly maxptime: number | undefined;
  readonly rtcpMux: boolean;
  /** `a=crypto` lines that we can do. */
  readonly crypto: readonly CryptoLine[];
  /** `a=rtpmap`: payload type → `NAME/clock`, upper case. */
  readonly encodings: ReadonlyMap<number, string>;
}

export interface RawSession {
  readonly connection: RawConnection | undefined;
  readonly direction: Direction | undefined;
  readonly ptime: number | undefined;
  readonly media: readonly RawMedia[];
}

/** The only lines that reach the library: its other patterns cannot be made to work hard, and nothing else is kept. */
const WANTED = /^(?:[cm]=|a=(?:rtpmap:|ptime:|maxptime:|rtcp-mux|sendrecv|sendonly|recvonly|inactive))/;

/**
 * Text → typed lines. The library splits and matches; every value that it found is checked here, because its types
 * depend on the text (`20` becomes a number, `20.5` a string).
 *
 * @throws SdpError only.
 */
export function parseLines(text: string): RawSession {
  if (text.length > MAX_CHARACTERS) throw new SdpError('too-large', 'The SDP is too large.');
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.length > MAX_LINES) throw new SdpError('too-large', 'The SDP has too many lines.');
  // RFC 8866 §5: v= comes first. Leading blank lines are forgiven.
  if (lines.find((line) => line !== '')?.trimEnd() !== 'v=0') {
    throw new SdpError('malformed', 'The body does not begin with v=0.');
  }
  const wanted = lines.filter((line) => WANTED.test(line));
  const crypto = cryptoByMedia(lines);
  if (wanted.some((line) => line.length > MAX_LINE)) throw new SdpError('too-large', 'A line is too long.');
  const mediaLines = wanted.filter((line) => line.startsWith('m='));
  if (mediaLines.length > MAX_MEDIA) throw new SdpError('too-large', 'The SDP has too many streams.');
  const parsed = record(parseSafely(wanted.join('\r\n')));
  return {
    connection: readConnection(parsed.connection),
    direction: readDirection(parsed.direction),
    ptime: readPtime(parsed.ptime),
    media: list(parsed.media).map((one, index) => readMedia(record(one), crypto[index] ?? [])),
  };
}

const CRYPTO = 'a=crypto:';
/** More than anybody offers. */
const MAX_CRYPTO = 16;

/** The library drops parameters that decide whether we may use a line, so these are read here. */
function cryptoByMedia(lines: readonly string[]): readonly CryptoLine[][] {
  const found: CryptoLine[][] = [];
  for (const line of lines) {
    if (line.startsWith('m=')) found.push([]);
    const last = found.at(-1);
    if (last === undefined || last.length === MAX_CRYPTO || !line.startsWith(CRYPTO)) continue;
    const crypto = line.length > MAX_LINE ? undefined : readCrypto(line.slice(CRYPTO.length).trim());
    if (crypto !== undefined) last.push(crypto);
  }
  return found;
}

function parseSafely(text: string): unknown {
  try {
    return sdpTransform.parse(text);
  } catch {
    throw new SdpError('malformed', 'The SDP cannot be read.');
  }
}

/** A token of RFC 8866 §9, as far as media types, protocols and formats use it. */
const TOKEN = /^[A-Za-z0-9_.*+-]{1,32}$/;
const PROTOCOL = /^[A-Za-z0-9_.+-]{1,32}(?:\/[A-Za-z0-9_.+-]{1,32}){0,3}$/;

function readMedia(media: Readonly<Record<string, unknown>>, crypto: readonly CryptoLine[]): RawMedia {
  const type = String(media.type ?? '').toLowerCase();
  const protocol = String(media.protocol ?? '');
  const port = media.port;
  const formats = String(media.payloads ?? '')
    .split(' ')
    .filter((format) => TOKEN.test(format));
  const isPort = typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535;
  if (!isPort || !TOKEN.test(type) || !PROTOCOL.test(protocol)) {
    throw new SdpError('malformed', 'An m= line cannot be read.');
  }
  return {
    type,
    port,
    protocol,
    formats,
    connection: readConnection(media.connection),
    direction: readDirection(media.direction),
    ptime: readPtime(media.ptime),
    maxptime: readPtime(media.maxptime),
    rtcpMux: media.rtcpMux !== undefined,
    crypto,
    encodings: readEncodings(list(media.rtp)),
  };
}

function readEncodings(entries: readonly unknown[]): ReadonlyMap<number, string> {
  const encodings = new Map<number, string>();
  for (const entry of entries) {
    const { payload, codec, rate, encoding } = record(entry);
    if (typeof payload !== 'number' || encodings.has(payload)) continue;
    // RFC 3551 §6: one channel is the default and may be written out.
    const channels = encoding === undefined || encoding === 1 ? '' : `/${String(encoding)}`;
    encodings.set(payload, `${String(codec)}/${String(rate)}${channels}`.toUpperCase());
  }
  return encodings;
}

function readConnection(value: unknown): RawConnection | undefined {
  if (value === undefined) return undefined;
  const { version, ip } = record(value);
  return { version: String(version), address: String(ip) };
}

function readDirection(value: unknown): Direction | undefined {
  if (value === 'sendrecv' || value === 'sendonly' || value === 'recvonly' || value === 'inactive')
    return value;
  return undefined;
}

/** Milliseconds (RFC 8866 §6.4). What makes no sense for telephony counts as absent. */
function readPtime(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 10 && value <= 120
    ? value
    : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
