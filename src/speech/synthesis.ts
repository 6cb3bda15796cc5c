/** Text to sound. Mono, 16 bit, 8 kHz; rejects within its own time-out. The scenario layer's `SpeechSynthesis`. */
import { SpeechError } from './speech-error.ts';

export interface Synthesis {
  say(text: string, options: SayOptions): Promise<Int16Array>;
}

export interface SayOptions {
  /** BCP 47, e.g. `ru-RU`. */
  readonly language: string;
  /** A provider's own name, or empty for the default voice of the language. */
  readonly voice: string;
  readonly gender?: 'female' | 'male' | undefined;
  readonly tuning?: SpeechTuning | undefined;
}

/** As far as a provider can; what it cannot is left out. */
export interface SpeechTuning {
  /** 1 is the voice's own pace. */
  readonly speed: number;
  readonly pitchSemitones: number;
  readonly gainDb: number;
}

export const PLAIN: SpeechTuning = { speed: 1, pitchSemitones: 0, gainDb: 0 };

/** A provider's own voice by language, e.g. `ru-RU female`, `ru female`, `ru-RU`, `ru`, `default`; the first that is there. */
export type VoiceTable = Readonly<Record<string, string>>;

export function voiceOf(table: VoiceTable, { language, voice, gender }: SayOptions): string | undefined {
  if (voice !== '') return voice;
  const base = language.split('-')[0] ?? '';
  const keys = [
    ...(gender === undefined ? [] : [`${language} ${gender}`, `${base} ${gender}`]),
    language,
    base,
    'default',
  ];
  return keys.map((key) => table[key]).find((found) => found !== undefined);
}

const MAX_TEXT = 8192;

/** @throws SynthesisError for a text that is longer than a provider should be asked to say. */
export function checkText(text: string): void {
  if (text.length > MAX_TEXT)
    throw new SynthesisError(`The text is longer than ${MAX_TEXT} characters.`, 'request');
}

/** What cannot be said, in a sentence for the author of the script. */
export class SynthesisError extends SpeechError {
  override readonly name = 'SynthesisError';
}
