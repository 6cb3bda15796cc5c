/**
 * G.711 (ITU-T Recommendation, 1988): µ-law is PCMU, A-law is PCMA. Everything is a table, made once: a decoded value
 * per byte, a byte per 16-bit sample, and a byte per byte between the two laws.
 */
import type { AudioCodec } from '../engine.ts';

export type G711Codec = Exclude<AudioCodec, 'G722'>;

const ULAW_BIAS = 0x84;
const ULAW_CLIP = 32635;

function ulawDecodeOne(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + ULAW_BIAS) << ((value >> 4) & 0x07)) - ULAW_BIAS;
  return (value & 0x80) !== 0 ? -magnitude : magnitude;
}

function ulawEncodeOne(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), ULAW_CLIP) + ULAW_BIAS;
  const exponent = Math.max(0, 24 - Math.clz32(magnitude));
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function alawDecodeOne(byte: number): number {
  const value = byte ^ 0x55;
  const exponent = (value >> 4) & 0x07;
  const mantissa = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (value & 0x80) !== 0 ? magnitude : -magnitude;
}

function alawEncodeOne(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32767);
  const exponent = magnitude < 256 ? 0 : 24 - Math.clz32(magnitude);
  const mantissa = exponent === 0 ? magnitude >> 4 : magnitude >> (exponent + 3);
  return (sign | (exponent << 4) | (mantissa & 0x0f)) ^ 0x55;
}

function decodeTable(one: (byte: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, byte) => one(byte));
}

/** Indexed by the sample's 16 bits without sign. */
function encodeTable(one: (sample: number) => number): Uint8Array {
  const table = new Uint8Array(65536);
  for (let sample = -32768; sample < 32768; sample++) table[sample & 0xffff] = one(sample);
  return table;
}

const ULAW_DECODE = decodeTable(ulawDecodeOne);
const ALAW_DECODE = decodeTable(alawDecodeOne);
const ULAW_ENCODE = encodeTable(ulawEncodeOne);
const ALAW_ENCODE = encodeTable(alawEncodeOne);
const ULAW_TO_ALAW = Uint8Array.from({ length: 256 }, (_, byte) => ALAW_ENCODE[ULAW_DECODE[byte]! & 0xffff]!);
const ALAW_TO_ULAW = Uint8Array.from({ length: 256 }, (_, byte) => ULAW_ENCODE[ALAW_DECODE[byte]! & 0xffff]!);

/** Signed 16-bit value of each byte. */
export function decodeTableOf(codec: G711Codec): Int16Array {
  return codec === 'PCMU' ? ULAW_DECODE : ALAW_DECODE;
}

/** Byte for each 16-bit sample; index with `sample & 0xffff`. */
export function encodeTableOf(codec: G711Codec): Uint8Array {
  return codec === 'PCMU' ? ULAW_ENCODE : ALAW_ENCODE;
}

/** Byte for byte from one law to the other. */
export function transcodeTable(from: G711Codec): Uint8Array {
  return from === 'PCMU' ? ULAW_TO_ALAW : ALAW_TO_ULAW;
}

/** Decodes a whole payload. */
export function decodeG711(codec: G711Codec, payload: Uint8Array): Int16Array {
  const table = decodeTableOf(codec);
  const out = new Int16Array(payload.length);
  for (let i = 0; i < payload.length; i++) out[i] = table[payload[i]!]!;
  return out;
}

/** Encodes samples into a new payload. */
export function encodeG711(codec: G711Codec, samples: Int16Array): Uint8Array {
  const table = encodeTableOf(codec);
  const out = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = table[samples[i]! & 0xffff]!;
  return out;
}
