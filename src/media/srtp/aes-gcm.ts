/**
 * AES-GCM for SRTP (RFC 7714). Node has no object that could be used twice here, so this costs some microseconds more
 * per packet than counter mode does.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import type { SessionKeys } from './key-derivation.ts';

const TAG = 16;
const RTCP_ENCRYPTED = 0x8000_0000;

export class AesGcm {
  readonly #algorithm: 'aes-128-gcm' | 'aes-256-gcm';
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  readonly #iv = Buffer.alloc(12);

  constructor(keys: SessionKeys) {
    this.#algorithm = keys.cipherKey.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm';
    this.#key = createSecretKey(keys.cipherKey);
    this.#salt = keys.salt;
  }

  /** As `AesCmHmacSha1.protectRtp`. The header is the associated data (§9.2). */
  protectRtp(packet: Buffer, start: number, end: number, ssrc: number, index: number): number {
    return this.#seal(packet, start, end, packet.subarray(0, start), this.#ivOf(ssrc, index));
  }

  unprotectRtp(packet: Buffer, start: number, length: number, ssrc: number, index: number): number {
    const end = length - TAG;
    if (end < start) return -1;
    const iv = this.#ivOf(ssrc, index);
    return this.#open(packet, start, end, packet.subarray(0, start), iv) ? end : -1;
  }

  /** §9.3, §10.1: header and index word are associated data; the tag comes before the index word. */
  protectRtcp(packet: Buffer, end: number, ssrc: number, index: number): number {
    const word = (RTCP_ENCRYPTED | index) >>> 0;
    const sealed = this.#seal(packet, 8, end, rtcpAssociated(packet, 8, word), this.#ivOf(ssrc, index));
    return packet.writeUInt32BE(word, sealed);
  }

  unprotectRtcp(
    packet: Buffer,
    length: number,
    ssrc: number,
  ): { readonly end: number; readonly index: number } | undefined {
    const end = length - TAG - 4;
    if (end < 8) return undefined;
    const word = packet.readUInt32BE(length - 4);
    const index = word & 0x7fff_ffff;
    const encrypted = word >>> 31 === 1;
    // Unencrypted, all of the packet is associated data (§9.3) and nothing is left to decrypt.
    const start = encrypted ? 8 : end;
    const associated = rtcpAssociated(packet, start, word);
    return this.#open(packet, start, end, associated, this.#ivOf(ssrc, index)) ? { end, index } : undefined;
  }

  /** §8.1, §9.1: two zero bytes, SSRC, 48 bits of index, all of it ⊕ salt. */
  #ivOf(ssrc: number, index: number): Buffer {
    const iv = this.#iv.fill(0);
    iv.writeUInt32BE(ssrc, 2);
    iv.writeUIntBE(index, 6, 6);
    for (let i = 0; i < 12; i++) iv[i]! ^= this.#salt[i]!;
    return iv;
  }

  #seal(packet: Buffer, start: number, end: number, associated: Uint8Array, iv: Buffer): number {
    const cipher = createCipheriv(this.#algorithm, this.#key, iv, { authTagLength: TAG });
    cipher.setAAD(associated);
    packet.set(cipher.update(packet.subarray(start, end)), start);
    cipher.final();
    packet.set(cipher.getAuthTag(), end);
    return end + TAG;
  }

  #open(packet: Buffer, start: number, end: number, associated: Uint8Array, iv: Buffer): boolean {
    const decipher = createDecipheriv(this.#algorithm, this.#key, iv, { authTagLength: TAG });
    decipher.setAAD(associated);
    decipher.setAuthTag(packet.subarray(end, end + TAG));
    const plain = decipher.update(packet.subarray(start, end));
    try {
      decipher.final();
    } catch {
      return false; // not authentic
    }
    packet.set(plain, start);
    return true;
  }
}

function rtcpAssociated(packet: Buffer, length: number, word: number): Buffer {
  const associated = Buffer.allocUnsafe(length + 4);
  packet.copy(associated, 0, 0, length);
  associated.writeUInt32BE(word, length);
  return associated;
}
