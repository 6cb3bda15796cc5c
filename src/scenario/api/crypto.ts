/** `Crypto`: hashes as lower-case hex. Texts are UTF-8, arrays are bytes or texts that are joined. */
import type { ApiPart } from './part.ts';
import { bytes2hex, str2bytes } from './text-tools.ts';

function bytesOf(data: unknown, where: string): number[] {
  if (typeof data === 'string') return str2bytes(data);
  if (Array.isArray(data) && data.every((one) => Number.isInteger(one) && one >= 0 && one <= 255))
    return data as number[];
  if (Array.isArray(data) && data.every((one) => typeof one === 'string')) return str2bytes(data.join(''));
  if (typeof data === 'number' || typeof data === 'boolean') return str2bytes(String(data));
  throw new TypeError(`Crypto.${where} needs a text`);
}

const rotateLeft = (x: number, n: number): number => (x << n) | (x >>> (32 - n));
const rotateRight = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

/** RFC 1321 §3.1, RFC 6234 §4.1: a one, zeros, and the length in bits; in words of 32 bits. */
function padded(bytes: readonly number[], littleEndian: boolean): Int32Array {
  const words = new Int32Array((((bytes.length + 8) >> 6) + 1) * 16);
  const put = (byte: number, at: number): void => {
    const shift = 8 * (littleEndian ? at & 3 : 3 - (at & 3));
    words[at >> 2] = (words[at >> 2] as number) | (byte << shift);
  };
  for (let at = 0; at < bytes.length; at++) put(bytes[at] as number, at);
  put(0x80, bytes.length);
  const [low, high] = [bytes.length << 3, Math.floor(bytes.length / 0x20000000)];
  words[words.length - 2] = littleEndian ? low : high;
  words[words.length - 1] = littleEndian ? high : low;
  return words;
}

function hexOf(words: readonly number[], littleEndian: boolean): string {
  return bytes2hex(bytesIn(words, littleEndian));
}

function bytesIn(words: readonly number[], littleEndian: boolean): number[] {
  return words.flatMap((word) => [0, 1, 2, 3].map((i) => (word >>> (8 * (littleEndian ? i : 3 - i))) & 255));
}

const MD5_SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const MD5_SINES = Array.from(
  { length: 64 },
  (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 0x100000000) | 0,
);

/** RFC 1321 §3.4. */
function md5Words(bytes: readonly number[]): number[] {
  const words = padded(bytes, true);
  const state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  for (let block = 0; block < words.length; block += 16) {
    let [a, b, c, d] = state as [number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed =
        round === 0
          ? (b & c) | (~b & d)
          : round === 1
            ? (d & b) | (~d & c)
            : round === 2
              ? b ^ c ^ d
              : c ^ (b | ~d);
      const at = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] as number;
      const sum = (a + mixed + (MD5_SINES[i] as number) + (words[block + (at & 15)] as number)) | 0;
      [a, d, c, b] = [d, c, b, (b + rotateLeft(sum, MD5_SHIFTS[4 * round + (i & 3)] as number)) | 0];
    }
    [a, b, c, d].forEach((word, i) => {
      state[i] = ((state[i] as number) + word) | 0;
    });
  }
  return state;
}

/** RFC 3174 §6.1. */
function sha1Words(bytes: readonly number[]): number[] {
  const words = padded(bytes, false);
  const state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0];
  const w = new Int32Array(80);
  for (let block = 0; block < words.length; block += 16) {
    let [a, b, c, d, e] = state as [number, number, number, number, number];
    for (let t = 0; t < 80; t++) {
      const older = (back: number): number => w[t - back] as number;
      w[t] =
        t < 16 ? (words[block + t] as number) : rotateLeft(older(3) ^ older(8) ^ older(14) ^ older(16), 1);
      const [mixed, k] =
        t < 20
          ? [(b & c) | (~b & d), 0x5a827999]
          : t < 40
            ? [b ^ c ^ d, 0x6ed9eba1]
            : t < 60
              ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
              : [b ^ c ^ d, 0xca62c1d6];
      const sum = (rotateLeft(a, 5) + mixed + e + k + (w[t] as number)) | 0;
      [e, d, c, b, a] = [d, c, rotateLeft(b, 30), a, sum];
    }
    [a, b, c, d, e].forEach((word, i) => {
      state[i] = ((state[i] as number) + word) | 0;
    });
  }
  return state;
}

/** RFC 6234 §5.1: the first 32 bits of the fractions of roots of the first primes. */
const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter((n) => {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return n > 1;
});
const fraction = (x: number): number => ((x - Math.floor(x)) * 0x100000000) | 0;
const SHA256_K = PRIMES.slice(0, 64).map((prime) => fraction(Math.cbrt(prime)));
const SHA256_START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** RFC 6234 §6.2. */
function sha256Words(bytes: readonly number[]): number[] {
  const words = padded(bytes, false);
  const state = [...SHA256_START];
  const w = new Int32Array(64);
  for (let block = 0; block < words.length; block += 16) {
    for (let t = 0; t < 64; t++) w[t] = t < 16 ? (words[block + t] as number) : scheduled(w, t);
    let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
    for (let t = 0; t < 64; t++) {
      const big1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
      const t1 = (h + big1 + ((e & f) ^ (~e & g)) + (SHA256_K[t] as number) + (w[t] as number)) | 0;
      const big0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
      const t2 = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      state[i] = ((state[i] as number) + word) | 0;
    });
  }
  return state;
}

function scheduled(w: Int32Array, t: number): number {
  const [x, y] = [w[t - 15] as number, w[t - 2] as number];
  const small0 = rotateRight(x, 7) ^ rotateRight(x, 18) ^ (x >>> 3);
  const small1 = rotateRight(y, 17) ^ rotateRight(y, 19) ^ (y >>> 10);
  return ((w[t - 16] as number) + small0 + (w[t - 7] as number) + small1) | 0;
}

/** RFC 2104 §2. */
function hmacSha256(key: unknown, data: unknown): string {
  const given = bytesOf(key, 'hmac_sha256');
  const bytes = given.length > 64 ? bytesIn(sha256Words(given), false) : given;
  const pad = (mask: number): number[] => Array.from({ length: 64 }, (_, i) => (bytes[i] ?? 0) ^ mask);
  const inner = sha256Words([...pad(0x36), ...bytesOf(data, 'hmac_sha256')]);
  return hexOf(sha256Words([...pad(0x5c), ...bytesIn(inner, false)]), false);
}

export const crypto: ApiPart = {
  globals: {
    Crypto: {
      md5: (data: unknown) => hexOf(md5Words(bytesOf(data, 'md5')), true),
      sha1: (data: unknown) => hexOf(sha1Words(bytesOf(data, 'sha1')), false),
      sha256: (data: unknown) => hexOf(sha256Words(bytesOf(data, 'sha256')), false),
      hmac_sha256: hmacSha256,
    },
  },
};
