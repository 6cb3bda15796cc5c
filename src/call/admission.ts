import type { ErrorCode } from '../kernel/errors.ts';

export type AdmissionRefusal = Extract<ErrorCode, 'admission/full' | 'admission/draining' | 'admission/late'>;

/** A leg that is alive: its direction, and the session that it belongs to, once it has one. */
export interface ActiveLeg {
  readonly incoming: boolean;
  readonly sessionId: string | undefined;
}

/** The legs of one session. */
interface Counts {
  incoming: number;
  outgoing: number;
}

/**
 * How many legs the node carries. A caller who is let in has a place reserved for the person to be called: to be
 * refused half-way, after the script has answered, would be worse than to be refused at once.
 */
export class Admission {
  readonly #limit: number;
  readonly #sessions = new Map<string, Counts>();
  #draining = false;
  #legs = 0;
  /** Places kept for those whom a caller's script has not dialled yet. */
  #reserved = 0;

  readonly #isLate: () => boolean;

  /**
   * @param limit legs at once
   * @param isLate whether the node is behind with its work
   */
  constructor(limit: number, isLate: () => boolean = () => false) {
    this.#limit = limit;
    this.#isLate = isLate;
  }

  /** While draining, nobody new comes in; those who talk may still be connected to somebody. */
  setDraining(on: boolean): void {
    this.#draining = on;
  }

  /** May a caller come in? */
  forInbound(): AdmissionRefusal | undefined {
    if (this.#draining) return 'admission/draining';
    if (this.#isLate()) return 'admission/late';
    // With room for a single leg, that one may come in alone.
    const needed = Math.min(2, this.#limit);
    return this.#legs + this.#reserved + needed > this.#limit ? 'admission/full' : undefined;
  }

  /** May a session dial? While draining, only one that already has a call to be connected. */
  forOutbound(sessionId: string): AdmissionRefusal | undefined {
    const own = this.#sessions.get(sessionId);
    if (this.#draining && own === undefined) return 'admission/draining';
    if (isWaiting(own)) return undefined;
    return this.#legs + this.#reserved + 1 > this.#limit ? 'admission/full' : undefined;
  }

  /** A leg has begun. */
  add({ incoming, sessionId }: ActiveLeg): void {
    this.#legs += 1;
    if (sessionId === undefined) this.#reserved += 1;
    else this.#count(sessionId, incoming, 1);
  }

  /** A leg that had no session has one now. */
  adopt(sessionId: string, { incoming }: ActiveLeg): void {
    this.#reserved -= 1;
    this.#count(sessionId, incoming, 1);
  }

  /** A leg has ended; the session is told as it was last. */
  remove({ incoming, sessionId }: ActiveLeg): void {
    this.#legs -= 1;
    if (sessionId === undefined) this.#reserved -= 1;
    else this.#count(sessionId, incoming, -1);
  }

  #count(sessionId: string, incoming: boolean, change: 1 | -1): void {
    const counts = this.#sessions.get(sessionId) ?? { incoming: 0, outgoing: 0 };
    if (isWaiting(counts)) this.#reserved -= 1;
    counts[incoming ? 'incoming' : 'outgoing'] += change;
    if (isWaiting(counts)) this.#reserved += 1;
    if (counts.incoming + counts.outgoing > 0) this.#sessions.set(sessionId, counts);
    else this.#sessions.delete(sessionId);
  }
}

/** Whether a session has a caller and has not dialled. */
const isWaiting = (counts: Counts | undefined): boolean =>
  counts !== undefined && counts.incoming > 0 && counts.outgoing === 0;
