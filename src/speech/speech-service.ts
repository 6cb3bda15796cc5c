/** Speech as scenarios and records see it: the first configured provider that serves the language and works. */

import { type Served, serves } from './provider-list.ts';
import {
  type Recogniser,
  type Recognition,
  RecognitionError,
  type RecognitionOptions,
  type RecognitionStream,
} from './recognition.ts';
import { SpeechError } from './speech-error.ts';
import { type SayOptions, type Synthesis, SynthesisError } from './synthesis.ts';

export interface SynthesisEntry extends Served {
  readonly name: string;
  readonly synthesis: Synthesis;
}

/** Asks one provider after the other. Each has its own time-out, so all of them together are bounded, too. */
export class SynthesisChain implements Synthesis {
  readonly #entries: readonly SynthesisEntry[];

  constructor(entries: readonly SynthesisEntry[]) {
    this.#entries = entries;
  }

  async say(text: string, options: SayOptions): Promise<Int16Array> {
    let failure = new SynthesisError(`No synthesis is configured for ${options.language}.`, 'request');
    for (const { synthesis } of this.#entries.filter((entry) => serves(entry, options.language))) {
      try {
        return await synthesis.say(text, options);
      } catch (error) {
        failure =
          error instanceof SpeechError
            ? new SynthesisError(error.message, error.blame)
            : new SynthesisError('The text could not be spoken.');
      }
    }
    throw failure;
  }
}

export interface RecognitionEntry extends Served {
  readonly recogniser: Recogniser;
}

/** The first provider that is not resting; while all of them rest, the first says so. */
export class RecognitionChoice implements Recognition {
  readonly #entries: readonly RecognitionEntry[];

  constructor(entries: readonly RecognitionEntry[]) {
    this.#entries = entries;
  }

  open(options: RecognitionOptions): RecognitionStream {
    const fit = this.#entries.filter((entry) => serves(entry, options.language));
    if (fit.length === 0) {
      const language = options.language === '' ? 'any language' : options.language;
      throw new RecognitionError(`No recognition is configured for ${language}.`, 'request');
    }
    let failure: unknown;
    for (const { recogniser } of fit) {
      if (!recogniser.isOpen) continue;
      try {
        return recogniser.open(options);
      } catch (error) {
        failure = error;
      }
    }
    throw (
      failure ??
      new RecognitionError('Every recognition for the language has failed several times and rests.')
    );
  }
}
