import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import type { CallEventRecord, CallRecord, LegRecord, RecordingRecord } from '../../src/records/ports.ts';

/** 1 January 2026, UTC. */
export const START = Date.UTC(2026, 0, 1);

export const DRIVER = PhoneNumber.parse('+79123456789');
export const PASSENGER = PhoneNumber.parse('+79031112233');
export const SERVICE = PhoneNumber.parse('+74950000001');

export function leg(values: Partial<LegRecord> & { readonly callId: string }): LegRecord {
  return {
    incoming: true,
    callerid: DRIVER,
    number: SERVICE,
    startedAt: START,
    ringingAt: undefined,
    answeredAt: undefined,
    endedAt: undefined,
    durationSeconds: 0,
    code: undefined,
    reason: undefined,
    endedBy: undefined,
    media: undefined,
    ...values,
  };
}

export function record(values: Partial<CallRecord> & { readonly id: string }): CallRecord {
  return {
    node: 'node-1',
    applicationId: undefined,
    ruleName: undefined,
    scenario: undefined,
    status: 'in-progress',
    startedAt: START,
    endedAt: undefined,
    reason: undefined,
    error: undefined,
    legs: [],
    recordings: [],
    ...values,
  };
}

export function event(
  sessionId: string,
  position: number,
  detail: Record<string, unknown> = {},
): CallEventRecord {
  return { sessionId, position, at: START + position, callId: undefined, name: 'leg.ringing', detail };
}

export function recording(
  values: Partial<RecordingRecord> & { readonly recordingId: string },
): RecordingRecord {
  return {
    sessionId: 'session-1',
    callId: 'call-1',
    path: `2026/01/01/session-1/${values.recordingId}.wav`,
    channels: 2,
    startedAt: START,
    status: 'recording',
    seconds: undefined,
    bytes: undefined,
    error: undefined,
    ...values,
  };
}
