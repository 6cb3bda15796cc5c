/**
 * WAV files (RIFF WAVE, Microsoft's multimedia programming interface 1.0; WAVEFORMATEXTENSIBLE). Reads PCM 8/16 bit,
 * A-law and µ-law, mono and stereo, up to 48 kHz; writes the 44-byte header of PCM 16 bit, 8 kHz.
 */
import { decodeTableOf } from './codec/g711.ts';
import { resampleTo8k } from './resample.ts';

export const WAV_HEADER = 44;
export const RECORDING_RATE = 8000;

const PCM = 1;
const ALAW = 6;
const MULAW = 7;
const EXTENSIBLE = 0xfffe;

/** The file cannot be played; the message says why and what would be accepted. */
export class WavError extends Error {
  override readonly name = 'WavError';
}

export interface WavInfo {
  readonly rate: number;
  readonly channels: 1 | 2;
  /** Bytes of one sample of one channel. */
  readonly width: 1 | 2;
  readonly coding: 'pcm' | 'alaw' | 'mulaw';
  /** Where the samples are in the file, in bytes. */
  readonly dataStart: number;
  readonly dataEnd: number;
  /** Samples per channel. */
  readonly frames: number;
}

/** Finds format and data. A data length of 0 or beyond the end (a file whose writer died) means: up to the end. */
export function readWavInfo(file: Uint8Array): WavInfo {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 12 || tag(file, 0) !== 'RIFF' || tag(file, 8) !== 'WAVE')
    throw new WavError('This is not a WAV file; convert it to WAV (PCM 16 bit).');
  let format: ReturnType<typeof readFormat> | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(file, at) === 'fmt ') format = readFormat(view, body, length);
    if (tag(file, at) === 'data') {
      if (format === undefined) throw new WavError('The WAV file has no format before its data.');
      const available = file.length - body;
      const used = length === 0 || length > available ? available : length;
      const frames = Math.floor(used / (format.channels * format.width));
      return { ...format, dataStart: body, dataEnd: body + frames * format.channels * format.width, frames };
    }
    // Chunks are padded to an even length.
    at = body + length + (length & 1);
  }
  throw new WavError('The WAV file has no data.');
}

function readFormat(
  view: DataView,
  at: number,
  length: number,
): Omit<WavInfo, 'dataStart' | 'dataEnd' | 'frames'> {
  if (length < 16 || at + length > view.byteLength) throw new WavError('The WAV file is cut short.');
  let code = view.getUint16(at, true);
  if (code === EXTENSIBLE && length >= 26) code = view.getUint16(at + 24, true);
  const channels = view.getUint16(at + 2, true);
  const rate = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  const coding = code === PCM ? 'pcm' : code === ALAW ? 'alaw' : code === MULAW ? 'mulaw' : undefined;
  if (coding === undefined || (bits !== 8 && bits !== 16) || (coding !== 'pcm' && bits !== 8))
    throw new WavError('The WAV file must be PCM of 8 or 16 bits, A-law or µ-law.');
  if (channels !== 1 && channels !== 2) throw new WavError('The WAV file must be mono or stereo.');
  if (rate < 4000 || rate > 48000) throw new WavError('The WAV file must have between 4000 and 48000 Hz.');
  return { rate, channels, width: bits === 16 ? 2 : 1, coding };
}

const tag = (file: Uint8Array, at: number): string => String.fromCharCode(...file.subarray(at, at + 4));

/** One channel of the frames [from, to) as 16-bit samples; `both` mixes the two. */
export function decodeWavFrames(
  file: Uint8Array,
  info: WavInfo,
  channel: 'left' | 'right' | 'both',
  out: Int16Array,
  from: number,
  to: number,
): void {
  const table = info.coding === 'pcm' ? undefined : decodeTableOf(info.coding === 'alaw' ? 'PCMA' : 'PCMU');
  const sampleAt = (at: number): number => {
    if (table !== undefined) return table[file[at]!]!;
    if (info.width === 1) return (file[at]! - 128) << 8;
    return ((file[at]! | (file[at + 1]! << 8)) << 16) >> 16;
  };
  const step = info.channels * info.width;
  for (let frame = from; frame < to; frame++) {
    const at = info.dataStart + frame * step;
    const left = sampleAt(at);
    if (info.channels === 1 || channel === 'left') out[frame] = left;
    else {
      const right = sampleAt(at + info.width);
      out[frame] = channel === 'right' ? right : (left + right) >> 1;
    }
  }
}

/** A whole file as 8 kHz mono. */
export function readWav(file: Uint8Array): Int16Array {
  return readWavChannel(file, 'both');
}

/** A whole file, one channel of it, as 8 kHz. */
export function readWavChannel(file: Uint8Array, channel: 'left' | 'right' | 'both'): Int16Array {
  const info = readWavInfo(file);
  const samples = new Int16Array(info.frames);
  decodeWavFrames(file, info, channel, samples, 0, info.frames);
  return resampleTo8k(samples, info.rate);
}

/** The header of a PCM 16-bit 8 kHz file with `dataBytes` of sound. */
export function wavHeader(channels: 1 | 2, dataBytes: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER);
  header.write('RIFF', 0, 'ascii');
  header.writeUInt32LE(WAV_HEADER - 8 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'ascii');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(PCM, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(RECORDING_RATE, 24);
  header.writeUInt32LE(RECORDING_RATE * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'ascii');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
