/**
 * `a=crypto` (RFC 4568 §9.1, RFC 6188 §4, RFC 7714 §14.2). What a stranger writes is either a line that we can do exactly as it says,
 * or no line at all: an unknown parameter could mean that something stays unencrypted (§6.3).
 */
import { Buffer } from 'node:buffer';
import type { CryptoLine, SrtpSuiteName } from './types.ts';

/** Master key and master salt together. */
export const KEY_AND_SALT_BYTES: Readonly<Record<SrtpSuiteName, number>> = {
  AES_CM_128_HMAC_SHA1_80: 30,
  AES_CM_128_HMAC_SHA1_32: 30,
  AES_256_CM_HMAC_SHA1_80: 46,
  AES_256_CM_HMAC_SHA1_32: 46,
  AEAD_AES_128_GCM: 28,
  AEAD_AES_256_GCM: 44,
};

const LINE =
  /^(\d{1,9})[ \t]+(\w{1,40})[ \t]+inline:([A-Za-z0-9+/]{36,64}={0,2})(\|\S{1,40})?((?:[ \t]+\S{1,40}){0,8})[ \t]*$/;
/** A lifetime (§6.1) is the peer's promise to bring a new key in time; we count no packets for it. A second key or an MKI is not for us. */
const LIFETIME = /^\|(?:2\^\d{1,2}|\d{1,15})$/;
/** §6.3.7: a wish about the replay window. The only parameter that may be ignored. */
const HARMLESS = /^WSH=\d{1,4}$/;

/** The value after `a=crypto:`; `undefined` if it is not a line that we can do. */
export function readCrypto(value: string): CryptoLine | undefined {
  const match = LINE.exec(value);
  if (match === null) return undefined;
  const [, tag, suite, inline, extra, parameters] = match;
  if (extra !== undefined && !LIFETIME.test(extra)) return undefined;
  if (!parameters!.split(/[ \t]+/).every((one) => one === '' || HARMLESS.test(one))) return undefined;
  if (!isSuite(suite!)) return undefined;
  // A copy of its own: a small buffer is a window into memory that others use.
  const keyAndSalt = Uint8Array.from(Buffer.from(inline!, 'base64'));
  if (keyAndSalt.length !== KEY_AND_SALT_BYTES[suite]) return undefined;
  return { tag: Number(tag), suite, keyAndSalt };
}

/** The value of our own line. It goes into SDP towards the one peer that it is for, and nowhere else. */
export function writeCrypto(line: CryptoLine): string {
  return `${line.tag} ${line.suite} inline:${Buffer.from(line.keyAndSalt).toString('base64')}`;
}

function isSuite(name: string): name is SrtpSuiteName {
  return Object.hasOwn(KEY_AND_SALT_BYTES, name);
}
