/**
 * What happened, told to outsiders: an append-only log, in order per subject, without telephone numbers (people are tokens).
 * An event is written in the transaction of what it tells, once, and keeps its id for ever: whoever reads the log by cursor,
 * listens to the stream or gets webhooks sees the same events under the same ids.
 */

/** A closed list; `docs/guide/events.md` explains each. */
export const EVENT_TYPES = [
  'masking_session.created',
  'masking_session.changed',
  'masking_session.closed',
  'call.started',
  'call.answered',
  'call.ended',
  'call.refused',
  'call_back.requested',
  'recording.completed',
  'transcript.completed',
  'block.created',
  'block.removed',
  'number.quarantined',
  'person.erased',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** An event before it is written. */
export interface NewEvent {
  /**
   * For writers that may write the same thing twice (`event-id.ts` makes one from what is told): what has that id already
   * is left as it is. Absent: a new one.
   */
  readonly id?: string;
  readonly applicationId: string;
  /** What it is about, and within which it has its order: the id of a masking session, else of a call's scenario session. */
  readonly subject: string;
  readonly type: EventType;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** JSON; no numbers, no secrets. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface LoggedEvent extends NewEvent {
  /** `evt_` and a UUID. */
  readonly id: string;
  /** Within its subject, from 1, without gaps. */
  readonly position: number;
}

/** An event as it was read from the log. */
export interface ReadEvent extends LoggedEvent {
  /** Reading goes on behind it from here. */
  readonly cursor: string;
}

export interface Webhook {
  readonly id: string;
  readonly applicationId: string;
  readonly url: string;
  /** Empty: all. */
  readonly types: readonly EventType[];
  /** False: nothing is sent, and nothing new is kept for it; a replay brings what it has missed. */
  readonly enabled: boolean;
  readonly createdAt: number;
  /** Attempts that failed one after the other, whatever they were to deliver. */
  readonly failures: number;
  /** After several failures, until when the endpoint is left alone. */
  readonly pausedUntil: number | undefined;
}

export type DeliveryState = 'waiting' | 'delivered' | 'failed';

export interface Delivery {
  readonly id: string;
  readonly webhookId: string;
  readonly event: LoggedEvent;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** When it is tried next; undefined: never again. */
  readonly nextAt: number | undefined;
  readonly lastAttemptAt: number | undefined;
  /** HTTP status of the last answer, or why there was none. */
  readonly lastStatus: number | undefined;
  readonly lastError: string | undefined;
}

/** An event as outsiders see it: in the log, in the stream, and as the body of a webhook. */
export interface EventView {
  readonly id: string;
  readonly type: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  /** Id of the application. */
  readonly application: string;
  readonly subject: string;
  readonly position: number;
  readonly data: Record<string, unknown>;
}

export function eventView(event: LoggedEvent): EventView {
  const { id, type, at, applicationId, subject, position, data } = event;
  return {
    ...{ id, type, timestamp: new Date(at).toISOString() },
    ...{ application: applicationId, subject, position, data: { ...data } },
  };
}
