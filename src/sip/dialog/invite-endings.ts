/** How an INVITE of ours ends without an answer. */
import { reasonPhrase } from '../message/reason.ts';
import type { TransactionFailure } from '../transaction/types.ts';
import type { Ending } from './session-core.ts';

/** Final responses after which another trunk may do better; 6xx and what concerns the callee are not among them. */
const TRY_ELSEWHERE: ReadonlySet<number> = new Set([408, 430, 500, 502, 503, 504]);

/** A 3xx–6xx. In our words: the peer's text never crosses to another leg. */
export function endOfRejection(status: number, ringing: boolean): Ending {
  return {
    by: 'remote',
    status,
    reason: reasonPhrase(status),
    retryable: TRY_ELSEWHERE.has(status) && !ringing,
  };
}

/** PITFALLS row 39: once the INVITE has, or may have, `reached` somebody, another attempt might ring twice. */
export function endOfFailure(failure: TransactionFailure, reached: boolean): Ending {
  return {
    by: 'fault',
    status: failure === 'timeout' ? 408 : 503,
    reason: failure === 'timeout' ? 'the peer did not answer' : 'the connection to the peer broke',
    retryable: !reached,
  };
}
