/**
 * What is kept of calls: one `CallRecord` per scenario session (or refused call), its legs, its events in order, its
 * recordings. `storage` implements `RecordStore`. Numbers are `PhoneNumber` here and encrypted below.
 *
 * A record is opened before the first event of its session is stored and closed once. A record that is still open
 * after its node has died is closed at the next start with the reason `node stopped`; so a record is right whenever
 * the process is killed.
 */
import type { PhoneNumber } from '../kernel/phone-number.ts';

export type RecordStatus = 'in-progress' | 'completed' | 'failed' | 'refused';

export interface LegRecord {
  readonly callId: string;
  readonly incoming: boolean;
  /** Inbound: who called. Outbound: the number shown. */
  readonly callerid: PhoneNumber;
  /** Inbound: the dialled number. Outbound: who was called. */
  readonly number: PhoneNumber;
  /** For which the leg was dialled: its events stand under it. Told with changes, and not read back. */
  readonly maskingSessionId?: string | undefined;
  readonly startedAt: number;
  readonly ringingAt: number | undefined;
  readonly answeredAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly durationSeconds: number;
  readonly code: number | undefined;
  readonly reason: string | undefined;
  readonly endedBy: 'local' | 'remote' | 'fault' | undefined;
  /** Packets, loss, jitter; whatever the engine reported. */
  readonly media: Readonly<Record<string, number>> | undefined;
}

export interface RecordingRecord {
  readonly recordingId: string;
  readonly sessionId: string;
  readonly callId: string;
  /** Relative to the recordings folder. */
  readonly path: string;
  readonly channels: number;
  readonly startedAt: number;
  readonly status: 'recording' | 'complete' | 'partial';
  readonly seconds: number | undefined;
  readonly bytes: number | undefined;
  readonly error: string | undefined;
  /** What the script calls it, numbers masked. */
  readonly name?: string | undefined;
  /** Until when the script wants it kept, whatever the settings say of others; then it is taken away. */
  readonly keepUntil?: number | undefined;
}

export interface CallRecord {
  /** The id of the scenario session; for a refused call an id of its own. */
  readonly id: string;
  readonly node: string;
  readonly applicationId: string | undefined;
  readonly ruleName: string | undefined;
  readonly scenario: string | undefined;
  readonly status: RecordStatus;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Readable: `connected, the passenger hung up`, `backend answered 500`, `unknown number`. */
  readonly reason: string | undefined;
  /** The script's error with its line, if it failed. */
  readonly error: string | undefined;
  readonly legs: readonly LegRecord[];
  readonly recordings: readonly RecordingRecord[];
}

export interface CallEventRecord {
  readonly sessionId: string;
  /** Position within the session, from 1, without gaps. */
  readonly position: number;
  readonly at: number;
  readonly callId: string | undefined;
  /** `leg.ringing`, `leg.connected`, `session.log`, `recording.started`, … */
  readonly name: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent at the end. */
  readonly next: string | undefined;
}

/** One change; a batch of them is written in one transaction, in order. */
export type RecordChange =
  | { readonly kind: 'open'; readonly record: CallRecord }
  | { readonly kind: 'leg'; readonly sessionId: string; readonly leg: LegRecord }
  | { readonly kind: 'event'; readonly event: CallEventRecord }
  | { readonly kind: 'recording'; readonly recording: RecordingRecord }
  | {
      readonly kind: 'close';
      readonly id: string;
      readonly status: RecordStatus;
      readonly endedAt: number;
      readonly reason: string;
      readonly error: string | undefined;
    };

export interface RecordStore {
  /** All or nothing. Idempotent: a batch that is applied twice changes nothing the second time. */
  apply(changes: readonly RecordChange[]): Promise<void>;
  get(id: string): Promise<CallRecord | undefined>;
  /** Newest first. */
  list(options: {
    readonly applicationId?: string;
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<Page<CallRecord>>;
  events(
    id: string,
    options: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<CallEventRecord>>;
  recording(recordingId: string): Promise<RecordingRecord | undefined>;
  /** Records of this node that a dead process left open. */
  openRecords(node: string): Promise<readonly CallRecord[]>;
}

/** A cursor that was not one of ours; the API answers 400. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor';
}

/** Where the transcript lies: `2026/…/<recording>.wav` → `2026/…/<recording>.transcript.json`. */
export function transcriptPath(recordingPath: string): string {
  return `${recordingPath.replace(/\.wav$/, '')}.transcript.json`;
}
