import type { Selectable } from 'kysely';
import type {
  CallEventRecord,
  CallRecord,
  LegRecord,
  RecordChange,
  RecordingRecord,
  RecordStatus,
} from '../records/ports.ts';
import { cleanJson, cleanText } from './clean-json.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** Places of sealed values; part of what seals them, so they never change. */
const CALLERID = 'call_legs.callerid';
const NUMBER = 'call_legs.number';

type Row = Readonly<Record<string, unknown>>;

/** A batch as five sets of rows. Each row is written once, with its last state. */
export interface RowSets {
  readonly opened: Row[];
  readonly closed: Row[];
  readonly legs: Row[];
  readonly events: Row[];
  readonly recordings: Row[];
}

/** Collapses a batch: what is written several times in it is written once, as it was last. */
export function toRowSets(changes: readonly RecordChange[], vault: Vault): RowSets {
  const opened = new Map<string, Row>();
  const closed = new Map<string, Row>();
  const legs = new Map<string, { sessionId: string; leg: LegRecord }>();
  const events = new Map<string, Row>();
  const recordings = new Map<string, Row>();
  for (const change of changes) {
    switch (change.kind) {
      case 'open': {
        const row = recordRow(change.record);
        opened.set(change.record.id, fillIn(opened.get(change.record.id), row));
        for (const leg of change.record.legs) legs.set(leg.callId, { sessionId: change.record.id, leg });
        for (const one of change.record.recordings) recordings.set(one.recordingId, recordingRow(one));
        break;
      }
      case 'leg':
        legs.set(change.leg.callId, { sessionId: change.sessionId, leg: change.leg });
        break;
      case 'event':
        events.set(`${change.event.sessionId} ${change.event.position}`, eventRow(change.event));
        break;
      case 'recording':
        recordings.set(change.recording.recordingId, recordingRow(change.recording));
        break;
      case 'close': {
        const end = {
          status: change.status,
          ended_at: time(change.endedAt),
          reason: cleanText(change.reason),
          error: cleanText(change.error),
        };
        const open = opened.get(change.id);
        if (open === undefined) closed.set(change.id, { id: change.id, ...end });
        else opened.set(change.id, { ...open, ...end });
        break;
      }
    }
  }
  return {
    opened: [...opened.values()],
    closed: [...closed.values()],
    legs: [...legs.values()].map(({ sessionId, leg }) => legRow(sessionId, leg, vault)),
    events: [...events.values()],
    recordings: [...recordings.values()],
  };
}

/** A record that is opened again only fills what was not known before. */
function fillIn(before: Row | undefined, row: Row): Row {
  if (before === undefined) return row;
  const known = Object.entries(before).filter(([, value]) => value !== null);
  return { ...row, ...Object.fromEntries(known) };
}

function recordRow(record: CallRecord): Row {
  return {
    id: record.id,
    node: record.node,
    application_id: record.applicationId ?? null,
    rule_name: cleanText(record.ruleName),
    scenario: cleanText(record.scenario),
    status: record.status,
    started_at: time(record.startedAt),
    ended_at: time(record.endedAt),
    reason: cleanText(record.reason),
    error: cleanText(record.error),
  };
}

function legRow(sessionId: string, leg: LegRecord, vault: Vault): Row {
  const callerid = vault.sealNumber(leg.callerid, CALLERID);
  const number = vault.sealNumber(leg.number, NUMBER);
  return {
    call_id: leg.callId,
    session_id: sessionId,
    incoming: leg.incoming,
    callerid_sealed: callerid.sealed,
    callerid_index: callerid.index,
    number_sealed: number.sealed,
    number_index: number.index,
    started_at: time(leg.startedAt),
    ringing_at: time(leg.ringingAt),
    answered_at: time(leg.answeredAt),
    ended_at: time(leg.endedAt),
    duration_seconds: leg.durationSeconds,
    code: leg.code ?? null,
    reason: cleanText(leg.reason),
    ended_by: leg.endedBy ?? null,
    media: leg.media ?? null,
  };
}

function eventRow(event: CallEventRecord): Row {
  return {
    session_id: event.sessionId,
    position: event.position,
    at: time(event.at),
    call_id: event.callId ?? null,
    name: event.name,
    detail: cleanJson(event.detail),
  };
}

function recordingRow(recording: RecordingRecord): Row {
  return {
    recording_id: recording.recordingId,
    session_id: recording.sessionId,
    call_id: recording.callId,
    path: recording.path,
    channels: recording.channels,
    started_at: time(recording.startedAt),
    status: recording.status,
    seconds: recording.seconds ?? null,
    bytes: recording.bytes ?? null,
    error: cleanText(recording.error),
    name: cleanText(recording.name),
    keep_until: time(recording.keepUntil),
  };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

export function readRecord(
  row: Selectable<Schema['call_records']>,
  legs: readonly LegRecord[],
  recordings: readonly RecordingRecord[],
): CallRecord {
  return {
    id: row.id,
    node: row.node,
    applicationId: row.application_id ?? undefined,
    ruleName: row.rule_name ?? undefined,
    scenario: row.scenario ?? undefined,
    status: row.status as RecordStatus,
    startedAt: row.started_at.getTime(),
    endedAt: row.ended_at?.getTime(),
    reason: row.reason ?? undefined,
    error: row.error ?? undefined,
    legs,
    recordings,
  };
}

export function readLeg(row: Selectable<Schema['call_legs']>, vault: Vault): LegRecord {
  return {
    callId: row.call_id,
    incoming: row.incoming,
    callerid: vault.openNumber(row.callerid_sealed, CALLERID),
    number: vault.openNumber(row.number_sealed, NUMBER),
    startedAt: row.started_at.getTime(),
    ringingAt: row.ringing_at?.getTime(),
    answeredAt: row.answered_at?.getTime(),
    endedAt: row.ended_at?.getTime(),
    durationSeconds: row.duration_seconds,
    code: row.code ?? undefined,
    reason: row.reason ?? undefined,
    endedBy: (row.ended_by ?? undefined) as LegRecord['endedBy'],
    media: (row.media ?? undefined) as LegRecord['media'],
  };
}

export function readEvent(row: Selectable<Schema['call_events']>): CallEventRecord {
  return {
    sessionId: row.session_id,
    position: row.position,
    at: row.at.getTime(),
    callId: row.call_id ?? undefined,
    name: row.name,
    detail: row.detail,
  };
}

export function readRecording(row: Selectable<Schema['recordings']>): RecordingRecord {
  return {
    recordingId: row.recording_id,
    sessionId: row.session_id,
    callId: row.call_id,
    path: row.path,
    channels: row.channels,
    startedAt: row.started_at.getTime(),
    status: row.status as RecordingRecord['status'],
    seconds: row.seconds ?? undefined,
    bytes: row.bytes ?? undefined,
    error: row.error ?? undefined,
    name: row.name ?? undefined,
    keepUntil: row.keep_until?.getTime(),
  };
}
