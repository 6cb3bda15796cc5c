import type { Clock } from '../kernel/clock.ts';
import type {
  RecordingOutcome,
  RecordingPlace,
  RecordingRegistry,
  TranscriptWish,
} from '../scenario/ports.ts';

export interface Recorded {
  readonly url: string;
  /** The phone whose call is recorded; `session` for a recorder of its own. */
  readonly of: string;
  readonly channels: 1 | 2;
  /** Seconds; undefined while it runs. */
  readonly seconds: number | undefined;
  /** Present when it is to be recognised. */
  readonly transcribe?: TranscriptWish;
}

/** What a flow records, without a disk. */
export class Recordings implements RecordingRegistry {
  readonly #all = new Map<string, Recorded & { readonly since: number }>();
  readonly #clock: Clock;
  readonly #nameOf: (callId: string) => string;

  constructor(clock: Clock, nameOf: (callId: string) => string) {
    this.#clock = clock;
    this.#nameOf = nameOf;
  }

  /** In the order in which they began. */
  get all(): readonly Recorded[] {
    return [...this.#all.values()].map(({ since: _since, ...recorded }) => recorded);
  }

  begin({ callId, channels, transcribe }: Parameters<RecordingRegistry['begin']>[0]): RecordingPlace {
    const recordingId = `recording-${this.#all.size + 1}`;
    const url = `https://maskline.test/v1/recordings/${recordingId}/audio`;
    const since = this.#clock.monotonic();
    this.#all.set(recordingId, {
      ...{ url, of: this.#nameOf(callId), channels, seconds: undefined, since },
      ...(transcribe === undefined ? {} : { transcribe }),
    });
    return { recordingId, path: `/dev/null/${recordingId}`, url };
  }

  finish({ recordingId }: RecordingOutcome): void {
    const one = this.#all.get(recordingId);
    if (one !== undefined)
      this.#all.set(recordingId, { ...one, seconds: (this.#clock.monotonic() - one.since) / 1000 });
  }
}
