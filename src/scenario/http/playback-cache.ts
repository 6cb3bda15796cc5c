/**
 * Sound files that scripts name by URL. Fetched through the same fence as every other request, kept in a folder by the
 * content of URL and entity tag, and asked about again (RFC 9110 §13.1.2) each time they are used.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpAnswer, HttpClient } from './http-client.ts';

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly etag: string | undefined;
}

export interface PlaybackCacheOptions {
  /** Made when it is first needed. */
  readonly folder: string;
  readonly http: HttpClient;
  readonly maxBytes?: number;
}

const MAX_CACHE_BYTES = 64 * 1024 * 1024;
const FETCH_SECONDS = 20;

export class PlaybackCache {
  readonly #options: PlaybackCacheOptions;
  /** In order of use; the first is the oldest. */
  readonly #entries = new Map<string, Entry>();
  #prepared: Promise<void> | undefined;

  constructor(options: PlaybackCacheOptions) {
    this.#options = options;
  }

  /** The path of a local WAV file with what the URL holds now. @throws Error with a sentence for the script. */
  async fetch(url: string, signal: AbortSignal): Promise<string> {
    const known = this.#entries.get(url);
    const answer = await this.#options.http.request({
      method: 'GET',
      url,
      headers: known?.etag === undefined ? [] : [['if-none-match', known.etag]],
      body: undefined,
      timeoutSeconds: FETCH_SECONDS,
      connectTimeoutSeconds: undefined,
      signal,
    });
    if (answer.code === 304 && known !== undefined) {
      this.#touch(url, known);
      return known.path;
    }
    if (answer.error !== undefined) throw new Error(`The sound could not be fetched: ${answer.error}`);
    if (answer.code !== 200)
      throw new Error(`The sound could not be fetched: the server answered ${answer.code}`);
    return await this.#keep(url, answer);
  }

  async #keep(url: string, answer: HttpAnswer): Promise<string> {
    const { folder } = this.#options;
    const { body } = answer;
    if (Buffer.from(body.subarray(0, 4)).toString('latin1') !== 'RIFF') {
      throw new Error('The sound is no WAV file; only WAV (PCM, A-law or µ-law) can be played now.');
    }
    const etag = answer.headers.find(({ key }) => key.toLowerCase() === 'etag')?.value;
    const name = createHash('sha256').update(url).update('\0').update(body).digest('hex').slice(0, 32);
    const path = join(folder, `${name}.wav`);
    this.#prepared ??= prepare(folder);
    await this.#prepared;
    // Whole or not at all: a player may open the file while it is being replaced.
    const part = `${path}.${process.hrtime.bigint()}.part`;
    await writeFile(part, body);
    await rename(part, path);
    const former = this.#entries.get(url);
    // Somebody may be about to play what the URL held before; it goes when its time comes.
    if (former !== undefined && former.path !== path) this.#touch(`former ${former.path}`, former);
    this.#touch(url, { path, bytes: body.length, etag });
    await this.#shrink(path);
    return path;
  }

  #touch(url: string, entry: Entry): void {
    this.#entries.delete(url);
    this.#entries.set(url, entry);
  }

  async #shrink(keep: string): Promise<void> {
    const { maxBytes = MAX_CACHE_BYTES } = this.#options;
    let total = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    for (const [url, entry] of this.#entries) {
      if (total <= maxBytes) return;
      if (entry.path === keep) continue;
      total -= entry.bytes;
      this.#entries.delete(url);
      await rm(entry.path, { force: true });
    }
  }
}

/** What an earlier run left is not known any more, so nobody would ever take it away. */
async function prepare(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const left = (await readdir(folder)).filter((name) => /^[0-9a-f]{32}\.wav/.test(name));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}
