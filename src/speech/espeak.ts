/**
 * eSpeak NG as a child process: text by standard input, WAV from standard output. Not beautiful, but there on every
 * Debian, in a hundred languages, and in 50 ms. Voice variants `f2` and `m3` and a pace a little under its own are what
 * stays clear in the band of the telephone.
 */
import type { Clock } from '../kernel/clock.ts';
import { runProgram } from './child.ts';
import { Gate } from './gate.ts';
import { levelled, wavTo8k } from './pcm.ts';
import {
  checkText,
  PLAIN,
  type SayOptions,
  type Synthesis,
  SynthesisError,
  type VoiceTable,
  voiceOf,
} from './synthesis.ts';

export interface EspeakOptions {
  readonly clock: Clock;
  /** Path or name of the program. */
  readonly program?: string;
  readonly timeoutMs?: number;
  /** Children at once; further texts wait. A busy machine speaks late rather than not at all. */
  readonly parallel?: number;
  /** Voices of eSpeak NG by language, e.g. `{ 'en-GB female': 'en-gb+f4' }`. */
  readonly voices?: VoiceTable;
}

/** Ten minutes of 16 bit at 22 050 Hz. */
const MAX_OUTPUT = 10 * 60 * 22_050 * 2;
/** Words per minute; its own pace of 175 is that of a reader, not of somebody on the phone. */
const PACE = 155;
const VARIANTS = { female: 'f2', male: 'm3' } as const;

/** Names that eSpeak NG spells in its own way. */
const VOICES: VoiceTable = {
  'en-US': 'en-us',
  'en-GB': 'en-gb',
  'pt-BR': 'pt-br',
  'cmn-CN': 'cmn',
  zh: 'cmn',
  'nb-NO': 'nb',
  no: 'nb',
};

export class EspeakSynthesis implements Synthesis {
  readonly #options: EspeakOptions;
  readonly #gate: Gate;

  constructor(options: EspeakOptions) {
    this.#options = options;
    const { clock, parallel = 2, timeoutMs = 5000 } = options;
    this.#gate = new Gate({ name: 'eSpeak NG', clock, parallel, timeoutMs });
  }

  async say(text: string, options: SayOptions): Promise<Int16Array> {
    checkText(text);
    if (text.trim() === '') return new Int16Array(0);
    const voice = this.#voice(options);
    // Becomes an argument of a program: nothing that could be an option or a path.
    if (!/^[a-z]{2,3}(?:[-+][A-Za-z0-9]{1,16})*$/.test(voice))
      throw new SynthesisError(`eSpeak NG has no voice ${voice}.`, 'request');
    const { speed, pitchSemitones, gainDb } = options.tuning ?? PLAIN;
    // 80 and 450 are its own bounds; its pitch goes from 0 to 99, about four steps to a semitone.
    const pace = Math.round(Math.min(450, Math.max(80, PACE * speed)));
    const pitch = Math.round(Math.min(99, Math.max(0, 50 + 4 * pitchSemitones)));
    const args = ['--stdin', '--stdout', '-v', voice, '-s', String(pace), '-p', String(pitch)];
    const wav = await this.#gate.run((signal) =>
      runProgram({
        program: this.#options.program ?? 'espeak-ng',
        args,
        input: text,
        maxOutput: MAX_OUTPUT,
        signal,
        name: 'eSpeak NG',
        install: 'Speech needs eSpeak NG; install the package espeak-ng.',
      }),
    );
    if (wav.length === 0)
      throw new SynthesisError(`eSpeak NG gave nothing; the voice ${voice} may be missing.`);
    return levelled(await wavTo8k(wav), gainDb);
  }

  #voice(options: SayOptions): string {
    const own = voiceOf(this.#options.voices ?? {}, options);
    if (own !== undefined) return own;
    const base = voiceOf(VOICES, options) ?? options.language.split('-')[0] ?? 'en';
    return `${base}+${VARIANTS[options.gender ?? 'female']}`;
  }
}
