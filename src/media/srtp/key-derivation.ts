/**
 * Session keys from a master key (RFC 3711 §4.3), once per key: the key derivation rate is zero, as everybody's.
 */
import { createCipheriv } from 'node:crypto';
import type { SrtpKey } from '../engine.ts';
import { SUITES } from './suites.ts';

export interface SessionKeys {
  readonly cipherKey: Buffer;
  readonly salt: Buffer;
  /** Empty where the cipher authenticates by itself. */
  readonly authKey: Buffer;
}

/** RFC 3711 §4.3.2: encryption, authentication, salt; plus 3 for SRTCP. */
const ENCRYPTION = 0;
const AUTHENTICATION = 1;
const SALT = 2;
const RTCP_LABELS = 3;
const HMAC_SHA1_KEY = 20;

/** @throws RangeError when key and salt are not as long as the suite wants. */
export function deriveSessionKeys(master: SrtpKey, kind: 'rtp' | 'rtcp'): SessionKeys {
  const { keyBytes, saltBytes, aead } = SUITES[master.suite];
  if (master.keyAndSalt.length !== keyBytes + saltBytes)
    throw new RangeError(`${master.suite} needs ${keyBytes + saltBytes} bytes of key and salt`);
  const key = master.keyAndSalt.subarray(0, keyBytes);
  const salt = master.keyAndSalt.subarray(keyBytes);
  const first = kind === 'rtp' ? 0 : RTCP_LABELS;
  return {
    cipherKey: derive(key, salt, first + ENCRYPTION, keyBytes),
    authKey: aead ? Buffer.alloc(0) : derive(key, salt, first + AUTHENTICATION, HMAC_SHA1_KEY),
    salt: derive(key, salt, first + SALT, saltBytes),
  };
}

/** §4.3.3: AES in counter mode over (label · 2^48) ⊕ salt, shifted by 16 bits; a salt of 96 bits ends in zeros (RFC 7714 §11). */
function derive(key: Uint8Array, salt: Uint8Array, label: number, length: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.set(salt);
  iv[7]! ^= label;
  return createCipheriv(key.length === 32 ? 'aes-256-ctr' : 'aes-128-ctr', key, iv).update(
    Buffer.alloc(length),
  );
}
