import type { LoggedEvent } from './types.ts';

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
