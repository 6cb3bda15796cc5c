/**
 * sherpa-onnx as child processes: `sherpa-onnx-offline-tts` speaks, `sherpa-onnx-offline` recognises; which model, its
 * own options say (`arguments`). Not its npm package: that one is Apache-2.0, but the library inside carries the phonemes
 * of eSpeak NG (GPL-3.0) and would run in our process. The program takes the text as an argument and no other way: other
 * users of the machine can read it while it is spoken (docs/guide/speech.md).
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../kernel/clock.ts';
import { runProgram } from './child.ts';
import { Gate } from './gate.ts';
import { levelled, wavOf, wavTo8k } from './pcm.ts';
import { RecognitionError, type RecognitionOptions } from './recognition.ts';
import type { ScratchFolder } from './scratch.ts';
import { checkText, PLAIN, type SayOptions, type Synthesis, type VoiceTable, voiceOf } from './synthesis.ts';
import type { Transcriber, UtteranceText } from './utterance-stream.ts';

export interface SherpaOptions {
  readonly clock: Clock;
  readonly program: string;
  /** E.g. `--vits-model=/models/ru/model.onnx`. */
  readonly arguments: readonly string[];
  readonly timeoutMs: number;
  readonly parallel: number;
  readonly scratch: ScratchFolder;
}

const MAX_TALK = 1024 * 1024;

export class SherpaSynthesis implements Synthesis {
  readonly #options: SherpaOptions & { readonly voices: VoiceTable };
  readonly #gate: Gate;

  /** `voices`: numbers of speakers within the model. */
  constructor(options: SherpaOptions & { readonly voices: VoiceTable }) {
    this.#options = options;
    const { clock, parallel, timeoutMs } = options;
    this.#gate = new Gate({ name: 'sherpa-onnx', clock, parallel, timeoutMs });
  }

  async say(text: string, options: SayOptions): Promise<Int16Array> {
    checkText(text);
    const line = text.replace(/\s+/g, ' ').trim();
    if (line === '') return new Int16Array(0);
    const { program, arguments: own, scratch, voices } = this.#options;
    const { speed, gainDb } = options.tuning ?? PLAIN;
    const speaker = voiceOf(voices, { ...options, voice: '' });
    const wav = await this.#gate.run((signal) =>
      scratch.withFile('.wav', undefined, async (path) => {
        const args = [
          ...own,
          ...(speaker === undefined ? [] : [`--sid=${speaker}`]),
          ...paceOf(own, speed),
          `--output-filename=${path}`,
          // A text that begins with a hyphen is no option.
          line.startsWith('-') ? ` ${line}` : line,
        ];
        await runProgram({ ...talk(program), args, signal, maxOutput: MAX_TALK });
        return await readFile(path);
      }),
    );
    return levelled(await wavTo8k(wav), gainDb);
  }
}

export class SherpaTranscriber implements Transcriber {
  readonly name = 'sherpa-onnx';
  readonly rate = 16_000;
  readonly gate: Gate;
  readonly #options: SherpaOptions;

  constructor(options: SherpaOptions) {
    this.#options = options;
    const { clock, parallel, timeoutMs } = options;
    this.gate = new Gate({ name: this.name, clock, parallel, timeoutMs });
  }

  async transcribe(samples: Int16Array, _: RecognitionOptions, signal: AbortSignal): Promise<UtteranceText> {
    const { program, arguments: own, scratch } = this.#options;
    const said = await scratch.withFile('.wav', wavOf(samples, this.rate), (path) =>
      runProgram({ ...talk(program), args: [...own, path], signal, maxOutput: MAX_TALK, withErrors: true }),
    );
    return readResult(said.toString('utf8'), samples.length / this.rate);
  }
}

/** Each family of models has an option of its own for it, a factor of duration; an option it does not know is fatal. */
function paceOf(own: readonly string[], speed: number): string[] {
  const family = own
    .map((one) => /^--(vits|matcha|kokoro|kitten)-/.exec(one)?.[1])
    .find((one) => one !== undefined);
  return speed === 1 || family === undefined ? [] : [`--${family}-length-scale=${(1 / speed).toFixed(2)}`];
}

const talk = (program: string) => ({
  program,
  name: 'sherpa-onnx',
  install: `sherpa-onnx was not found at ${program}; correct \`program\` in the settings of speech.`,
});

/** Its result is one line of JSON among what else it says. */
function readResult(said: string, seconds: number): UtteranceText {
  const line = said.split('\n').find((one) => one.startsWith('{') && one.includes('"text"'));
  let result: { text?: unknown; tokens?: unknown; timestamps?: unknown };
  try {
    result = JSON.parse(line ?? '') as typeof result;
  } catch {
    throw new RecognitionError('sherpa-onnx gave no result.');
  }
  if (typeof result.text !== 'string') throw new RecognitionError('sherpa-onnx gave no result.');
  return {
    text: result.text.trim(),
    confidence: undefined,
    words: wordsOf(result.tokens, result.timestamps, seconds),
  };
}

/** Tokens that begin with a space (or `▁`) begin a word. */
function wordsOf(tokens: unknown, times: unknown, seconds: number): UtteranceText['words'] {
  if (!Array.isArray(tokens) || !Array.isArray(times) || tokens.length !== times.length) return [];
  const words: { text: string; startSeconds: number; endSeconds: number; confidence: undefined }[] = [];
  for (const [index, token] of (tokens as readonly unknown[]).entries()) {
    const at = times[index] as unknown;
    if (typeof token !== 'string' || typeof at !== 'number') return [];
    const text = token.replace(/^[ ▁]/, '');
    const last = words.at(-1);
    if (last === undefined || text !== token) {
      if (last !== undefined) last.endSeconds = at;
      words.push({ text, startSeconds: at, endSeconds: seconds, confidence: undefined });
    } else last.text += text;
  }
  return words;
}
