/**
 * eSpeak NG as a child process: text by standard input, WAV from standard output, no shell and no text among the
 * arguments (other users of the machine can read those).
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../kernel/clock.ts';
import { readWav } from '../media/wav.ts';
import { type SayOptions, type Synthesis, SynthesisError } from './synthesis.ts';

export interface EspeakOptions {
  readonly clock: Clock;
  /** Path or name of the program. */
  readonly program?: string;
  readonly timeoutMs?: number;
  /** Children at once; further texts wait. A busy machine speaks late rather than not at all. */
  readonly parallel?: number;
}

const MAX_TEXT = 8192;
/** Ten minutes of 16 bit at 22 050 Hz. */
const MAX_OUTPUT = 10 * 60 * 22_050 * 2;

/** Names that eSpeak NG spells in its own way. */
const VOICES: Readonly<Record<string, string>> = {
  'en-US': 'en-us',
  'en-GB': 'en-gb',
  'pt-BR': 'pt-br',
  'cmn-CN': 'cmn',
  'nb-NO': 'nb',
};

export class EspeakSynthesis implements Synthesis {
  readonly #options: EspeakOptions;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: EspeakOptions) {
    this.#options = options;
  }

  async say(text: string, { language, voice }: SayOptions): Promise<Int16Array> {
    if (text.length > MAX_TEXT) throw new SynthesisError(`The text is longer than ${MAX_TEXT} characters.`);
    if (text.trim() === '') return new Int16Array(0);
    const name = voice === '' ? (VOICES[language] ?? language.split('-')[0] ?? 'en') : voice;
    // Becomes an argument of a program: nothing that could be an option or a path.
    if (!/^[a-z]{2,3}(?:[-+][A-Za-z0-9]{1,16})*$/.test(name))
      throw new SynthesisError(`eSpeak NG has no voice ${name}.`);
    await this.#turn();
    try {
      return readWav(await this.#run(name, text));
    } finally {
      this.#running--;
      this.#queue.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= (this.#options.parallel ?? 2))
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running++;
  }

  #run(voice: string, text: string): Promise<Buffer> {
    const { clock, program = 'espeak-ng', timeoutMs = 5000 } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const child = spawn(program, ['--stdin', '--stdout', '-v', voice], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
    });
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (message: string): void => {
      child.kill('SIGKILL');
      reject(new SynthesisError(message));
    };
    const timer = clock.setTimeout(
      () => fail(`Speech was not made within ${timeoutMs / 1000} s.`),
      timeoutMs,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT) fail('The spoken text is longer than ten minutes.');
      else chunks.push(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      clock.clearTimeout(timer);
      fail(
        error.code === 'ENOENT'
          ? 'Speech needs eSpeak NG; install the package espeak-ng.'
          : `eSpeak NG did not start: ${error.message}`,
      );
    });
    child.on('close', (code) => {
      clock.clearTimeout(timer);
      if (code === 0 && size > 0) resolve(Buffer.concat(chunks));
      else fail(`eSpeak NG ended with status ${String(code)}; the voice ${voice} may be missing.`);
    });
    // A child that is gone already must not bring us down.
    child.stdin.on('error', () => {});
    child.stdin.end(text);
    return promise;
  }
}
