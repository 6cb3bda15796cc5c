/**
 * Prompts from disk, as 8 kHz samples. Decoding and resampling go in slices, because RTP waits in the same thread; what
 * was read is kept, as long as the file does not change.
 */
import { readFile, stat } from 'node:fs/promises';
import { Resampler } from '../resample.ts';
import { decodeWavFrames, readWavInfo, WavError } from '../wav.ts';

/** An hour of 8 kHz mono; about six minutes of 48 kHz stereo would be 70 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_CACHED_SAMPLES = 16 * 1024 * 1024;
/** A slice takes well under a millisecond. */
const DECODE_SLICE = 16_384;
const RESAMPLE_SLICE = 1024;

export class WavLoader {
  readonly #cache = new Map<string, Int16Array>();
  #cachedSamples = 0;

  /** Rejects with a `WavError` or the system's error. */
  async load(path: string): Promise<Int16Array> {
    const { size, mtimeMs } = await stat(path);
    if (size > MAX_FILE_BYTES)
      throw new WavError('The WAV file is larger than 64 MB; store it as 8 kHz mono, or cut it.');
    const key = `${path}\n${mtimeMs}\n${size}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const samples = await convert(await readFile(path));
    this.#keep(key, samples);
    return samples;
  }

  #keep(key: string, samples: Int16Array): void {
    if (this.#cache.has(key)) return;
    this.#cache.set(key, samples);
    this.#cachedSamples += samples.length;
    for (const [oldest, old] of this.#cache) {
      if (this.#cachedSamples <= MAX_CACHED_SAMPLES) break;
      this.#cache.delete(oldest);
      this.#cachedSamples -= old.length;
    }
  }
}

async function convert(file: Uint8Array): Promise<Int16Array> {
  const info = readWavInfo(file);
  const decoded = new Int16Array(info.frames);
  await inSlices(info.frames, DECODE_SLICE, (from, to) =>
    decodeWavFrames(file, info, 'both', decoded, from, to),
  );
  if (info.rate === 8000) return decoded;
  const resampler = new Resampler(decoded, info.rate);
  const out = new Int16Array(resampler.outputLength);
  await inSlices(out.length, RESAMPLE_SLICE, (from, to) => resampler.process(out, from, to));
  return out;
}

async function inSlices(
  length: number,
  slice: number,
  work: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < length; from += slice) {
    work(from, Math.min(length, from + slice));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
