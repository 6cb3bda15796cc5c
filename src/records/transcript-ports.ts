/** What is kept of transcripts beside their files. `storage` implements `TranscriptStore`. */

export interface TranscriptJob {
  readonly recordingId: string;
  /** BCP 47; empty: the provider finds out. */
  readonly language: string;
  readonly phrases: readonly string[];
  /** `waiting`: for the end of the recording, for its turn, or for the next attempt. */
  readonly status: 'waiting' | 'complete' | 'failed';
  readonly attempts: number;
  /** Why the last attempt failed; holds nothing of what was said. */
  readonly error: string | undefined;
}

export interface TranscriptStore {
  /** Adds or replaces. */
  save(node: string, job: TranscriptJob): Promise<void>;
  get(recordingId: string): Promise<TranscriptJob | undefined>;
  /** Those of the node that wait, the oldest first. */
  waiting(node: string): Promise<readonly TranscriptJob[]>;
}
