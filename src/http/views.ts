import { maskNumbersIn, type PhoneNumber } from '../kernel/phone-number.ts';
import type { CallEventRecord, CallRecord, LegRecord, RecordingRecord } from '../records/ports.ts';
import { noteDigits } from './disclosure.ts';
import type { ApiKey } from './ports.ts';
import type { CallEventView, CallView, LegView, RecordingView } from './schemas.ts';

/** Milliseconds since the epoch as RFC 3339 text. */
export const instant = (at: number): string => new Date(at).toISOString();

/**
 * What a key is shown of numbers: the digits with the scope `numbers:read`, the masked form else. Free text (a script's
 * log line, a reason, a label) passes through here too, since it may quote a number.
 */
export class Views {
  readonly #key: ApiKey;
  readonly #clear: boolean;
  /** What is being shown, for the audit log. */
  #record: { readonly id: string; readonly applicationId: string | undefined } | undefined;
  readonly #base: string;

  /** @param publicUrl stands before the paths of recordings. */
  constructor(key: ApiKey, publicUrl: string | undefined) {
    this.#key = key;
    this.#clear = key.scopes.includes('numbers:read');
    this.#base = (publicUrl ?? '').replace(/\/+$/, '');
  }

  number(number: PhoneNumber): string {
    return this.#clear ? this.#shown(number) : number.masked;
  }

  /** Of a person who has a token besides: the digits, or nothing. */
  digits(number: PhoneNumber): string | undefined {
    return this.#clear ? this.#shown(number) : undefined;
  }

  /** Ours and no person's; whoever makes a session is told what to print on the order. */
  serviceNumber(number: PhoneNumber): string {
    return number.reveal('api');
  }

  text(text: string): string {
    const masked = maskNumbersIn(text);
    if (this.#clear && masked !== text) noteDigits(this.#key, this.#record);
    return this.#clear ? text : masked;
  }

  call(record: CallRecord): CallView {
    return this.of(record, () => this.#call(record));
  }

  /** Digits that `show` shows stand in that record, for the audit log. */
  of<T>(record: { readonly id: string; readonly applicationId: string | undefined }, show: () => T): T {
    this.#record = record;
    try {
      return show();
    } finally {
      this.#record = undefined;
    }
  }

  /** For the audit log: whatever shows digits passes here. */
  #shown(number: PhoneNumber): string {
    noteDigits(this.#key, this.#record);
    return number.reveal('api');
  }

  #call(record: CallRecord): CallView {
    return {
      id: record.id,
      node: record.node,
      status: record.status,
      startedAt: instant(record.startedAt),
      ...optional('application', record.applicationId),
      ...optional('rule', this.#maybe(record.ruleName)),
      ...optional('scenario', this.#maybe(record.scenario)),
      ...optional('endedAt', at(record.endedAt)),
      ...optional('reason', this.#maybe(record.reason)),
      ...optional('error', this.#maybe(record.error)),
      legs: record.legs.map((leg) => this.#leg(leg)),
      recordings: record.recordings.map((recording) => this.recording(recording)),
    };
  }

  recording(recording: RecordingRecord): RecordingView {
    const { recordingId, sessionId, callId, status, path, channels } = recording;
    return {
      recordingId,
      sessionId,
      callId,
      status,
      path,
      url: `${this.#base}/v1/recordings/${recordingId}/audio`,
      channels,
      startedAt: instant(recording.startedAt),
      ...optional('seconds', recording.seconds),
      ...optional('bytes', recording.bytes),
      ...optional('error', this.#maybe(recording.error)),
      ...optional('name', this.#maybe(recording.name)),
      ...optional('keepUntil', recording.keepUntil === undefined ? undefined : instant(recording.keepUntil)),
    };
  }

  event(event: CallEventRecord): CallEventView {
    return {
      position: event.position,
      at: instant(event.at),
      ...optional('callId', event.callId),
      name: event.name,
      detail: this.#deep(event.detail) as Record<string, unknown>,
    };
  }

  #leg(leg: LegRecord): LegView {
    return {
      callId: leg.callId,
      direction: leg.incoming ? 'inbound' : 'outbound',
      callerid: this.number(leg.callerid),
      number: this.number(leg.number),
      startedAt: instant(leg.startedAt),
      ...optional('ringingAt', at(leg.ringingAt)),
      ...optional('answeredAt', at(leg.answeredAt)),
      ...optional('endedAt', at(leg.endedAt)),
      durationSeconds: leg.durationSeconds,
      ...optional('code', leg.code),
      ...optional('reason', this.#maybe(leg.reason)),
      ...optional('endedBy', leg.endedBy),
      ...optional('media', leg.media),
    };
  }

  #maybe(text: string | undefined): string | undefined {
    return text === undefined || text === '' ? undefined : this.text(text);
  }

  /** Strings at any depth, and names too: a script chooses the names of what it logs. */
  #deep(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#deep(item));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [this.text(name), this.#deep(inner)]),
    );
  }
}

function optional<K extends string, T>(name: K, value: T | undefined): { [key in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: T });
}

function at(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : instant(ms);
}
