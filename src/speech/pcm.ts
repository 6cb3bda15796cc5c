/** Samples on their way between us and the providers: WAV headers, rates, levels. */
import { Resampler } from '../media/resample.ts';
import { decodeWavFrames, readWavInfo } from '../media/wav.ts';

/** Outputs that are computed at once; a long text must not hold up the calls (about 1 ms). */
const SLICE = 4000;

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A whole WAV file as 8 kHz mono, in slices. Throws `WavError` for what is none. */
export async function wavTo8k(file: Uint8Array): Promise<Int16Array> {
  const info = readWavInfo(file);
  const samples = new Int16Array(info.frames);
  for (let from = 0; from < info.frames; from += SLICE * 16) {
    decodeWavFrames(file, info, 'both', samples, from, Math.min(info.frames, from + SLICE * 16));
    await breathe();
  }
  return await to8k(samples, info.rate);
}

export async function to8k(samples: Int16Array, rate: number): Promise<Int16Array> {
  if (rate === 8000) return samples;
  const resampler = new Resampler(samples, rate);
  const out = new Int16Array(resampler.outputLength);
  for (let from = 0; from < out.length; from += SLICE) {
    resampler.process(out, from, Math.min(out.length, from + SLICE));
    await breathe();
  }
  return out;
}

/** 16-bit samples, little endian, as bytes. The view is on the same memory. */
export function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** Bytes of 16-bit samples; an odd one at the end is left out. */
export function samplesOf(bytes: Uint8Array): Int16Array {
  const length = bytes.length >> 1;
  if (bytes.byteOffset % 2 === 0) return new Int16Array(bytes.buffer, bytes.byteOffset, length);
  return new Int16Array(bytes.slice(0, length * 2).buffer);
}

/** A WAV file, PCM 16 bit, mono. */
export function wavOf(samples: Int16Array, rate: number): Buffer {
  const data = bytesOf(samples);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'ascii');
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8, 'ascii');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'ascii');
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/** 0 to 1. */
export function rms(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length) / 32768;
}

/** 20 ms at 8 kHz. */
const FRAME = 160;
/** Level of the parts that are speech, as telephony wants it: −20 dBov leaves room for the peaks of G.711. */
const ACTIVE_LEVEL = 0.1;
const PEAK = 29_000;

/** Brings speech of whatever provider to one level, plus `gainDb`, and never clips it. 8 kHz. */
export function levelled(samples: Int16Array, gainDb: number): Int16Array {
  const active = activeLevel(samples);
  if (active === 0) return samples;
  let peak = 1;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  const factor = Math.min((ACTIVE_LEVEL / active) * 10 ** (gainDb / 20), PEAK / peak);
  return samples.map((sample) => Math.round(sample * factor));
}

/** Level of the frames that are not pauses, 0 to 1; the idea of ITU-T P.56. */
export function activeLevel(samples: Int16Array): number {
  const levels: number[] = [];
  for (let at = 0; at + FRAME <= samples.length; at += FRAME)
    levels.push(rms(samples.subarray(at, at + FRAME)));
  const loudest = Math.max(0, ...levels);
  // 30 dB below the loudest is a pause.
  const loud = levels.filter((level) => level > loudest / 32);
  return loud.length === 0 ? 0 : Math.sqrt(loud.reduce((sum, level) => sum + level * level, 0) / loud.length);
}
