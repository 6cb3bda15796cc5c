import type { ErrorCode } from '../kernel/errors.ts';

export type AdmissionRefusal = Extract<ErrorCode, 'admission/full' | 'admission/draining'>;

/** A leg that is alive: its direction, and the session that it belongs to, once it has one. */
export interface ActiveLeg {
  readonly incoming: boolean;
  readonly sessionId: string | undefined;
}

/**
 * How many legs the node carries. A caller who is let in has a place reserved for the person to be called: to be
 * refused half-way, after the script has answered, would be worse than to be refused at once.
 */
export class Admission {
  readonly #limit: number;
  #draining = false;

  /** @param limit legs at once */
  constructor(limit: number) {
    this.#limit = limit;
  }

  drain(): void {
    this.#draining = true;
  }

  /** May a caller come in? */
  forInbound(active: Iterable<ActiveLeg>): AdmissionRefusal | undefined {
    if (this.#draining) return 'admission/draining';
    // With room for a single leg, that one may come in alone.
    const needed = Math.min(2, this.#limit);
    return committed(active) + needed > this.#limit ? 'admission/full' : undefined;
  }

  /** May a session dial? While draining, only one that already has a call to be connected. */
  forOutbound(active: Iterable<ActiveLeg>, sessionId: string): AdmissionRefusal | undefined {
    const legs = [...active];
    const own = legs.filter((leg) => leg.sessionId === sessionId);
    if (this.#draining && own.length === 0) return 'admission/draining';
    const reserved = own.some((leg) => leg.incoming) && own.every((leg) => leg.incoming);
    if (reserved) return undefined;
    return committed(legs) + 1 > this.#limit ? 'admission/full' : undefined;
  }
}

/** Legs, and places kept for those whom a caller's script has not dialled yet. */
function committed(active: Iterable<ActiveLeg>): number {
  let legs = 0;
  let reserved = 0;
  const waiting = new Set<string>();
  const dialled = new Set<string>();
  for (const { incoming, sessionId } of active) {
    legs += 1;
    if (sessionId === undefined) reserved += 1;
    else (incoming ? waiting : dialled).add(sessionId);
  }
  for (const sessionId of waiting) if (!dialled.has(sessionId)) reserved += 1;
  return legs + reserved;
}
