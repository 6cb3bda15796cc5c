/**
 * A stream on top of a provider that takes whole utterances: the end-pointer cuts them, one after the other is
 * recognised, results come in order. Bounded: an utterance has 30 s at most, and few wait.
 */
import type { Clock } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import type { PcmRate } from '../media/engine.ts';
import { Endpointer, type EndpointMark } from './endpointer.ts';
import type { Gate } from './gate.ts';
import type {
  RecognisedWord,
  Recogniser,
  RecognitionEvents,
  RecognitionOptions,
  RecognitionStream,
} from './recognition.ts';
import { SpeechError } from './speech-error.ts';

export interface UtteranceText {
  readonly text: string;
  /** 0 to 1. */
  readonly confidence: number | undefined;
  /** Times since the utterance began. */
  readonly words: readonly RecognisedWord[];
}

/** A provider that takes whole utterances. */
export interface Transcriber {
  readonly name: string;
  readonly rate: PcmRate;
  readonly gate: Gate;
  /** Rejects with a `SpeechError`; the gate sees to the time. */
  transcribe(samples: Int16Array, options: RecognitionOptions, signal: AbortSignal): Promise<UtteranceText>;
}

export class UtteranceRecogniser implements Recogniser {
  readonly #transcriber: Transcriber;
  readonly #clock: Clock;

  constructor(transcriber: Transcriber, clock: Clock) {
    this.#transcriber = transcriber;
    this.#clock = clock;
  }

  get name(): string {
    return this.#transcriber.name;
  }

  get isOpen(): boolean {
    return this.#transcriber.gate.isOpen;
  }

  open(options: RecognitionOptions): RecognitionStream {
    return new UtteranceStream(this.#transcriber, options, this.#clock);
  }
}

interface Utterance {
  readonly samples: Int16Array;
  readonly at: number;
}

/** Live speech is never further behind than this; who has it all at once waits for `drained`. */
const MAX_WAITING = 8;
/** Kept while nobody speaks: what the end-pointer may reach back to. */
const LEAD_SECONDS = 1;

export class UtteranceStream implements RecognitionStream {
  readonly events = new Emitter<RecognitionEvents>();
  readonly #transcriber: Transcriber;
  readonly #options: RecognitionOptions;
  readonly #endpointer: Endpointer;
  readonly #aborted = new AbortController();
  readonly #waiting: Utterance[] = [];
  readonly #drained: (() => void)[] = [];
  readonly #clock: Clock;
  #chunks: Int16Array[] = [];
  /** Position of the first sample in `#chunks`. */
  #begin = 0;
  #speechAt = 0;
  #working = false;
  #ending = false;
  #closed = false;

  constructor(transcriber: Transcriber, options: RecognitionOptions, clock: Clock) {
    this.#transcriber = transcriber;
    this.#options = options;
    this.#clock = clock;
    this.#endpointer = new Endpointer({ rate: transcriber.rate, endSilenceMs: options.endSilenceMs });
    // Listeners are added after the stream is there.
    const timer = clock.setTimeout(() => this.#tell('ready', {}), 0);
    this.#aborted.signal.addEventListener('abort', () => clock.clearTimeout(timer));
  }

  get provider(): string {
    return this.#transcriber.name;
  }

  get rate(): PcmRate {
    return this.#transcriber.rate;
  }

  write(samples: Int16Array): void {
    if (this.#closed || this.#ending) return;
    this.#chunks.push(samples);
    for (const mark of this.#endpointer.push(samples)) this.#on(mark);
    if (!this.#endpointer.speaking) this.#forget(this.#endpointer.position - LEAD_SECONDS * this.rate);
  }

  flush(): void {
    for (const mark of this.#endpointer.flush()) this.#on(mark);
  }

  drained(): Promise<void> {
    if (this.#closed || this.#waiting.length <= 1) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.flush();
    this.#ending = true;
    if (!this.#working) this.#clock.setTimeout(() => this.#finish(), 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.length = 0;
    this.#chunks = [];
    this.#aborted.abort();
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #on(mark: EndpointMark): void {
    if (mark.kind === 'start') {
      this.#speechAt = mark.at;
      this.#tell('speechStarted', {});
      return;
    }
    const samples = this.#cut(this.#speechAt, mark.at);
    this.#forget(mark.at);
    this.#tell('speechEnded', {});
    if (this.#waiting.length >= MAX_WAITING) {
      this.#tell('failed', { error: `${this.provider} does not keep up with what is said.`, fatal: false });
      return;
    }
    this.#waiting.push({ samples, at: this.#speechAt / this.rate });
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#recognise(next);
      if (this.#waiting.length <= 1) for (const resolve of this.#drained.splice(0)) resolve();
    }
    this.#working = false;
    if (this.#ending) this.#finish();
  }

  async #recognise({ samples, at }: Utterance): Promise<void> {
    const { gate } = this.#transcriber;
    try {
      const said = await gate.run(
        (signal) => this.#transcriber.transcribe(samples, this.#options, signal),
        this.#aborted.signal,
      );
      // Noise: somebody may have coughed.
      if (said.text === '') return;
      this.#tell('result', {
        text: said.text,
        confidence: said.confidence,
        startSeconds: at,
        endSeconds: at + samples.length / this.rate,
        words: said.words.map((word) => ({
          ...word,
          startSeconds: at + word.startSeconds,
          endSeconds: at + word.endSeconds,
        })),
      });
    } catch (error) {
      const message = error instanceof SpeechError ? error.message : `${this.provider} failed.`;
      this.#tell('failed', { error: message, fatal: false });
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.#tell('ended', {});
    this.close();
  }

  #cut(from: number, to: number): Int16Array {
    const out = new Int16Array(Math.max(0, to - from));
    let at = this.#begin;
    for (const chunk of this.#chunks) {
      const start = Math.max(from, at);
      const end = Math.min(to, at + chunk.length);
      if (end > start) out.set(chunk.subarray(start - at, end - at), start - from);
      at += chunk.length;
    }
    return out;
  }

  /** Drops whole chunks that lie before a position. */
  #forget(before: number): void {
    let dropped = 0;
    for (const chunk of this.#chunks) {
      if (this.#begin + chunk.length > before) break;
      this.#begin += chunk.length;
      dropped++;
    }
    if (dropped > 0) this.#chunks.splice(0, dropped);
  }

  #tell<K extends keyof RecognitionEvents>(name: K, payload: RecognitionEvents[K]): void {
    if (!this.#closed) this.events.emit(name, payload);
  }
}
