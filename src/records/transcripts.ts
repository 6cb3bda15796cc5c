/**
 * Recordings that are to be recognised, after they are complete. The state of each is in the database from the moment the
 * recording begins; the work is done behind the calls' back, few at a time, tried again after a while, and goes on after
 * a restart. What was said is written beside the recording and nowhere else.
 */
import { join } from 'node:path';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { SpeechError } from '../speech/speech-error.ts';
import type { FileTranscript } from '../speech/transcribe-file.ts';
import type { RecordingRecord, RecordStore } from './ports.ts';
import { documentOf, removeTranscript, writeTranscript } from './transcript-file.ts';
import type { TranscriptJob, TranscriptStore } from './transcript-ports.ts';

export interface TranscriptsOptions {
  readonly store: TranscriptStore;
  readonly records: Pick<RecordStore, 'recording'>;
  readonly node: string;
  /** Absolute. */
  readonly recordingsFolder: string;
  readonly recognise: (
    path: string,
    options: { readonly language: string; readonly phrases: readonly string[] },
    signal: AbortSignal,
  ) => Promise<FileTranscript>;
  /** Recordings at once. */
  readonly parallel: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** After the first failure, the second, …; then it is given up. */
const AGAIN_AFTER_MS = [30_000, 120_000, 600_000, 3_600_000];
const CLOSE_MS = 5_000;
/** A database that was away is told later. */
const SAVE_AGAIN_MS = 5_000;
/** States that wait for the database at most; what is lost with a kill is recognised once more. */
const MAX_UNSAVED = 10_000;

interface Work {
  readonly job: TranscriptJob;
  /** Relative to the recordings folder. */
  readonly path: string;
}

export class Transcripts {
  readonly #options: TranscriptsOptions;
  /** Recordings that go on. */
  readonly #recording = new Map<string, TranscriptJob>();
  readonly #waiting: Work[] = [];
  readonly #timers = new Set<TimerHandle>();
  readonly #running = new Set<Promise<void>>();
  readonly #unsaved = new Map<string, TranscriptJob>();
  readonly #aborted = new AbortController();
  #saving: Promise<void> | undefined;
  #saveTimer: TimerHandle | undefined;

  constructor(options: TranscriptsOptions) {
    this.#options = options;
  }

  /** For tests that wait for the end. */
  get open(): number {
    return (
      this.#recording.size +
      this.#waiting.length +
      this.#timers.size +
      this.#running.size +
      this.#unsaved.size
    );
  }

  /** A recording began that is to be recognised. */
  wanted(
    recordingId: string,
    wish: { readonly language: string; readonly phrases: readonly string[] },
  ): void {
    const { language, phrases } = wish;
    const job: TranscriptJob = {
      recordingId,
      language,
      phrases,
      status: 'waiting',
      attempts: 0,
      error: undefined,
    };
    this.#recording.set(recordingId, job);
    this.#save(job);
  }

  /** A recording is complete, or was cut off: what was written is recognised. */
  recorded({ recordingId, path }: Pick<RecordingRecord, 'recordingId' | 'path'>): void {
    const job = this.#recording.get(recordingId);
    if (job === undefined) return;
    this.#recording.delete(recordingId);
    this.#enqueue({ job, path });
  }

  /** Goes on with what a dead process of this node left. After its recordings have been repaired. */
  async resume(): Promise<number> {
    const { store, records, node } = this.#options;
    const jobs = await store.waiting(node);
    for (const job of jobs) {
      const recording = await records.recording(job.recordingId);
      if (recording === undefined || recording.status === 'recording')
        this.#save({ ...job, status: 'failed', error: 'The recording was lost.' });
      else this.#enqueue({ job, path: recording.path });
    }
    return jobs.length;
  }

  /** Stops at once; what is not finished goes on at the next start. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    this.#aborted.abort();
    for (const timer of this.#timers) clock.clearTimeout(timer);
    clock.clearTimeout(this.#saveTimer);
    this.#timers.clear();
    this.#recording.clear();
    this.#waiting.length = 0;
    // A database that hangs must not keep the node from stopping.
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => late.resolve(), CLOSE_MS);
    await Promise.race([Promise.all([...this.#running, this.#saving]), late.promise]);
    clock.clearTimeout(timer);
  }

  #enqueue(work: Work): void {
    this.#waiting.push(work);
    this.#next();
  }

  #next(): void {
    while (this.#running.size < this.#options.parallel && !this.#aborted.signal.aborted) {
      const work = this.#waiting.shift();
      if (work === undefined) return;
      const running = this.#attempt(work).finally(() => {
        this.#running.delete(running);
        this.#next();
      });
      this.#running.add(running);
    }
  }

  async #attempt({ job, path }: Work): Promise<void> {
    const { recognise, records, recordingsFolder, log } = this.#options;
    const { recordingId, language, phrases } = job;
    const file = join(recordingsFolder, path);
    try {
      const transcript = await recognise(file, { language, phrases }, this.#aborted.signal);
      await writeTranscript(file, documentOf(recordingId, language, transcript));
      // It was taken away meanwhile, row first: its words must not stay behind.
      if ((await records.recording(recordingId)) === undefined) return await removeTranscript(file);
      this.#save({ ...job, status: 'complete', attempts: job.attempts + 1, error: undefined });
    } catch (error) {
      if (this.#aborted.signal.aborted) return;
      const message =
        error instanceof SpeechError ? error.message : `It could not be written (${codeOf(error)}).`;
      const failed = { ...job, attempts: job.attempts + 1, error: message };
      const pause = AGAIN_AFTER_MS[job.attempts];
      const isFinal = pause === undefined || (error instanceof SpeechError && error.blame === 'request');
      log.warn({ recording: recordingId, attempt: failed.attempts, isFinal }, `no transcript: ${message}`);
      this.#save({ ...failed, status: isFinal ? 'failed' : 'waiting' });
      if (!isFinal) this.#later(pause, () => this.#enqueue({ job: failed, path }));
    }
  }

  #later(ms: number, then: () => void): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }

  #save(job: TranscriptJob): void {
    if (this.#unsaved.size >= MAX_UNSAVED) return;
    // The latest state replaces an earlier one, in its place.
    this.#unsaved.set(job.recordingId, job);
    this.#saving ??= this.#write();
  }

  async #write(): Promise<void> {
    const { store, node, clock, log } = this.#options;
    clock.clearTimeout(this.#saveTimer);
    // A state that comes while an older one of the recording is being written is written after it.
    for (let next = this.#oldest(); next !== undefined; next = this.#oldest()) {
      const [recordingId, job] = next;
      try {
        await store.save(node, job);
        if (this.#unsaved.get(recordingId) === job) this.#unsaved.delete(recordingId);
      } catch (error) {
        log.warn({ code: codeOf(error) }, 'the state of a transcript could not be stored; it is tried again');
        if (this.#aborted.signal.aborted) return;
        this.#saveTimer = clock.setTimeout(() => {
          this.#saving ??= this.#write();
        }, SAVE_AGAIN_MS);
        break;
      }
    }
    this.#saving = undefined;
  }

  #oldest(): readonly [string, TranscriptJob] | undefined {
    const [first] = this.#unsaved;
    return first;
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'error';
}
