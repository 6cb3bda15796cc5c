/** Payloads of one ear to samples, whatever codec they come in. One for each sink: G.722 keeps state. */
import { decodeTableOf } from '../codec/g711.ts';
import { G722Decoder } from '../codec/g722.ts';
import { saturate } from '../codec/g722-band.ts';
import type { PcmRate } from '../engine.ts';
import { Doubler } from '../half-band.ts';
import type { PacketView } from './packet-view.ts';

/** Node ids and SSRCs in one number: 21 bits and 32 bits are safe. */
export const streamKey = (node: number, ssrc: number): number => (node % 0x20_0000) * 0x1_0000_0000 + ssrc;

/** The longest payload that legs let in: 200 ms. */
const MAX_SAMPLES = 1600;

export class PacketDecoder {
  readonly #rate: PcmRate;
  readonly #narrow = new Int16Array(MAX_SAMPLES);
  #wide = new G722Decoder();
  #wideStream = -1;
  #doubler = new Doubler();

  constructor(rate: PcmRate) {
    this.#rate = rate;
  }

  /** What is returned is good until the next call. */
  decode(packet: PacketView, stream: number): Int16Array {
    const { buffer, start, end, codec } = packet;
    if (codec !== 'G722') {
      const table = decodeTableOf(codec);
      const out = this.#narrow.subarray(0, end - start);
      for (let i = 0; i < out.length; i++) out[i] = table[buffer[start + i]!]!;
      return this.widen(out);
    }
    // Only one kind of decoding for a decoder (codec/g722.ts): the rate of a sink never changes.
    if (stream !== this.#wideStream) this.#wide = new G722Decoder();
    this.#wideStream = stream;
    if (this.#rate === 16_000) return this.#wide.decode(buffer.subarray(start, end));
    const out = this.#narrow.subarray(0, end - start);
    for (let i = 0; i < out.length; i++) out[i] = saturate(this.#wide.decodeNarrow(buffer[start + i]!));
    return out;
  }

  /** 8 kHz samples at the rate of this ear. */
  widen(samples: Int16Array): Int16Array {
    return this.#rate === 16_000 ? this.#doubler.process(samples) : samples;
  }
}
