/**
 * SIP traces: what was said on the wire in a call, kept for a short time in a store of its own (PITFALLS row 43). Numbers
 * and addresses of people stand in them, so rows are sealed, ordinary logs and records never quote them, and whoever asks
 * gets them with numbers hidden unless the key may read numbers. `storage` implements `TraceStore`.
 */
import type { TransportName } from '../sip/transport/types.ts';

/** One message of a leg. Credentials, media keys, signed identities and bodies that are no SDP were left out before. */
export interface TracedMessage {
  /** ms since the epoch. */
  readonly at: number;
  readonly legId: string;
  readonly direction: 'in' | 'out';
  readonly transport: TransportName;
  /** `host:port`. */
  readonly local: string;
  readonly remote: string;
  readonly text: string;
}

/** What is kept of a call. */
export interface CallTrace {
  /** In order of time. */
  readonly messages: readonly TracedMessage[];
  /** Messages that found no room. */
  readonly omitted: number;
}

/** What a node writes at once for one leg. Applied twice it changes nothing the second time. */
export interface TraceBatch extends CallTrace {
  readonly id: string;
  readonly sessionId: string;
  readonly legId: string;
}

export interface TraceStore {
  append(batches: readonly TraceBatch[]): Promise<void>;
  /** Of a call that nothing is kept of (any more), an empty one. */
  read(sessionId: string): Promise<CallTrace>;
  /** Forgets what is older than `before` (ms since the epoch), and the oldest beyond `totalBytes`. Returns how many rows. */
  purge(before: number, totalBytes: number): Promise<number>;
}

/** A leg as its ladder names it. */
export interface TraceLeg {
  readonly callId: string;
  readonly incoming: boolean;
}

/** What the API serves; `reader.ts` implements it. */
export interface CallTraces {
  /** `clear`: with telephone numbers as they were. */
  read(sessionId: string, clear: boolean): Promise<CallTrace>;
  /** As text, for people: one line per message. */
  ladder(sessionId: string, legs: readonly TraceLeg[], clear: boolean): Promise<string>;
}
