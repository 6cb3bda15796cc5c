import type { ExtraHeaders, UasSession } from '../sip/dialog/types.ts';
import { reasonOf } from './hangup-cause.ts';
import { allowHeaders } from './header-allow-list.ts';
import type { HeaderMap } from './types.ts';

/**
 * What goes towards a caller: a status, our SDP, our words, allow-listed headers. Nothing of the callee has a
 * parameter here (ARCHITECTURE, privacy 4), its Reason (RFC 3326 §2) neither. Every method returns what was left out of the headers.
 */
export class InboundAnswer {
  readonly #session: UasSession;

  constructor(session: UasSession) {
    this.#session = session;
  }

  ringing(headers: HeaderMap): readonly string[] {
    const allowed = allowHeaders(headers);
    this.#session.provisional(180, { headers: allowed.headers });
    return allowed.dropped;
  }

  progress(headers: HeaderMap, sdp: string): readonly string[] {
    const allowed = allowHeaders(headers);
    this.#session.provisional(183, { headers: allowed.headers, sdp });
    return allowed.dropped;
  }

  accept(headers: HeaderMap, sdp: string): readonly string[] {
    const allowed = allowHeaders(headers);
    this.#session.accept({ sdp, headers: allowed.headers });
    return allowed.dropped;
  }

  /** A script's refusal. What is not a final 4xx–6xx becomes 480. */
  reject(code: number, headers: HeaderMap): readonly string[] {
    const allowed = allowHeaders(headers);
    const status = Number.isInteger(code) && code >= 400 && code <= 699 ? code : 480;
    this.#session.reject(status, { reason: reasonOf(status), headers: allowed.headers });
    return allowed.dropped;
  }
}

/** Of a 488, in the words of RFC 3261 §20.43; §13.3.1.3 asks for it. */
const INCOMPATIBLE: ExtraHeaders = [['Warning', '305 maskline "Incompatible media format"']];

/** Refuses a call of which no `Call` was made. `retryAfterSeconds` becomes Retry-After (RFC 3261 §20.33). */
export function refuse(
  session: UasSession,
  status: number,
  reason: string,
  retryAfterSeconds: number | undefined,
): void {
  const retry: ExtraHeaders =
    retryAfterSeconds === undefined ? [] : [['Retry-After', String(retryAfterSeconds)]];
  session.reject(status, { reason, headers: status === 488 ? INCOMPATIBLE : retry });
}
