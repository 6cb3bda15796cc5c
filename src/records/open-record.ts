import type { TimerHandle } from '../kernel/clock.ts';
import type { CallRecord, LegRecord } from './ports.ts';
import type { SessionEnd } from './session-events.ts';

/** A record that is being written: what the keeper has to remember of it until it is closed. */
export interface OpenRecord {
  record: CallRecord;
  /** Position of the last event. */
  position: number;
  /** Legs that go on. */
  readonly legs: Map<string, LegRecord>;
  /** Legs that are over, in the order in which they ended. */
  readonly ended: LegRecord[];
  /** Recordings whose file is not finished. */
  readonly recordings: Set<string>;
  started: boolean;
  session: SessionEnd | undefined;
  timer: TimerHandle | undefined;
}

export function emptyRecord(id: string, node: string, at: number): CallRecord {
  return {
    id,
    node,
    applicationId: undefined,
    ruleName: undefined,
    scenario: undefined,
    status: 'in-progress',
    startedAt: at,
    endedAt: undefined,
    reason: undefined,
    error: undefined,
    legs: [],
    recordings: [],
  };
}
