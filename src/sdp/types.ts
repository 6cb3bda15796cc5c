/**
 * Offers and answers as plans (RFC 8866, RFC 3264). What a peer's SDP says is read into `RemoteAudio`, everything else
 * of it is forgotten; what we send is written from `LocalAudio` and from nothing else (ARCHITECTURE, privacy 5). This is
 * offer/answer for one audio stream; other streams are answered with port 0.
 */
export type CodecName = 'PCMU' | 'PCMA' | 'G722';
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** RTP profiles that carry telephone audio. With feedback (RFC 4585) they are answered in kind; we send none. */
export type AudioProtocol = 'RTP/AVP' | 'RTP/AVPF' | 'RTP/SAVP' | 'RTP/SAVPF';

export type SrtpSuiteName =
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_32'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AES_256_CM_HMAC_SHA1_32'
  | 'AEAD_AES_128_GCM'
  | 'AEAD_AES_256_GCM';

/** One `a=crypto` (RFC 4568). The key is secret. */
export interface CryptoLine {
  readonly tag: number;
  readonly suite: SrtpSuiteName;
  readonly keyAndSalt: Uint8Array;
}

/** One of the peer's codecs that we know, with the peer's payload type number. */
export interface CodecEntry {
  readonly name: CodecName;
  readonly payloadType: number;
}

/** What we keep of the peer's SDP. */
export interface RemoteAudio {
  readonly host: string;
  readonly port: number;
  /** In the peer's order of preference. */
  readonly codecs: readonly CodecEntry[];
  /** telephone-event/8000. */
  readonly telephoneEventPayloadType: number | undefined;
  /** As the peer wrote it (its point of view); `inactive` also for a 0.0.0.0 connection address (RFC 3264 §8.4: old hold). */
  readonly direction: Direction;
  readonly packetMs: number;
  /** `a=maxptime` (RFC 8866 §6.5), milliseconds. */
  readonly maxPacketMs: number | undefined;
  /** RTCP may come to the RTP port (RFC 5761). */
  readonly rtcpMux: boolean;
  readonly protocol: AudioProtocol;
  /** In the peer's order of preference; lines that we cannot do are left out. */
  readonly crypto: readonly CryptoLine[];
  /** `m=` lines besides the audio stream, in order, to be answered with port 0: media type, protocol, and whether it precedes the audio line. */
  readonly otherMedia: readonly {
    readonly type: string;
    readonly protocol: string;
    readonly formats: string;
    readonly index: number;
  }[];
  /** Position of the audio stream among the `m=` lines. */
  readonly index: number;
}

/** What our SDP is made from. `sessionId`/`version`: `o=` line; the version grows by one only when something changed. */
export interface LocalAudio {
  readonly host: string;
  readonly port: number;
  readonly sessionId: number;
  readonly version: number;
  readonly codecs: readonly CodecEntry[];
  readonly telephoneEventPayloadType: number | undefined;
  readonly direction: Direction;
  readonly packetMs: number;
  readonly rtcpMux: boolean;
  readonly protocol: AudioProtocol;
  /** With our own keys. */
  readonly crypto: readonly CryptoLine[];
}

/** True for RTP/SAVP and RTP/SAVPF. */
export const isSecure = (protocol: AudioProtocol): boolean => protocol.startsWith('RTP/SAVP');
