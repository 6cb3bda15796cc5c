/**
 * 20 ms frames to packets of the length that the peer wants (`ptime`), with room for the RTP header in front.
 */
import { encodeTableOf } from '../codec/g711.ts';
import { G722Encoder } from '../codec/g722.ts';
import type { AudioCodec } from '../engine.ts';
import { RTP_HEADER } from '../rtp-packet.ts';
import type { SharedFrame } from './shared-frame.ts';

const SAMPLES_PER_MS = 8;
const MIN_PACKET_MS = 10;
const MAX_PACKET_MS = 200;

export class FrameEncoder {
  #codec: AudioCodec = 'PCMU';
  #packetSamples = 160;
  #pending = new Uint8Array((MAX_PACKET_MS + 20) * SAMPLES_PER_MS);
  #filled = 0;
  #source = -1;
  readonly #wide = new G722Encoder();
  /** Whose G.722 stream the peer's decoder has followed until now, if it is not that of `#wide`. */
  #followed: G722Encoder | undefined;

  configure(codec: AudioCodec, packetMs: number): void {
    const ms = Math.max(MIN_PACKET_MS, Math.min(MAX_PACKET_MS, Math.round(packetMs) || 20));
    if (codec !== this.#codec) this.#filled = 0;
    this.#codec = codec;
    this.#packetSamples = ms * SAMPLES_PER_MS;
  }

  /** Adds a frame; what another source left unsent is dropped. */
  push(source: number, samples: Int16Array): void {
    if (source !== this.#source) this.#filled = 0;
    this.#source = source;
    const count = Math.min(samples.length, this.#pending.length - this.#filled);
    this.#encode(samples, count);
    this.#filled += count;
  }

  /** The same with a frame that others hear as well. */
  pushShared(source: number, frame: SharedFrame): void {
    if (source !== this.#source) this.#filled = 0;
    this.#source = source;
    const bytes = frame.encoded(this.#codec);
    const count = Math.min(bytes.length, this.#pending.length - this.#filled);
    this.#pending.set(count === bytes.length ? bytes : bytes.subarray(0, count), this.#filled);
    this.#filled += count;
    this.#followed = frame.wide;
  }

  #encode(samples: Int16Array, count: number): void {
    const out = this.#pending;
    const at = this.#filled;
    if (this.#codec === 'G722') {
      if (this.#followed !== undefined) this.#wide.follow(this.#followed);
      this.#followed = undefined;
      for (let i = 0; i < count; i++) out[at + i] = this.#wide.encodeNarrow(samples[i]!);
      return;
    }
    const table = encodeTableOf(this.#codec);
    for (let i = 0; i < count; i++) out[at + i] = table[samples[i]! & 0xffff]!;
  }

  /** The next whole packet, its header still to be written. */
  pull(): Buffer | undefined {
    if (this.#filled < this.#packetSamples) return undefined;
    const packet = Buffer.allocUnsafe(RTP_HEADER + this.#packetSamples);
    packet.set(this.#pending.subarray(0, this.#packetSamples), RTP_HEADER);
    this.#pending.copyWithin(0, this.#packetSamples, this.#filled);
    this.#filled -= this.#packetSamples;
    return packet;
  }
}
