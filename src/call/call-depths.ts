import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { ShownIdentity } from '../sip/user-agent/types.ts';
import type { Call, CallDirectory } from './types.ts';

/** A call, one that it leads to, and one more: nobody means a fourth. */
export const MAX_CALL_DEPTH = 3;

type Ending = Pick<Call, 'ended'>;

/**
 * How deep calls of ours are nested (PITFALLS row 44). A number that a session dials may be forwarded to one of our service
 * numbers; carriers give such a call a Max-Forwards and a Call-ID of its own, and only who calls tells that it is ours:
 * nobody but we calls in the name of our service number. Its session is one deeper than the session that shows the number
 * at that moment, and what it dials may come back again.
 */
export class CallDepths {
  readonly #directory: Pick<CallDirectory, 'applicationOfNumber'>;
  readonly #outbound = new Set<{ readonly shown: PhoneNumber; readonly depth: number }>();
  readonly #sessions = new Map<string, number>();

  constructor(directory: Pick<CallDirectory, 'applicationOfNumber'>) {
    this.#directory = directory;
  }

  /** The depth of a call that comes in: 1 for a person's. */
  ofInbound(caller: PhoneNumber): number {
    if (this.#outbound.size === 0 || this.#directory.applicationOfNumber(caller) === undefined) return 1;
    let deepest = 0;
    for (const { shown, depth } of this.#outbound) {
      if (depth > deepest && shown.equals(caller)) deepest = depth;
    }
    return deepest + 1;
  }

  /** A session has taken a call that came in. */
  adopted(call: Ending, sessionId: string, depth: number): void {
    if (depth === 1) return;
    this.#sessions.set(sessionId, depth);
    void call.ended.then(() => this.#sessions.delete(sessionId));
  }

  /** A session dials, and shows a number. */
  dialled(call: Ending, sessionId: string, identity: ShownIdentity): void {
    if (identity.kind !== 'number') return;
    const leg = { shown: identity.number, depth: this.#sessions.get(sessionId) ?? 1 };
    this.#outbound.add(leg);
    void call.ended.then(() => this.#outbound.delete(leg));
  }
}
