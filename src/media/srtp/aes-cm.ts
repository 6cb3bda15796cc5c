/**
 * AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1). Node's `crypto` makes an object per message and direction
 * for either; that costs more than the cryptography. So the key stream comes from one AES-ECB object per key, which is
 * given the counter blocks, and HMAC (RFC 2104) is two one-shot hashes over buffers whose first block is the padded key.
 */
import { type Cipheriv, createCipheriv, hash } from 'node:crypto';
import type { SessionKeys } from './key-derivation.ts';

const BLOCK = 16;
/** Longer than any Ethernet frame carries. */
export const MAX_PACKET = 2048;
const SHA1_BLOCK = 64;

/** The key stream of one session key. */
class CounterMode {
  readonly #ecb: Cipheriv;
  readonly #salt: Buffer;
  readonly #counters = Buffer.alloc(MAX_PACKET);
  /** The first n blocks of `#counters`, made when first needed. */
  readonly #views: (Buffer | undefined)[] = [];

  constructor(key: Buffer, salt: Buffer) {
    this.#ecb = createCipheriv(key.length === 32 ? 'aes-256-ecb' : 'aes-128-ecb', key, null).setAutoPadding(
      false,
    );
    this.#salt = salt;
  }

  /** Encrypts or decrypts `packet[start, end)` in place. */
  xor(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): void {
    const blocks = Math.ceil((end - start) / BLOCK);
    if (blocks <= 0) return;
    this.#fill(blocks, ssrc, index);
    this.#views[blocks] ??= this.#counters.subarray(0, blocks * BLOCK);
    const keyStream = this.#ecb.update(this.#views[blocks]);
    for (let i = start; i < end; i++) packet[i]! ^= keyStream[i - start]!;
  }

  /** §4.1.1: IV = (salt · 2^16) ⊕ (SSRC · 2^64) ⊕ (index · 2^16), and the number of the block in the lowest 16 bits. */
  #fill(blocks: number, ssrc: number, index: number): void {
    const counters = this.#counters;
    const salt = this.#salt;
    const high = Math.floor(index / 0x1_0000);
    for (let i = 0; i < 14; i++) counters[i] = salt[i]!;
    counters[4]! ^= ssrc >>> 24;
    counters[5]! ^= ssrc >>> 16;
    counters[6]! ^= ssrc >>> 8;
    counters[7]! ^= ssrc;
    counters[8]! ^= high >>> 24;
    counters[9]! ^= high >>> 16;
    counters[10]! ^= high >>> 8;
    counters[11]! ^= high;
    counters[12]! ^= index >>> 8;
    counters[13]! ^= index;
    counters[14] = 0;
    counters[15] = 0;
    for (let block = 1; block < blocks; block++) {
      const at = block * BLOCK;
      for (let i = 0; i < 14; i++) counters[at + i] = counters[i]!;
      counters[at + 14] = block >>> 8;
      counters[at + 15] = block;
    }
  }
}

/** HMAC-SHA1 of one key. */
class Hmac {
  readonly #inner = Buffer.alloc(SHA1_BLOCK + MAX_PACKET + 4, 0x36);
  readonly #outer = Buffer.alloc(SHA1_BLOCK + 20, 0x5c);

  constructor(key: Buffer) {
    for (let i = 0; i < key.length; i++) {
      this.#inner[i]! ^= key[i]!;
      this.#outer[i]! ^= key[i]!;
    }
  }

  /** Over `packet[0, end)` and, when given, four more bytes. A string of 20 characters, one per byte: cheaper to make than a buffer. */
  digest(packet: Uint8Array, end: number, extra: number | undefined): string {
    const inner = this.#inner;
    let length = SHA1_BLOCK + end;
    for (let i = 0; i < end; i++) inner[SHA1_BLOCK + i] = packet[i]!;
    if (extra !== undefined) length = inner.writeUInt32BE(extra, length);
    this.#outer.write(hash('sha1', inner.subarray(0, length), 'binary'), SHA1_BLOCK, 'latin1');
    return hash('sha1', this.#outer, 'binary');
  }
}

/** Both together, for RTP or for RTCP, which differ in what follows the packet (§3.1, §3.4). */
export class AesCmHmacSha1 {
  readonly #cipher: CounterMode;
  readonly #hmac: Hmac;
  readonly #tagBytes: number;

  constructor(keys: SessionKeys, tagBytes: number) {
    this.#cipher = new CounterMode(keys.cipherKey, keys.salt);
    this.#hmac = new Hmac(keys.authKey);
    this.#tagBytes = tagBytes;
  }

  /** Encrypts `[start, end)` and writes the tag behind. Returns where the packet ends now. `packet` must have room. */
  protectRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): number {
    this.#cipher.xor(packet, start, end, ssrc, index);
    return this.#sign(packet, end, Math.floor(index / 0x1_0000));
  }

  /** Returns where the payload ends, decrypted in place; −1 and an untouched packet if it is not authentic. */
  unprotectRtp(packet: Uint8Array, start: number, length: number, ssrc: number, index: number): number {
    const end = length - this.#tagBytes;
    if (end < start || !this.#isSigned(packet, end, Math.floor(index / 0x1_0000))) return -1;
    this.#cipher.xor(packet, start, end, ssrc, index);
    return end;
  }

  /** `packet[0, end)` is a compound packet; the index with its E bit is written behind it, and the tag behind that (§3.4). */
  protectRtcp(packet: Buffer, end: number, ssrc: number, index: number): number {
    this.#cipher.xor(packet, 8, end, ssrc, index);
    return this.#sign(packet, packet.writeUInt32BE((0x8000_0000 | index) >>> 0, end), undefined);
  }

  unprotectRtcp(
    packet: Buffer,
    length: number,
    ssrc: number,
  ): { readonly end: number; readonly index: number } | undefined {
    const end = length - this.#tagBytes - 4;
    if (end < 8 || !this.#isSigned(packet, end + 4, undefined)) return undefined;
    const word = packet.readUInt32BE(end);
    const index = word & 0x7fff_ffff;
    if (word >>> 31 === 1) this.#cipher.xor(packet, 8, end, ssrc, index);
    return { end, index };
  }

  #sign(packet: Uint8Array, end: number, roc: number | undefined): number {
    const tag = this.#hmac.digest(packet, end, roc);
    for (let i = 0; i < this.#tagBytes; i++) packet[end + i] = tag.charCodeAt(i);
    return end + this.#tagBytes;
  }

  /** In constant time: every byte of the tag is compared. */
  #isSigned(packet: Uint8Array, end: number, roc: number | undefined): boolean {
    const tag = this.#hmac.digest(packet, end, roc);
    let difference = 0;
    for (let i = 0; i < this.#tagBytes; i++) difference |= packet[end + i]! ^ tag.charCodeAt(i);
    return difference === 0;
  }
}
