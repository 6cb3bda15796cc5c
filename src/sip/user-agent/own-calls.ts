/**
 * Our calls that are on their way, so that one which the network leads back to us is known as ours (PITFALLS row 44): by
 * its Call-ID where nobody has changed it, else by who calls whom. Nobody but we calls somebody in the name of our
 * service number, so that a caller who shows the number that we show, and dials the number that we dial, is an echo of
 * our own call.
 */
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { ShownIdentity } from './types.ts';

interface Pair {
  readonly shown: PhoneNumber;
  readonly dialled: PhoneNumber;
}

export class OwnCalls {
  readonly #callIds = new Set<string>();
  readonly #pairs = new Set<Pair>();

  /** Until the returned function is called. Whoever is anonymous is known by the Call-ID alone. */
  began(callId: string, identity: ShownIdentity, dialled: PhoneNumber | undefined): () => void {
    this.#callIds.add(callId);
    const pair =
      identity.kind === 'number' && dialled !== undefined ? { shown: identity.number, dialled } : undefined;
    if (pair !== undefined) this.#pairs.add(pair);
    return () => {
      this.#callIds.delete(callId);
      if (pair !== undefined) this.#pairs.delete(pair);
    };
  }

  hasCallId(callId: string): boolean {
    return this.#callIds.has(callId);
  }

  /** Whether a call that comes in from a trunk is one that we are making. */
  isEcho(caller: PhoneNumber, dialled: PhoneNumber): boolean {
    if (!caller.isE164 || !dialled.isE164) return false;
    for (const pair of this.#pairs)
      if (pair.dialled.equals(dialled) && pair.shown.equals(caller)) return true;
    return false;
  }
}
