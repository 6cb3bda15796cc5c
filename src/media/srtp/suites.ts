import type { SrtpSuite } from '../engine.ts';

export interface SuiteParameters {
  readonly keyBytes: 16 | 32;
  readonly saltBytes: 12 | 14;
  /** Authentication tag of an SRTP packet and of an SRTCP packet. */
  readonly rtpTagBytes: number;
  readonly rtcpTagBytes: number;
  readonly aead: boolean;
}

/** RFC 4568 §6.2 (the tag of SRTCP is 80 bits in both, §6.2.2) RFC 6188 §4 and RFC 7714 §12. */
export const SUITES: Readonly<Record<SrtpSuite, SuiteParameters>> = {
  AES_CM_128_HMAC_SHA1_80: { keyBytes: 16, saltBytes: 14, rtpTagBytes: 10, rtcpTagBytes: 10, aead: false },
  AES_CM_128_HMAC_SHA1_32: { keyBytes: 16, saltBytes: 14, rtpTagBytes: 4, rtcpTagBytes: 10, aead: false },
  AES_256_CM_HMAC_SHA1_80: { keyBytes: 32, saltBytes: 14, rtpTagBytes: 10, rtcpTagBytes: 10, aead: false },
  AES_256_CM_HMAC_SHA1_32: { keyBytes: 32, saltBytes: 14, rtpTagBytes: 4, rtcpTagBytes: 10, aead: false },
  AEAD_AES_128_GCM: { keyBytes: 16, saltBytes: 12, rtpTagBytes: 16, rtcpTagBytes: 16, aead: true },
  AEAD_AES_256_GCM: { keyBytes: 32, saltBytes: 12, rtpTagBytes: 16, rtcpTagBytes: 16, aead: true },
};
