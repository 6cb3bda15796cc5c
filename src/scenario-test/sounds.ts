/** Prompts without sound: what is spoken or played is a label and a length in time. */
import type { PlayerInput, PlayerPart } from '../media/engine.ts';
import type { SpeechSynthesis, VoiceWish } from '../scenario/ports.ts';

/** Milliseconds that a spoken character takes: 14 characters a second is an unhurried voice. */
const MS_PER_CHARACTER = 70;
/** What a sound file lasts when the test did not say. */
const FILE_SECONDS = 3;

export interface Spoken {
  readonly text: string;
  /** BCP 47. */
  readonly language: string;
  readonly voice: string;
}

export interface Prompt {
  /** `says: …`, `plays: https://…`, `tone: ringback RU`; the parts of a sequence with ` + ` between. */
  readonly label: string;
  /** Undefined: it never ends by itself. */
  readonly ms: number | undefined;
  /** Of a sequence: when each part begins, and how long it is. */
  readonly parts?: readonly { readonly from: number; readonly ms: number }[];
}

export class Sounds implements SpeechSynthesis {
  /** Everything that was given to the synthesis, in order. */
  readonly said: Spoken[] = [];
  /** Set: the synthesis is out of order, for this reason. */
  fault: string | undefined;
  readonly #samples = new WeakMap<Int16Array, Prompt & { readonly ms: number }>();
  readonly #files = new Map<string, { readonly seconds?: number; readonly error?: string }>();

  say(text: string, { language, voice }: VoiceWish): Promise<Int16Array> {
    this.said.push({ text, language, voice });
    if (this.fault !== undefined) return Promise.reject(new Error(this.fault));
    const samples = new Int16Array(1);
    this.#samples.set(samples, { label: `says: ${text}`, ms: text.length * MS_PER_CHARACTER });
    return Promise.resolve(samples);
  }

  /** How long the file at that address lasts, or why it cannot be had. */
  file(url: string, how: { readonly seconds?: number; readonly error?: string }): void {
    this.#files.set(url, how);
  }

  /** In place of the cache of fetched sounds: the "path" of a file is its address. */
  fetch(source: string | { readonly url: string }): Promise<string> {
    const url = typeof source === 'string' ? source : source.url;
    const error = this.#files.get(url)?.error;
    return error === undefined ? Promise.resolve(url) : Promise.reject(new Error(error));
  }

  promptOf(input: PlayerInput): Prompt {
    switch (input.kind) {
      case 'sequence':
        return this.#sequence(input.parts);
      case 'tone-script':
        return { label: `tones: ${input.script}`, ms: toneScriptMs(input.script) };
      case 'progress-tone':
        return { label: `tone: ${input.tone} ${input.country}`, ms: undefined };
      default:
        return this.#part(input);
    }
  }

  #part(input: PlayerPart): Prompt & { readonly ms: number } {
    if (input.kind === 'file') {
      const { seconds = FILE_SECONDS } = this.#files.get(input.path) ?? {};
      return { label: `plays: ${input.path}`, ms: seconds * 1000 };
    }
    return this.#samples.get(input.samples) ?? { label: 'plays: samples', ms: input.samples.length / 8 };
  }

  #sequence(inputs: readonly PlayerPart[]): Prompt {
    const prompts = inputs.map((input) => this.#part(input));
    let ms = 0;
    const parts = prompts.map((prompt) => {
      const from = ms;
      ms += prompt.ms;
      return { from, ms: prompt.ms };
    });
    return { label: prompts.map(({ label }) => label).join(' + '), ms, parts };
  }
}

/** Sections follow each other, each `seconds(cadence)`; a star is for ever (media/tone-script.ts). */
function toneScriptMs(script: string): number | undefined {
  let seconds = 0;
  for (const [, length = ''] of script.matchAll(/(?:^|;)\s*(\*|[\d.]+)\s*\(/g)) {
    if (length === '*') return undefined;
    seconds += Number(length);
  }
  return seconds * 1000;
}
