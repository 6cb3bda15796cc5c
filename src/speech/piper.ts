/**
 * Piper: neural voices as ONNX files, on this machine, as a child process. A line of text by standard input, raw samples
 * from standard output. The rate stands in the JSON file beside the model.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../kernel/clock.ts';
import { runProgram } from './child.ts';
import { Gate } from './gate.ts';
import { levelled, samplesOf, to8k } from './pcm.ts';
import { checkText, PLAIN, type SayOptions, type Synthesis, SynthesisError } from './synthesis.ts';

export interface PiperOptions {
  readonly clock: Clock;
  /** Path or name of the program. */
  readonly program: string;
  /** Path of the voice, `….onnx`; `….onnx.json` lies beside it. */
  readonly model: string;
  readonly timeoutMs: number;
  readonly parallel: number;
}

/** Ten minutes of 16 bit at 22 050 Hz. */
const MAX_OUTPUT = 10 * 60 * 22_050 * 2;

export class PiperSynthesis implements Synthesis {
  readonly #options: PiperOptions;
  readonly #gate: Gate;
  #rate: number | undefined;

  constructor(options: PiperOptions) {
    this.#options = options;
    const { clock, parallel, timeoutMs } = options;
    this.#gate = new Gate({ name: 'Piper', clock, parallel, timeoutMs });
  }

  async say(text: string, { tuning = PLAIN }: SayOptions): Promise<Int16Array> {
    checkText(text);
    const line = text.replace(/\s+/g, ' ').trim();
    if (line === '') return new Int16Array(0);
    const { program, model } = this.#options;
    // Its pitch cannot be changed; its pace is a factor of duration.
    const args = ['--model', model, '--output-raw', '--length_scale', (1 / tuning.speed).toFixed(2)];
    const { raw, rate } = await this.#gate.run(async (signal) => ({
      rate: await this.#rateOfModel(),
      raw: await runProgram({
        program,
        args,
        input: `${line}\n`,
        maxOutput: MAX_OUTPUT,
        signal,
        name: 'Piper',
        install: `Piper was not found at ${program}; correct speech.synthesis[].program.`,
      }),
    }));
    if (raw.length === 0) throw new SynthesisError('Piper gave no sound.');
    return levelled(await to8k(samplesOf(raw), rate), tuning.gainDb);
  }

  async #rateOfModel(): Promise<number> {
    if (this.#rate !== undefined) return this.#rate;
    const path = `${this.#options.model}.json`;
    let rate: unknown;
    try {
      const about = JSON.parse(await readFile(path, 'utf8')) as { audio?: { sample_rate?: unknown } };
      rate = about.audio?.sample_rate;
    } catch {
      throw new SynthesisError(`The description of the Piper voice, ${path}, cannot be read.`);
    }
    if (typeof rate !== 'number' || rate < 8000 || rate > 48_000)
      throw new SynthesisError(`${path} names no sample rate.`);
    this.#rate = rate;
    return rate;
  }
}
