import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { RecordingRecord } from './ports.ts';
import type { Transcripts } from './transcripts.ts';

export interface RecordingsOptions {
  /** Where recordings lie. */
  readonly folder: string;
  /** How clients reach the API, without a slash at the end. */
  readonly publicUrl: string;
  /** `RecordKeeper` is one. */
  readonly keeper: { recordingChanged(recording: RecordingRecord): void };
  /** `Transcripts` is one. */
  readonly transcripts?: Pick<Transcripts, 'wanted' | 'recorded'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes a folder and those above it; tests have no disk. */
  readonly makeFolder?: (path: string) => void;
}

const makePrivateFolder = (path: string): void => void mkdirSync(path, { recursive: true, mode: 0o700 });

/** Same shape as `RecordingRegistry` of `scenario/ports.ts`, which records may not import. */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #running = new Map<string, RecordingRecord>();

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  /** Recordings that have begun and not finished. */
  get running(): number {
    return this.#running.size;
  }

  /** Names the place `YYYY/MM/DD/<session>/<recording>.wav` (UTC) and makes its folder. Throws when it cannot. */
  begin(options: {
    readonly sessionId: string;
    readonly callId: string;
    readonly channels: 1 | 2;
    readonly transcribe?: { readonly language: string; readonly phrases: readonly string[] } | undefined;
    readonly name?: string | undefined;
    readonly keepMonths?: number | undefined;
  }): {
    readonly recordingId: string;
    readonly path: string;
    readonly url: string;
  } {
    const {
      clock,
      random,
      folder,
      keeper,
      transcripts,
      publicUrl,
      makeFolder = makePrivateFolder,
    } = this.#options;
    const recordingId = random.uuid();
    const startedAt = clock.now();
    const day = new Date(startedAt).toISOString().slice(0, 10).replaceAll('-', '/');
    const relative = `${day}/${options.sessionId}/${recordingId}.wav`;
    const path = join(folder, relative);
    makeFolder(dirname(path));
    const recording: RecordingRecord = {
      recordingId,
      sessionId: options.sessionId,
      callId: options.callId,
      path: relative,
      channels: options.channels,
      startedAt,
      status: 'recording',
      seconds: undefined,
      bytes: undefined,
      error: undefined,
      name: options.name === undefined ? undefined : maskNumbersIn(options.name),
      keepUntil: options.keepMonths === undefined ? undefined : monthsAfter(startedAt, options.keepMonths),
    };
    this.#running.set(recordingId, recording);
    keeper.recordingChanged(recording);
    if (options.transcribe !== undefined) transcripts?.wanted(recordingId, options.transcribe);
    return { recordingId, path, url: `${publicUrl}/v1/recordings/${recordingId}/audio` };
  }

  /** Once per recording; a second call is ignored. With an error the recording is `partial`: what was written plays. */
  finish(outcome: {
    readonly recordingId: string;
    readonly seconds: number | undefined;
    readonly bytes: number | undefined;
    readonly channels: number;
    readonly error: string | undefined;
  }): void {
    const recording = this.#running.get(outcome.recordingId);
    if (recording === undefined) return;
    this.#running.delete(outcome.recordingId);
    this.#options.keeper.recordingChanged({
      ...recording,
      status: outcome.error === undefined ? 'complete' : 'partial',
      seconds: outcome.seconds,
      bytes: outcome.bytes,
      channels: outcome.channels,
      error: outcome.error,
    });
    this.#options.transcripts?.recorded(recording);
  }
}

/** The same day of the month, in UTC; the last one where there is none. */
function monthsAfter(at: number, months: number): number {
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + months);
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return date.getTime();
}
