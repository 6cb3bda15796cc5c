/** Text to sound. Mono, 16 bit, 8 kHz; rejects within its own time-out. The scenario layer's `SpeechSynthesis`. */
export interface Synthesis {
  /** `language` is BCP 47; `voice` a provider's own name, or empty for the default voice of the language. */
  say(text: string, options: SayOptions): Promise<Int16Array>;
}

export interface SayOptions {
  readonly language: string;
  readonly voice: string;
}

/** What cannot be said, in a sentence for the author of the script. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}
