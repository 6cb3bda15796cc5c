/**
 * WAV files (RIFF WAVE, Microsoft's multimedia programming interface 1.0; WAVEFORMATEXTENSIBLE). Reads PCM of 8 to 32
 * bits, floating point, A-law and µ-law, up to 8 channels and 192 kHz; writes the 44-byte header of PCM 16 bit, 8 kHz.
 */
import { decodeTableOf } from './codec/g711.ts';
import { resampleTo8k } from './resample.ts';

export const WAV_HEADER = 44;
export const RECORDING_RATE = 8000;

const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const MULAW = 7;
const EXTENSIBLE = 0xfffe;
const MAX_CHANNELS = 8;
const MAX_RATE = 192_000;

/** The file cannot be played; the message says why and what would be accepted. */
export class WavError extends Error {
  override readonly name = 'WavError';
}

export type Coding = 'pcm' | 'float' | 'alaw' | 'mulaw';

export interface WavInfo {
  readonly rate: number;
  readonly channels: number;
  /** Bytes of one sample of one channel. */
  readonly width: 1 | 2 | 3 | 4 | 8;
  readonly coding: Coding;
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
  const coding = CODINGS.get(code);
  const width = WIDTHS.get(bits);
  if (coding === undefined || width === undefined || !FITTING[coding].includes(width))
    throw new WavError('The WAV file must be PCM of 8, 16, 24 or 32 bits, floating point, A-law or µ-law.');
  if (channels < 1 || channels > MAX_CHANNELS)
    throw new WavError(`The WAV file must have 1 to ${MAX_CHANNELS} channels.`);
  if (rate < 4000 || rate > MAX_RATE)
    throw new WavError(`The WAV file must have between 4000 and ${MAX_RATE} Hz.`);
  return { rate, channels, width, coding };
}

const CODINGS = new Map<number, Coding>([
  [PCM, 'pcm'],
  [FLOAT, 'float'],
  [ALAW, 'alaw'],
  [MULAW, 'mulaw'],
]);
/** By bits. */
const WIDTHS = new Map<number, WavInfo['width']>([
  [8, 1],
  [16, 2],
  [24, 3],
  [32, 4],
  [64, 8],
]);
const FITTING: Readonly<Record<Coding, readonly number[]>> = {
  pcm: [1, 2, 3, 4],
  float: [4, 8],
  alaw: [1],
  mulaw: [1],
};

const tag = (file: Uint8Array, at: number): string => String.fromCharCode(...file.subarray(at, at + 4));

/** One channel of the frames [from, to) as 16-bit samples; `both` mixes all that there are. */
export function decodeWavFrames(
  file: Uint8Array,
  info: WavInfo,
  channel: 'left' | 'right' | 'both',
  out: Int16Array,
  from: number,
  to: number,
): void {
  const { channels, width } = info;
  const sampleAt = sampleReader(file, info);
  const step = channels * width;
  for (let frame = from; frame < to; frame++) {
    const at = info.dataStart + frame * step;
    if (channels === 1 || channel === 'left') out[frame] = sampleAt(at);
    else if (channel === 'right') out[frame] = sampleAt(at + width);
    else {
      let sum = 0;
      for (let i = 0; i < channels; i++) sum += sampleAt(at + i * width);
      out[frame] = Math.floor(sum / channels);
    }
  }
}

/** Gives the sample that begins at a byte, as 16 bits. */
function sampleReader(file: Uint8Array, { coding, width }: WavInfo): (at: number) => number {
  if (coding === 'alaw' || coding === 'mulaw') {
    const table = decodeTableOf(coding === 'alaw' ? 'PCMA' : 'PCMU');
    return (at) => table[file[at]!]!;
  }
  if (coding === 'float') {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const read = width === 4 ? view.getFloat32.bind(view) : view.getFloat64.bind(view);
    return (at) => {
      const value = read(at, true);
      // Not a number is silence.
      return value >= 1 ? 32767 : value <= -1 ? -32768 : Math.round(value * 32767) || 0;
    };
  }
  if (width === 1) return (at) => (file[at]! - 128) << 8;
  // Little endian: the two bytes that count most stand last.
  const top = width - 2;
  return (at) => ((file[at + top]! | (file[at + top + 1]! << 8)) << 16) >> 16;
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
