/**
 * From one codec to another where two legs could not agree on one; legs with the same codec never come here. Packet to
 * packet: what is lost or late on the way in stays so on the way out, where the receiver's own jitter buffer and
 * concealment deal with it, and no delay is added. G.711 and G.722 have as many bytes for as many milliseconds, so a
 * payload is converted where it lies.
 */
import { decodeTableOf, encodeTableOf, type G711Codec, transcodeTable } from './codec/g711.ts';
import { G722Decoder, G722Encoder } from './codec/g722.ts';
import { saturate } from './codec/g722-band.ts';
import type { AudioCodec } from './engine.ts';

export class Transcoder {
  /** Payloads that were converted. */
  packets = 0;
  #source = -1;
  #ssrc = -1;
  #decoder = new G722Decoder();
  #encoder = new G722Encoder();

  /** Converts `bytes[start, end)` in place. `source` and `ssrc` tell streams apart: G.722 adapts to each anew. */
  convert(
    source: number,
    ssrc: number,
    from: AudioCodec,
    to: AudioCodec,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (from === to) return;
    this.packets += 1;
    if (from !== 'G722' && to !== 'G722') {
      const table = transcodeTable(from);
      for (let i = start; i < end; i++) bytes[i] = table[bytes[i]!]!;
      return;
    }
    if (source !== this.#source || ssrc !== this.#ssrc) this.#begin(source, ssrc);
    if (from !== 'G722') this.#toG722(from, bytes, start, end);
    else if (to !== 'G722') this.#fromG722(to, bytes, start, end);
  }

  #begin(source: number, ssrc: number): void {
    this.#source = source;
    this.#ssrc = ssrc;
    this.#decoder = new G722Decoder();
    // The encoder goes on: its decoder at the other end does too.
  }

  #toG722(from: G711Codec, bytes: Uint8Array, start: number, end: number): void {
    const table = decodeTableOf(from);
    for (let i = start; i < end; i++) bytes[i] = this.#encoder.encodeNarrow(table[bytes[i]!]!);
  }

  #fromG722(to: G711Codec, bytes: Uint8Array, start: number, end: number): void {
    const table = encodeTableOf(to);
    for (let i = start; i < end; i++) {
      const sample = saturate(this.#decoder.decodeNarrow(bytes[i]!));
      bytes[i] = table[sample & 0xffff]!;
    }
  }
}
