import { ERRORS, type ErrorCode, MasklineError } from '../kernel/errors.ts';
import { SdpError } from '../sdp/sdp-error.ts';
import type { SessionEnd } from '../sip/dialog/types.ts';
import type { CallEnd } from './types.ts';

/** Our own words for a final status: a peer's reason phrase never crosses (ARCHITECTURE, privacy 4). */
const WORDS: Readonly<Record<number, string>> = {
  200: 'Normal call clearing',
  400: 'Bad request',
  401: 'Authentication refused',
  402: 'Payment required',
  403: 'Forbidden',
  404: 'No such number',
  407: 'Authentication refused',
  408: 'No answer',
  410: 'The number is no longer in use',
  415: 'Media not supported',
  423: 'Interval too brief',
  480: 'Not available',
  481: 'The peer no longer knows the call',
  482: 'Loop detected',
  483: 'Too many hops',
  484: 'The number is incomplete',
  485: 'Ambiguous number',
  486: 'Busy',
  487: 'Cancelled',
  488: 'No common codec',
  500: 'The peer failed',
  501: 'Not supported by the peer',
  502: 'The peer could not reach the number',
  503: 'Service unavailable',
  504: 'The peer got no answer in time',
  600: 'Busy everywhere',
  603: 'Declined',
  604: 'The number does not exist',
  606: 'Media not acceptable',
  607: 'Unwanted call',
  608: 'Rejected by the network',
};

/** A 3xx that was not followed: a callee whom nobody can reach here, for the script and its caller alike. */
export const REDIRECTED = 'Moved elsewhere';

/** What a status means, in our words. */
export function reasonOf(status: number): string {
  const known = WORDS[status];
  if (known !== undefined) return known;
  if (status >= 600) return 'Refused everywhere';
  if (status >= 500) return 'The peer failed';
  if (status >= 400) return 'Refused';
  if (status >= 300) return REDIRECTED;
  return 'Normal call clearing';
}

/** Why we ended a call ourselves; it replaces whatever the SIP session then reports. */
export interface HangupCause {
  readonly code: number;
  readonly reason: string;
  readonly by: CallEnd['by'];
  readonly retryable?: boolean;
}

/** A cause from the error catalogue. `retryable` is what the catalogue says: true only where no INVITE has left. */
export function causeOfError(code: ErrorCode): HangupCause {
  const meaning: { readonly sip?: number; readonly title: string; readonly retryable: boolean } =
    ERRORS[code];
  return { code: meaning.sip ?? 500, reason: meaning.title, by: 'fault', retryable: meaning.retryable };
}

/** The cause behind an exception while a call was being set up. */
export function causeOfFailure(error: unknown): HangupCause {
  if (error instanceof MasklineError) return causeOfError(error.code);
  if (!(error instanceof SdpError)) return { code: 500, reason: 'Internal error', by: 'fault' };
  return causeOfError(errorOfSdp(error));
}

/** What is wrong with a peer's SDP, as the catalogue says it. */
export function errorOfSdp({ code }: SdpError): ErrorCode {
  if (code === 'malformed' || code === 'too-large') return 'media/unreadable-sdp';
  return code === 'no-common-security' ? 'media/no-common-security' : 'media/no-common-codec';
}

/**
 * The cause of a session's end as VoxEngine reports it. `connected` is whether the call had been connected for the
 * script: a 200 that was never confirmed is a failure, not the end of a conversation.
 */
export function causeOfSession(end: SessionEnd, connected: boolean): Required<HangupCause> {
  if (connected) return { code: 200, reason: connectedReason(end), by: end.by, retryable: false };
  if (end.status >= 300) {
    // The places that a 3xx names stay on their side, and without them it says less to a caller than 480 (RFC 3261 §21.3).
    const code = end.status < 400 ? 480 : end.status;
    // PITFALLS row 39: the session knows whether the INVITE may be repeated without ringing twice.
    return { code, reason: failedReason(end), by: end.by, retryable: end.retryable };
  }
  if (end.by === 'fault') {
    return { code: 408, reason: 'The answer was never confirmed', by: 'fault', retryable: false };
  }
  const reason = end.by === 'remote' && end.answered ? 'Hung up before the ACK' : reasonOf(487);
  return { code: 487, reason, by: end.by, retryable: false };
}

/** Of a fault the session knows more than its status says, such as that no phone is registered; its words are ours. */
function failedReason(end: SessionEnd): string {
  if (end.by !== 'fault' || end.reason === '') return reasonOf(end.status);
  return end.reason.charAt(0).toUpperCase() + end.reason.slice(1);
}

function connectedReason(end: SessionEnd): string {
  if (end.by === 'fault') return 'The connection was lost';
  return reasonOf(200);
}
