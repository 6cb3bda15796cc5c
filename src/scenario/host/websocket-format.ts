/**
 * Sound as JSON, as voximplant.com/docs/guides/media-streams/format describes it: `start`, `media` with base64, `stop`;
 * both ways. Pure.
 */
import { decodeG711, encodeG711 } from '../../media/codec/g711.ts';
import type { PcmRate } from '../../media/engine.ts';
import type { WebSocketEncoding } from '../parts/websocket-protocol.ts';

export interface SoundFormat {
  readonly coding: 'linear' | 'alaw' | 'ulaw';
  readonly rate: PcmRate;
}

export const FORMATS: Readonly<Record<WebSocketEncoding, SoundFormat>> = {
  PCM8: { coding: 'linear', rate: 8000 },
  PCM16: { coding: 'linear', rate: 16000 },
  ALAW: { coding: 'alaw', rate: 8000 },
  ULAW: { coding: 'ulaw', rate: 8000 },
};

/** On the wire `PCM16` says how a sample is written, and `sampleRate` how many there are: PCM8 is PCM16 at 8000. */
const WIRE_NAMES = { linear: 'PCM16', alaw: 'ALAW', ulaw: 'ULAW' } as const;

export type MediaMessage =
  | {
      readonly event: 'start';
      readonly tag: string | undefined;
      /** As the peer wrote it. */
      readonly encoding: string;
      /** Undefined: none that we know. */
      readonly format: SoundFormat | undefined;
      readonly customParameters: Readonly<Record<string, string>> | undefined;
    }
  | { readonly event: 'media'; readonly tag: string | undefined; readonly payload: string }
  | { readonly event: 'stop'; readonly tag: string | undefined };

const MAX_TAG = 128;
const MAX_PARAMETERS = 64;
const MAX_PARAMETER_CHARS = 8 * 1024;

type Json = Readonly<Record<string, unknown>>;

/** What a message says of sound; undefined when it is a message for the script. */
export function readMedia(text: string): MediaMessage | undefined {
  // Most messages are none of sound, and are not parsed for it.
  if (!text.includes('"event"')) return undefined;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = objectOf(message);
  const event = fields?.event;
  if (fields === undefined || (event !== 'start' && event !== 'media' && event !== 'stop')) return undefined;
  const body = objectOf(fields[event]);
  const tag = tagOf(body?.tag ?? fields.tag);
  if (event === 'stop') return { event, tag };
  if (event === 'media')
    return typeof body?.payload === 'string' ? { event, tag, payload: body.payload } : undefined;
  const wire = objectOf(body?.mediaFormat);
  if (body === undefined || typeof wire?.encoding !== 'string') return undefined;
  const encoding = wire.encoding.slice(0, 64);
  return {
    event,
    tag,
    encoding,
    format: formatOf(wire),
    customParameters: parametersOf(body.customParameters),
  };
}

/** Names that are in use for the same few codings. */
function formatOf({ encoding, sampleRate, channels }: Json): SoundFormat | undefined {
  if (channels !== undefined && Number(channels) !== 1) return undefined;
  const name = String(encoding)
    .toUpperCase()
    .replace(/^AUDIO\/(?:X-)?/, '');
  const rate = sampleRate === undefined ? undefined : Number(sampleRate);
  if (['ULAW', 'MULAW', 'PCMU', 'G711_ULAW'].includes(name)) return law('ulaw', rate);
  if (['ALAW', 'PCMA', 'G711_ALAW'].includes(name)) return law('alaw', rate);
  if (!['PCM8', 'PCM16', 'PCM', 'L16', 'LINEAR16', 'RAW'].includes(name)) return undefined;
  const linear = rate ?? (name === 'PCM16' ? 16000 : 8000);
  return linear === 8000 || linear === 16000 ? { coding: 'linear', rate: linear } : undefined;
}

function law(coding: 'alaw' | 'ulaw', rate: number | undefined): SoundFormat | undefined {
  return rate === undefined || rate === 8000 ? { coding, rate: 8000 } : undefined;
}

function objectOf(value: unknown): Json | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : undefined;
}

function tagOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_TAG) : undefined;
}

/** The documentation shows an object on one page and its JSON on another; both are read. */
function parametersOf(value: unknown): Readonly<Record<string, string>> | undefined {
  let found = objectOf(value);
  if (typeof value === 'string' && value.length <= MAX_PARAMETER_CHARS) {
    try {
      found = objectOf(JSON.parse(value));
    } catch {
      return undefined;
    }
  }
  if (found === undefined) return undefined;
  const out: Record<string, string> = Object.create(null);
  let size = 0;
  for (const [name, one] of Object.entries(found).slice(0, MAX_PARAMETERS)) {
    const text = typeof one === 'string' ? one : JSON.stringify(one);
    size += name.length + text.length;
    if (size > MAX_PARAMETER_CHARS) break;
    out[name] = text;
  }
  return out;
}

/** Samples of a payload. Bytes that are no whole sample are left out. */
export function decodeSound({ coding }: SoundFormat, payload: string): Int16Array {
  const bytes = Buffer.from(payload, 'base64');
  if (coding !== 'linear') return decodeG711(coding === 'alaw' ? 'PCMA' : 'PCMU', bytes);
  const samples = new Int16Array(bytes.length >> 1);
  new Uint8Array(samples.buffer).set(bytes.subarray(0, samples.length * 2));
  return samples;
}

function encodeSound({ coding }: SoundFormat, samples: Int16Array): Buffer {
  if (coding !== 'linear') return Buffer.from(encodeG711(coding === 'alaw' ? 'PCMA' : 'PCMU', samples));
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** The messages of one stream that leaves. */
export class StreamWriter {
  readonly #format: SoundFormat;
  readonly #tag: { readonly tag?: string };
  #sequenceNumber = 0;
  #chunk = 0;
  #timestamp = 0;
  #bytes = 0;

  /** @param tag empty: none. */
  constructor(format: SoundFormat, tag: string) {
    this.#format = format;
    this.#tag = tag === '' ? {} : { tag };
  }

  start(customParameters: Readonly<Record<string, string>> | undefined): string {
    const { coding, rate } = this.#format;
    const mediaFormat = { encoding: WIRE_NAMES[coding], sampleRate: rate, channels: 1 };
    const more = customParameters === undefined ? {} : { customParameters };
    return this.#message('start', { ...this.#tag, mediaFormat, ...more });
  }

  /** `chunk` and `timestamp` (in samples) count as in RTP: whoever misses one knows how much was lost. */
  media(samples: Int16Array): string {
    const bytes = encodeSound(this.#format, samples);
    const payload = bytes.toString('base64');
    this.#chunk += 1;
    const media = { ...this.#tag, chunk: this.#chunk, timestamp: this.#timestamp, payload };
    this.#timestamp += samples.length;
    this.#bytes += bytes.length;
    return this.#message('media', media);
  }

  /** Duration in milliseconds. */
  stop(): string {
    const duration = Math.round((this.#timestamp * 1000) / this.#format.rate);
    return this.#message('stop', { ...this.#tag, mediaInfo: { bytesSent: this.#bytes, duration } });
  }

  #message(event: 'start' | 'media' | 'stop', body: object): string {
    return JSON.stringify({ event, sequenceNumber: this.#sequenceNumber++, [event]: body });
  }
}
