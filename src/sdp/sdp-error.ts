/** What can be wrong with a peer's SDP. */
export type SdpErrorCode =
  /** Larger than any telephone's SDP. */
  | 'too-large'
  /** Not SDP, or audio without a usable address (RFC 8866). */
  | 'malformed'
  /** No audio stream over RTP, or it was refused with port 0 (RFC 3264 §6). */
  | 'no-audio'
  /** Audio, but in no codec that we speak. */
  | 'no-common-codec'
  /** Plain RTP where we want SRTP, or the other way round, or no keys or suite that we can use (RFC 4568). */
  | 'no-common-security';

/** The only error of this folder that a peer can cause. The message never quotes the SDP, so that it may be logged. */
export class SdpError extends Error {
  override readonly name = 'SdpError';
  readonly code: SdpErrorCode;

  constructor(code: SdpErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
