/**
 * Compressed sounds to WAV, by programs that Debian carries, as processes of their own: what a file does to its decoder
 * does not happen to us, and neither the main thread nor a media worker computes. Each may use so much time, memory and
 * disk and no more, so that a small file which unpacks to a huge one ends its decoder only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock.ts';
import type { SoundFormat } from './format.ts';

/** Half an hour; at 8 kHz mono 29 MB. */
const MAX_SECONDS = 30 * 60;
const BYTES_PER_SECOND = 8000 * 2;
/** `opusdec` leaves the channels as they are. */
const OPUS_CHANNELS = 2;
const TIMEOUT_MS = 30_000;
const CPU_SECONDS = 20;
const MEMORY_KB = 512 * 1024;
const WAV_HEADER_BYTES = 44;
/** Of the shell, when there is no such program. */
const NOT_FOUND = 127;

type Compressed = Exclude<SoundFormat, 'wav'>;

interface Program {
  readonly name: string;
  /** Debian's packages. */
  readonly packages: string;
  readonly args: (input: string, output: string, maxSeconds: number) => readonly string[];
}

const sox = (type: string, packages = 'sox'): Program => ({
  name: 'sox',
  packages,
  args: (input, output, maxSeconds) => [
    ...['-V1', '-D', '--single-threaded', '-t', type, input],
    ...['-t', 'wav', '-e', 'signed-integer', '-b', '16', '-r', '8000', '-c', '1', output],
    ...['trim', '0', String(maxSeconds + 1)],
  ],
});

const PROGRAMS: Readonly<Record<Compressed, Program>> = {
  'compressed-wav': sox('wav'),
  mp3: sox('mp3', 'sox and libsox-fmt-mp3'),
  vorbis: sox('vorbis'),
  flac: sox('flac'),
  opus: {
    name: 'opusdec',
    packages: 'opus-tools',
    args: (input, output) => ['--quiet', '--rate', '8000', '--no-dither', '--force-wav', input, output],
  },
};

const NAMES: Readonly<Record<Compressed, string>> = {
  'compressed-wav': 'compressed WAV',
  mp3: 'MP3',
  vorbis: 'Ogg Vorbis',
  flac: 'FLAC',
  opus: 'Opus',
};

/** What cannot be decoded, in a sentence for the author of the script. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

export interface SoundDecoder {
  /** Makes a WAV file that wav.ts reads. @throws DecodeError within half a minute of its turn. */
  decode(format: Compressed, input: string, output: string): Promise<void>;
  /** Ends what runs; nothing is decoded any more. */
  close(): void;
}

export interface ProgramDecoderOptions {
  readonly clock: Clock;
  /** Processes at once; further files wait. */
  readonly parallel?: number;
  /** Sounds that last longer are not played. */
  readonly maxSeconds?: number;
  /** Where programs are looked for; as this process does when it is absent. */
  readonly path?: string | undefined;
}

export class ProgramDecoder implements SoundDecoder {
  readonly #options: ProgramDecoderOptions;
  readonly #queue: (() => void)[] = [];
  readonly #children = new Set<ChildProcess>();
  #running = 0;
  #closed = false;

  constructor(options: ProgramDecoderOptions) {
    this.#options = options;
  }

  async decode(format: Compressed, input: string, output: string): Promise<void> {
    await this.#turn(format);
    try {
      await this.#run(format, input, output);
      const bytes = (await stat(output)).size - WAV_HEADER_BYTES;
      if (bytes <= 0) throw new DecodeError(`The ${NAMES[format]} file holds no sound.`);
      const channels = format === 'opus' ? OPUS_CHANNELS : 1;
      if (bytes > this.#maxSeconds * BYTES_PER_SECOND * channels) throw this.#tooLong(format);
    } finally {
      this.#running--;
      this.#queue.shift()?.();
    }
  }

  get #maxSeconds(): number {
    return this.#options.maxSeconds ?? MAX_SECONDS;
  }

  #tooLong(format: Compressed): DecodeError {
    return new DecodeError(`The ${NAMES[format]} file is longer than ${this.#maxSeconds / 60} minutes.`);
  }

  close(): void {
    this.#closed = true;
    for (const child of this.#children) child.kill('SIGKILL');
  }

  async #turn(format: Compressed): Promise<void> {
    if (this.#running < (this.#options.parallel ?? 2)) {
      this.#running++;
      return;
    }
    const { clock } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => {
      this.#queue.splice(this.#queue.indexOf(go), 1);
      reject(tooSlow(format));
    }, TIMEOUT_MS);
    const go = (): void => {
      clock.clearTimeout(timer);
      this.#running++;
      resolve();
    };
    this.#queue.push(go);
    await promise;
  }

  #run(format: Compressed, input: string, output: string): Promise<void> {
    const { clock, path = process.env.PATH ?? '' } = this.#options;
    const { name, packages, args } = PROGRAMS[format];
    if (this.#closed) return Promise.reject(new DecodeError('The node is shutting down.'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // The limits of `ulimit` are inherited by what the shell becomes; its blocks have 512 bytes (POSIX).
    const limits = `ulimit -t ${CPU_SECONDS}; ulimit -v ${MEMORY_KB}; ulimit -f ${Math.ceil(((this.#maxSeconds + 60) * BYTES_PER_SECOND * OPUS_CHANNELS) / 512)}`;
    const child = spawn(
      '/bin/sh',
      ['-c', `${limits}; exec "$@"`, 'sh', name, ...args(input, output, this.#maxSeconds)],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: path, LC_ALL: 'C' } },
    );
    this.#children.add(child);
    let said = '';
    child.stderr.setEncoding('latin1').on('data', (text: string) => {
      if (said.length < 4096) said += text;
    });
    const timer = clock.setTimeout(() => {
      child.kill('SIGKILL');
      reject(tooSlow(format));
    }, TIMEOUT_MS);
    child.on('error', (error) => {
      this.#children.delete(child);
      clock.clearTimeout(timer);
      reject(new DecodeError(`${name} did not start: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      clock.clearTimeout(timer);
      this.#children.delete(child);
      if (code === 0) resolve();
      else if (code === NOT_FOUND || said.includes('no handler'))
        reject(new DecodeError(`${NAMES[format]} needs ${name}; install the Debian package ${packages}.`));
      else if (signal === 'SIGXFSZ') reject(this.#tooLong(format));
      else reject(new DecodeError(`The ${NAMES[format]} file is broken; it could not be decoded.`));
    });
    return promise;
  }
}

function tooSlow(format: Compressed): DecodeError {
  return new DecodeError(`The ${NAMES[format]} file was not decoded within ${TIMEOUT_MS / 1000} s.`);
}
