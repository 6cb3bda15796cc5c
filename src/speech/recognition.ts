/** Sound to text. */
import type { Emitter } from '../kernel/emitter.ts';
import type { PcmRate } from '../media/engine.ts';
import { SpeechError } from './speech-error.ts';

export interface RecognitionOptions {
  /** BCP 47; empty: the provider finds out. */
  readonly language: string;
  /** Words or sentences that are likely to be said, or the only ones that can be. */
  readonly phrases: readonly string[];
  /** Silence after which an utterance is over, in milliseconds. */
  readonly endSilenceMs: number;
}

export interface RecognisedWord {
  readonly text: string;
  /** Since the stream began. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** 0 to 1. */
  readonly confidence: number | undefined;
}

export interface Recognised {
  readonly text: string;
  /** 0 to 1; undefined when the provider does not say. */
  readonly confidence: number | undefined;
  /** Since the stream began. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Empty when the provider tells no times. */
  readonly words: readonly RecognisedWord[];
}

export interface RecognitionEvents {
  /** The provider takes sound. Once, first. */
  ready: object;
  speechStarted: object;
  /** The utterance is complete; its result is on its way. */
  speechEnded: object;
  interim: { readonly text: string };
  result: Recognised;
  /** One utterance is lost; after a fatal one the stream is over. The sentence holds nothing of what was said. */
  failed: { readonly error: string; readonly fatal: boolean };
  /** After `end()`: everything was recognised or has failed. */
  ended: object;
}

/** One source of sound being recognised. Every wait has a time-out that ends in `failed`. */
export interface RecognitionStream {
  readonly provider: string;
  /** What `write` takes. */
  readonly rate: PcmRate;
  readonly events: Emitter<RecognitionEvents>;
  /** Mono; the samples become the stream's own. */
  write(samples: Int16Array): void;
  /** The sound pauses: what is open is an utterance. */
  flush(): void;
  /** Resolves when little of what was written is still waiting: for those who have it all at once. */
  drained(): Promise<void>;
  /** No more sound; `ended` follows, or `failed`. */
  end(): void;
  /** At once, without an event. */
  close(): void;
}

/** A provider. */
export interface Recogniser {
  readonly name: string;
  /** False while it is given a rest after failures. */
  readonly isOpen: boolean;
  open(options: RecognitionOptions): RecognitionStream;
}

/** Whoever recognises for the language; the scenario layer's and the records' way in. */
export interface Recognition {
  /** @throws RecognitionError when no provider is configured for the language, or none works at the moment. */
  open(options: RecognitionOptions): RecognitionStream;
}

/** What cannot be recognised, in a sentence for the author of the script. */
export class RecognitionError extends SpeechError {
  override readonly name = 'RecognitionError';
}
