import { describe, expect, it } from 'vitest';
import { AesCmHmacSha1 } from './aes-cm.ts';
import { AesGcm } from './aes-gcm.ts';
import { deriveSessionKeys } from './key-derivation.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const GALLIA = 'Gallia est omnis divisa in partes tres';
const GCM_SALT = hex('517569642070726f2071756f');

/** The payload of one packet of zeros, encrypted: the key stream. */
function keyStream(key: Buffer, salt: Buffer, bytes: number): string {
  const cipher = new AesCmHmacSha1({ cipherKey: key, salt, authKey: Buffer.alloc(20) }, 10);
  const packet = Buffer.alloc(bytes + 10);
  cipher.protectRtp(packet, 0, bytes, 0, 0);
  return packet.toString('hex', 0, bytes);
}

describe('the vectors of the standards', () => {
  it('[RFC 3711 §4.1.1] AES-CM key stream of appendix B.2', () => {
    const stream = keyStream(
      hex('2b7e151628aed2a6abf7158809cf4f3c'),
      hex('f0f1f2f3f4f5f6f7f8f9fafbfcfd'),
      48,
    );
    expect(stream).toBe(
      'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0',
    );
  });

  it('[RFC 3711 §4.3] session keys of appendix B.3', () => {
    const keyAndSalt = hex('e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6');
    const keys = deriveSessionKeys({ suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt }, 'rtp');
    expect(keys.cipherKey.toString('hex')).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(keys.salt.toString('hex')).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(keys.authKey.toString('hex')).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  it('[RFC 6188 §7.1] key stream with 256 bits', () => {
    const key = hex('57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98');
    expect(keyStream(key, hex('f0f1f2f3f4f5f6f7f8f9fafbfcfd'), 48)).toBe(
      '92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac63c4868b7096d88421b563b8c94c9a31',
    );
  });

  it('[RFC 6188 §7.2] session keys with 256 bits', () => {
    const keyAndSalt = hex(
      'f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2',
    );
    const keys = deriveSessionKeys({ suite: 'AES_256_CM_HMAC_SHA1_80', keyAndSalt }, 'rtp');
    expect(keys.cipherKey.toString('hex')).toBe(
      '5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4',
    );
    expect(keys.salt.toString('hex')).toBe('fa31791685ca444a9e07c6c64e93');
    expect(keys.authKey.toString('hex')).toBe('fd9c32d39ed5fbb5a9dc96b30818454d1313dc05');
  });

  it('[RFC 3711 §3.1] a whole packet with its tag, as other implementations make it', () => {
    const keyAndSalt = hex('e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6');
    const keys = deriveSessionKeys({ suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt }, 'rtp');
    const packet = Buffer.concat([hex('800f1234decafbadcafebabe'), Buffer.alloc(16, 0xab), Buffer.alloc(10)]);
    expect(new AesCmHmacSha1(keys, 10).protectRtp(packet, 12, 28, 0xcafe_babe, 0x1234)).toBe(38);
    expect(packet.toString('hex')).toBe(
      '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb',
    );
  });

  it('[RFC 3711 §3.4] a whole SRTCP packet, as other implementations make it', () => {
    const keyAndSalt = hex('e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6');
    const keys = deriveSessionKeys({ suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt }, 'rtcp');
    const packet = Buffer.concat([hex('81c8000bcafebabe'), Buffer.alloc(16, 0xab), Buffer.alloc(14)]);
    expect(new AesCmHmacSha1(keys, 10).protectRtcp(packet, 24, 0xcafe_babe, 1)).toBe(38);
    expect(packet.toString('hex')).toBe(
      '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798',
    );
  });

  it.each([
    [
      '128',
      16,
      'f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce',
    ],
    [
      '256',
      32,
      '32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13',
    ],
  ] as const)('[RFC 7714 §16.1] AEAD_AES_%s_GCM', (_name, keyBytes, sealed) => {
    const cipherKey = Buffer.from(Array.from({ length: keyBytes }, (_, i) => i));
    const cipher = new AesGcm({ cipherKey, salt: GCM_SALT, authKey: Buffer.alloc(0) });
    const header = hex('8040f17b8041f8d35501a0b2');
    const packet = Buffer.concat([header, Buffer.from(GALLIA), Buffer.alloc(16)]);
    const end = cipher.protectRtp(packet, 12, 50, 0x5501_a0b2, 0xf17b);
    expect([end, packet.toString('hex', 12)]).toEqual([66, sealed]);
    expect(cipher.unprotectRtp(packet, 12, end, 0x5501_a0b2, 0xf17b)).toBe(50);
    expect(packet.toString('utf8', 12, 50)).toBe(GALLIA);
  });
});
