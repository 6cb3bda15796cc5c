/** Says each text once: prompts repeat from call to call. Files by content hash in a folder, bounded. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { readWav, wavHeader } from '../media/wav.ts';
import type { SayOptions, Synthesis } from './synthesis.ts';

export interface CachedSynthesisOptions {
  readonly synthesis: Synthesis;
  /** Names the provider and its version, so that another one does not get its files. */
  readonly name: string;
  readonly folder: string;
  readonly clock: Clock;
  readonly maxBytes?: number;
}

const MAX_BYTES = 128 * 1024 * 1024;
/** How many new files may come before the folder is looked through. */
const SWEEP_EVERY = 50;

export class CachedSynthesis implements Synthesis {
  readonly #options: CachedSynthesisOptions;
  /** The same text asked for twice at once is made once. */
  readonly #making = new Map<string, Promise<Int16Array>>();
  #written = 0;

  constructor(options: CachedSynthesisOptions) {
    this.#options = options;
  }

  say(text: string, options: SayOptions): Promise<Int16Array> {
    const path = this.#pathOf(text, options);
    const running = this.#making.get(path);
    if (running !== undefined) return running;
    const making = this.#get(path, text, options).finally(() => this.#making.delete(path));
    this.#making.set(path, making);
    return making;
  }

  #pathOf(text: string, { language, voice, gender, tuning }: SayOptions): string {
    const what = JSON.stringify([this.#options.name, language, voice, gender, tuning, text]);
    const hash = createHash('sha256').update(what);
    return join(this.#options.folder, `${hash.digest('hex').slice(0, 40)}.wav`);
  }

  async #get(path: string, text: string, options: SayOptions): Promise<Int16Array> {
    const known = await this.#read(path);
    if (known !== undefined) return known;
    const samples = await this.#options.synthesis.say(text, options);
    // A full disk makes speech slow, not silent.
    await this.#write(path, samples).catch(() => {});
    return samples;
  }

  async #read(path: string): Promise<Int16Array | undefined> {
    try {
      const samples = readWav(await readFile(path));
      const now = this.#options.clock.now() / 1000;
      await utimes(path, now, now);
      return samples;
    } catch {
      return undefined;
    }
  }

  async #write(path: string, samples: Int16Array): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true });
    const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    const part = `${path}.part`;
    await writeFile(part, Buffer.concat([wavHeader(1, data.length), data]));
    await rename(part, path);
    this.#written++;
    if (this.#written % SWEEP_EVERY === 1) await this.#sweep();
  }

  /** Takes the files that were not used for longest away until the folder fits again. */
  async #sweep(): Promise<void> {
    const { folder, maxBytes = MAX_BYTES } = this.#options;
    const files = await Promise.all(
      (await readdir(folder))
        .filter((name) => name.endsWith('.wav'))
        .map(async (name) => ({ path: join(folder, name), ...(await sizeAndAge(join(folder, name))) })),
    );
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files.sort((a, b) => a.used - b.used)) {
      if (total <= maxBytes) return;
      await rm(path, { force: true });
      total -= size;
    }
  }
}

async function sizeAndAge(path: string): Promise<{ size: number; used: number }> {
  const { size, mtimeMs } = await stat(path);
  return { size, used: mtimeMs };
}
