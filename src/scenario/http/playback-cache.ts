/**
 * Sound files that scripts name by URL. Fetched through the same fence as every other request, decoded where they are not
 * WAV, kept in a folder by their content, and asked about again (RFC 9110 §13.1.2) each time they are used.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SoundDecoder } from '../../media/decode/decoder.ts';
import { formatOf } from '../../media/decode/format.ts';
import type { UrlSource } from '../protocol.ts';
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
  readonly decoder: SoundDecoder;
  readonly maxBytes?: number;
}

const MAX_CACHE_BYTES = 256 * 1024 * 1024;
/** Both as in the cloud (voximplant.com/docs/references/voxengine/voxengine/createurlplayer). */
const FETCH_SECONDS = 12;
const MAX_SOUND_BYTES = 10 * 1024 * 1024;

export class PlaybackCache {
  readonly #options: PlaybackCacheOptions;
  /** In order of use; the first is the oldest. */
  readonly #entries = new Map<string, Entry>();
  /** By path: what is being written. Two players of one sound decode it once. */
  readonly #making = new Map<string, Promise<void>>();
  #prepared: Promise<void> | undefined;
  #parts = 0;

  constructor(options: PlaybackCacheOptions) {
    this.#options = options;
  }

  /** The path of a local WAV file with what the URL holds now. @throws Error with a sentence for the script. */
  async fetch(source: UrlSource, signal: AbortSignal): Promise<string> {
    const { url, request = { method: 'GET', headers: [], body: undefined } } = source;
    const key = source.request === undefined ? url : JSON.stringify(source);
    const known = request.method === 'GET' ? this.#entries.get(key) : undefined;
    const answer = await this.#options.http.request({
      method: request.method,
      url,
      headers:
        known?.etag === undefined ? request.headers : [...request.headers, ['if-none-match', known.etag]],
      body: request.body,
      timeoutSeconds: FETCH_SECONDS,
      connectTimeoutSeconds: undefined,
      maxBytes: MAX_SOUND_BYTES,
      signal,
    });
    if (answer.code === 304 && known !== undefined) {
      this.#touch(key, known);
      return known.path;
    }
    if (answer.error !== undefined) throw new Error(`The sound could not be fetched: ${answer.error}`);
    if (answer.code !== 200)
      throw new Error(`The sound could not be fetched: the server answered ${answer.code}`);
    return await this.#keep(key, answer);
  }

  async #keep(key: string, answer: HttpAnswer): Promise<string> {
    const { folder } = this.#options;
    const name = createHash('sha256').update(answer.body).digest('hex').slice(0, 32);
    const path = join(folder, `${name}.wav`);
    const making = this.#making.get(path) ?? this.#make(path, answer.body);
    this.#making.set(path, making);
    try {
      await making;
    } finally {
      this.#making.delete(path);
    }
    const etag = answer.headers.find((header) => header.key.toLowerCase() === 'etag')?.value;
    const former = this.#entries.get(key);
    // Somebody may be about to play what the URL held before; it goes when its time comes.
    if (former !== undefined && former.path !== path) this.#touch(`former ${former.path}`, former);
    this.#touch(key, { path, bytes: (await stat(path)).size, etag });
    await this.#shrink(path);
    return path;
  }

  /** Whole or not at all: a player may open the file while it is being replaced. */
  async #make(path: string, body: Uint8Array): Promise<void> {
    const { folder, decoder } = this.#options;
    const format = formatOf(body);
    if (format === undefined)
      throw new Error('The sound is none that can be played: WAV, MP3, Ogg (Vorbis, Opus) and FLAC can.');
    this.#prepared ??= prepare(folder);
    await this.#prepared;
    if (isFresh(this.#entries, path)) return;
    const part = `${path}.${this.#parts++}.part`;
    const whole = `${part}.decoded`;
    try {
      await writeFile(part, body);
      if (format === 'wav') {
        await rename(part, path);
        return;
      }
      await decoder.decode(format, part, whole);
      await rename(whole, path);
    } finally {
      await rm(part, { force: true });
      await rm(whole, { force: true });
    }
  }

  #touch(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  async #shrink(keep: string): Promise<void> {
    const { maxBytes = MAX_CACHE_BYTES } = this.#options;
    let total = 0;
    const uses = new Map<string, number>();
    for (const { path, bytes } of this.#entries.values()) {
      if (!uses.has(path)) total += bytes;
      uses.set(path, (uses.get(path) ?? 0) + 1);
    }
    for (const [key, { path, bytes }] of this.#entries) {
      if (total <= maxBytes) return;
      if (path === keep) continue;
      this.#entries.delete(key);
      const left = (uses.get(path) ?? 1) - 1;
      uses.set(path, left);
      // Another URL may hold the same sound.
      if (left > 0) continue;
      total -= bytes;
      await rm(path, { force: true });
    }
  }
}

function isFresh(entries: ReadonlyMap<string, Entry>, path: string): boolean {
  for (const entry of entries.values()) if (entry.path === path) return true;
  return false;
}

/** What an earlier run left is not known any more, so nobody would ever take it away. */
async function prepare(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const left = (await readdir(folder)).filter((name) => /^[0-9a-f]{32}\.wav/.test(name));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}
