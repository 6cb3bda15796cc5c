/** The global helpers for text and bytes. */
import { uuid } from './deterministic.ts';
import { zoneOffset } from './host-link.ts';
import { distance } from './nearest.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function utf8(text: string): number[] {
  const out: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    const point = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
    if (point < 0x80) out.push(point);
    else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else
      out.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 63),
        0x80 | ((point >> 6) & 63),
        0x80 | (point & 63),
      );
  }
  return out;
}

function fromUtf8(bytes: readonly number[]): string {
  const escaped = bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  try {
    return decodeURIComponent(escaped);
  } catch {
    throw new Error('bytes2str: the bytes are not UTF-8');
  }
}

const SINGLE_BYTE: Readonly<Record<string, number>> = {
  'us-ascii': 127,
  ascii: 127,
  'iso-8859-1': 255,
  latin1: 255,
};

export function str2bytes(data: string, encoding = 'utf-8'): number[] {
  const name = String(encoding).toLowerCase();
  if (name === 'utf-8' || name === 'utf8') return utf8(String(data));
  const max = singleByte(name, 'str2bytes');
  return [...String(data)].map((char) =>
    (char.codePointAt(0) as number) <= max ? (char.codePointAt(0) as number) : 63,
  );
}

export function bytes2str(data: readonly number[], encoding = 'utf-8'): string {
  const name = String(encoding).toLowerCase();
  if (name === 'utf-8' || name === 'utf8') return fromUtf8(data);
  singleByte(name, 'bytes2str');
  return data.map((byte) => String.fromCharCode(byte & 255)).join('');
}

function singleByte(name: string, where: string): number {
  const max = SINGLE_BYTE[name];
  if (max === undefined)
    throw new Error(`${where}: the encoding ${name} is not available; use utf-8, us-ascii or iso-8859-1`);
  return max;
}

export function base64_encode(data: string | readonly number[]): string {
  const bytes = typeof data === 'string' ? utf8(data) : data;
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i] as number, bytes[i + 1], bytes[i + 2]];
    const group = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    out += (ALPHABET[group >> 18] as string) + (ALPHABET[(group >> 12) & 63] as string);
    out += b === undefined ? '=' : ALPHABET[(group >> 6) & 63];
    out += c === undefined ? '=' : ALPHABET[group & 63];
  }
  return out;
}

export function base64_decode(data: string): number[] {
  const out: number[] = [];
  let [bits, held] = [0, 0];
  for (const char of String(data).replace(/-/g, '+').replace(/_/g, '/')) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) continue;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 255);
    }
  }
  return out;
}

export function bytes2hex(data: readonly number[], toUpperCase?: boolean): string {
  const hex = data.map((byte) => (byte & 255).toString(16).padStart(2, '0')).join('');
  return toUpperCase === true ? hex.toUpperCase() : hex;
}

export function hex2bytes(data: string): number[] {
  const pairs = String(data).match(/[0-9a-f]{2}/gi) ?? [];
  return pairs.map((pair) => Number.parseInt(pair, 16));
}

export const uuidgen = (): string => uuid();
export const levenshtein_distance = (str1: string, str2: string): number =>
  distance(String(str1), String(str2));

/** A date whose local fields (hours, minutes, …) are those of the zone; scripts read those. */
export function getLocalTime(timezone: string, date?: Date): Date {
  const instant = (date ?? new Date()).getTime();
  const minutes = zoneOffset(String(timezone), instant);
  if (Number.isNaN(minutes)) throw new Error(`getLocalTime: ${String(timezone)} is no IANA time zone`);
  return new Date(instant + minutes * 60_000);
}
