import type { EventType, LoggedEvent } from '../events/types.ts';

/** Columns of `events` as queries here select them; `xid` as text, since drivers read it differently. */
export interface EventRow {
  readonly seq: number;
  readonly xid: string;
  readonly id: string;
  readonly application_id: string;
  readonly subject: string;
  readonly position: number;
  readonly type: string;
  readonly at: Date;
  readonly data: Record<string, unknown>;
}

export function readEventRow(row: Omit<EventRow, 'seq' | 'xid'>): LoggedEvent {
  return {
    id: row.id,
    applicationId: row.application_id,
    subject: row.subject,
    position: row.position,
    type: row.type as EventType,
    at: row.at.getTime(),
    data: row.data,
  };
}
