/**
 * PocketSphinx (`pocketsphinx_continuous` of Debian's package `pocketsphinx`): one child for each utterance, which costs
 * 0.1 s with a list of phrases and 0.5 s with the whole language model. English only with Debian's model, which was
 * trained on 16 kHz: over a narrow-band telephone it is for short lists of phrases.
 */
import type { Clock } from '../kernel/clock.ts';
import { runProgram } from './child.ts';
import { Gate } from './gate.ts';
import { bytesOf } from './pcm.ts';
import { Pronunciations } from './pronunciations.ts';
import type { RecognisedWord, RecognitionOptions } from './recognition.ts';
import type { ScratchFolder } from './scratch.ts';
import type { Transcriber, UtteranceText } from './utterance-stream.ts';

export interface PocketsphinxOptions {
  readonly clock: Clock;
  readonly program: string;
  /** Folder with the acoustic model `en-us`, the dictionary and the language model, as Debian lays it out. */
  readonly model: string;
  readonly timeoutMs: number;
  readonly parallel: number;
  readonly scratch: ScratchFolder;
}

const MAX_OUTPUT = 256 * 1024;

export class PocketsphinxTranscriber implements Transcriber {
  readonly name = 'PocketSphinx';
  readonly rate = 16_000;
  readonly gate: Gate;
  readonly #options: PocketsphinxOptions;
  readonly #words: Pronunciations;

  constructor(options: PocketsphinxOptions) {
    this.#options = options;
    const { clock, parallel, timeoutMs, model } = options;
    this.gate = new Gate({ name: this.name, clock, parallel, timeoutMs });
    this.#words = new Pronunciations(`${model}/cmudict-en-us.dict`);
  }

  async transcribe(
    samples: Int16Array,
    { phrases }: RecognitionOptions,
    signal: AbortSignal,
  ): Promise<UtteranceText> {
    const { program, model, scratch } = this.#options;
    const grammar = grammarOf(await this.#words.sayable(phrases));
    const models = ['-hmm', `${model}/en-us`, '-dict', `${model}/cmudict-en-us.dict`];
    const run = (sound: string, search: readonly string[]): Promise<Buffer> =>
      runProgram({
        program,
        args: ['-infile', sound, '-time', 'yes', '-logfn', '/dev/null', ...models, ...search],
        maxOutput: MAX_OUTPUT,
        signal,
        name: this.name,
        install: 'Recognition needs PocketSphinx; install the packages pocketsphinx and pocketsphinx-en-us.',
      });
    const said = await scratch.withFile('.raw', bytesOf(samples), (sound) =>
      grammar === undefined
        ? run(sound, ['-lm', `${model}/en-us.lm.bin`])
        : scratch.withFile('.jsgf', Buffer.from(grammar), (path) => run(sound, ['-jsgf', path])),
    );
    return readResult(said.toString('utf8'));
  }
}

/** One of the phrases; undefined when there is none that could be said. */
function grammarOf(phrases: readonly string[]): string | undefined {
  if (phrases.length === 0) return undefined;
  return `#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = ${phrases.join(' | ')};\n`;
}

/** Lines of text, and after each of them its words: `word start end probability`. */
function readResult(output: string): UtteranceText {
  const texts: string[] = [];
  const words: RecognisedWord[] = [];
  for (const line of output.split('\n')) {
    const word = /^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/.exec(line);
    if (word === null) {
      if (line.trim() !== '') texts.push(line.trim());
      continue;
    }
    const [, text = '', start, end, probability] = word;
    // `<sil>`, `[NOISE]`: no words. `tomato(2)`: the second way to say it.
    if (/^[<[+]/.test(text)) continue;
    words.push({
      text: text.replace(/\(\d+\)$/, ''),
      startSeconds: Number(start),
      endSeconds: Number(end),
      confidence: Math.min(1, Number(probability)),
    });
  }
  const sum = words.reduce((total, { confidence = 0 }) => total + confidence, 0);
  return { text: texts.join(' '), confidence: words.length === 0 ? undefined : sum / words.length, words };
}
