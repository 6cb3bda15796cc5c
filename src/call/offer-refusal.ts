import type { ErrorCode } from '../kernel/errors.ts';
import { negotiateAnswer } from '../sdp/negotiate.ts';
import { readSdp } from '../sdp/read.ts';
import { SdpError } from '../sdp/sdp-error.ts';
import { answerSecurity } from '../sdp/security.ts';
import type { MediaPolicy } from '../sip/user-agent/types.ts';
import { errorOfSdp } from './hangup-cause.ts';

/**
 * Why no answer to a caller's offer is possible, whoever would be called: no codec, no way to secure the audio in common,
 * or no SDP at all. Asked before anybody is (RFC 3261 §13.3.1.3, RFC 3264 §6). A late offer is ours to make.
 */
export function offerRefusal(offer: string | undefined, policy: MediaPolicy): ErrorCode | undefined {
  if (offer === undefined) return undefined;
  try {
    const remote = readSdp(offer);
    negotiateAnswer(remote, policy.codecs);
    answerSecurity(remote, policy.srtp, () => new Uint8Array());
    return undefined;
  } catch (error) {
    if (error instanceof SdpError) return errorOfSdp(error);
    throw error;
  }
}
