import type { SrtpKey, SrtpSuite } from '../engine.ts';
import { buildRtp } from '../rtp-packet.ts';
import { SUITES } from './suites.ts';

/** A key that is different for every seed. */
export function testKey(seed: number, suite: SrtpSuite = 'AES_CM_128_HMAC_SHA1_80'): SrtpKey {
  const { keyBytes, saltBytes } = SUITES[suite];
  const keyAndSalt = Buffer.from(
    Array.from({ length: keyBytes + saltBytes }, (_, i) => (seed * 31 + i * 7) & 0xff),
  );
  return { suite, keyAndSalt };
}

export function rtpOf(
  sequence: number,
  ssrc = 0x1234_5678,
  payload: Uint8Array = Buffer.alloc(160, sequence),
): Buffer {
  return buildRtp({
    marker: false,
    payloadType: 8,
    sequence: sequence & 0xffff,
    timestamp: sequence * 160,
    ssrc,
    payload,
  });
}
