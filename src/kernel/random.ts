import { randomBytes, randomFillSync, randomInt } from 'node:crypto';

/** Dice, handed in: tags, branches, SSRCs, ports and keys in production; a seed in tests. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array;
  /** An integer in [0, below). `below` is at most 2^32. */
  int(below: number): number;
  /** A lower-case hexadecimal token of `bytes` bytes, safe in every SIP token and file name. */
  token(bytes: number): string;
  /** An RFC 9562 version 4 UUID. */
  uuid(): string;
}

/** Builds a `Random` on any byte source; tests pass a seeded one. */
export function randomFrom(bytes: (length: number) => Uint8Array, int: (below: number) => number): Random {
  const token = (length: number): string => Buffer.from(bytes(length)).toString('hex');
  return {
    bytes,
    int,
    token,
    uuid: () => {
      const raw = bytes(16).slice();
      raw[6] = (raw[6]! & 0x0f) | 0x40;
      raw[8] = (raw[8]! & 0x3f) | 0x80;
      const hex = Buffer.from(raw).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  };
}

/** Bytes fetched at once; asking for a few costs as much as asking for all of these. */
const POOL_BYTES = 4096;
const MAX_POOLED = 64;
const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** Each byte is given out once, and nothing that was given out stays here. */
function pooledBytes(length: number): Uint8Array {
  if (length > MAX_POOLED) return randomBytes(length);
  if (used + length > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + length);
  pool.fill(0, used, used + length);
  used += length;
  return bytes;
}

/** The operating system's generator. */
export const systemRandom: Random = randomFrom(pooledBytes, (below) => randomInt(below));
