/**
 * Puts samples where they belong in time. Packets of one stream are placed by their RTP timestamps, streams among each
 * other by arrival, on one timeline of 8 kHz positions that the owner's clock gives; what never came stays silence.
 * Two buffers on one timeline (the channels of a recording) so cannot slide apart (PITFALLS row 37). The window is a
 * ring: memory is bounded, whatever arrives.
 */
import { timestampDelta } from './rtp-packet.ts';

/** A stream that is later than this (200 ms) against its own first packet is placed anew: its clock or path changed. */
const MAX_LATE = 1600;
/** The same to the other side (100 ms). */
const MAX_EARLY = 800;

export class JitterBuffer {
  readonly #ring: Int16Array;
  readonly #mask: number;
  /** First position that was not taken yet. */
  #taken = 0;
  /** One past the last position that holds sound. */
  #end = 0;
  #stream = -1;
  #base = 0;
  #baseTimestamp = 0;

  /** `capacity` in samples, a power of two. */
  constructor(capacity = 8192) {
    if ((capacity & (capacity - 1)) !== 0) throw new RangeError('capacity must be a power of two');
    this.#ring = new Int16Array(capacity);
    this.#mask = capacity - 1;
  }

  get end(): number {
    return this.#end;
  }

  /** The last position (exclusive) that can be held now. */
  get limit(): number {
    return this.#taken + this.#ring.length;
  }

  /** Encoded payload: `table` gives the sample of each byte. `stream` tells streams apart, `arrival` is the time now. */
  put(
    stream: number,
    timestamp: number,
    arrival: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    table: Int16Array,
  ): void {
    const position = this.#place(stream, timestamp, arrival);
    const first = Math.max(0, this.#taken - position);
    const count = Math.min(end - start, this.limit - position);
    for (let i = first; i < count; i++) this.#ring[(position + i) & this.#mask] = table[bytes[start + i]!]!;
    if (count > first) this.#end = Math.max(this.#end, position + count);
  }

  /** Samples as they are. */
  putSamples(stream: number, timestamp: number, arrival: number, samples: Int16Array): void {
    const position = this.#place(stream, timestamp, arrival);
    const first = Math.max(0, this.#taken - position);
    const count = Math.min(samples.length, this.limit - position);
    for (let i = first; i < count; i++) this.#ring[(position + i) & this.#mask] = samples[i]!;
    if (count > first) this.#end = Math.max(this.#end, position + count);
  }

  /**
   * Takes everything up to position `upTo` as little-endian 16 bit, every `stride` bytes from `at` in `out`, mixing with
   * what is there when `mix`. Returns how many samples that were.
   */
  take(upTo: number, out: Buffer, at: number, stride: number, mix: boolean): number {
    const count = Math.max(0, Math.min(upTo, this.limit) - this.#taken);
    for (let i = 0; i < count; i++) {
      const index = (this.#taken + i) & this.#mask;
      let value = this.#ring[index]!;
      this.#ring[index] = 0;
      const target = at + i * stride;
      if (mix) value = saturate(value + (((out[target]! | (out[target + 1]! << 8)) << 16) >> 16));
      out[target] = value;
      out[target + 1] = value >> 8;
    }
    this.#taken += count;
    return count;
  }

  #place(stream: number, timestamp: number, arrival: number): number {
    let position = this.#base + timestampDelta(timestamp, this.#baseTimestamp);
    const late = arrival - position;
    if (stream !== this.#stream || late > MAX_LATE || late < -MAX_EARLY) {
      // Directly behind what is there already, if that is only a little ahead of the clock.
      const behind = this.#end - arrival;
      position = behind > 0 && behind <= MAX_EARLY ? this.#end : arrival;
      this.#stream = stream;
    }
    this.#base = position;
    this.#baseTimestamp = timestamp;
    return position;
  }
}

function saturate(value: number): number {
  return Math.max(-32768, Math.min(32767, value));
}
