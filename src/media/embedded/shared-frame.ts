/** A frame that many legs hear alike: encoded once for each codec that one of them speaks. */
import { encodeTableOf } from '../codec/g711.ts';
import { G722Encoder } from '../codec/g722.ts';
import type { AudioCodec } from '../engine.ts';
import { FRAME_SAMPLES } from '../player.ts';

export class SharedFrame {
  readonly samples = new Int16Array(FRAME_SAMPLES);
  /** Of all that hear it; one that goes on by itself takes over its state. */
  readonly wide = new G722Encoder();
  readonly #encoded = new Map<AudioCodec, { readonly bytes: Uint8Array; fresh: boolean }>();

  /** The samples are others now. */
  renew(): void {
    for (const one of this.#encoded.values()) one.fresh = false;
  }

  /** Good until the samples change. */
  encoded(codec: AudioCodec): Uint8Array {
    let one = this.#encoded.get(codec);
    if (one === undefined) {
      one = { bytes: new Uint8Array(FRAME_SAMPLES), fresh: false };
      this.#encoded.set(codec, one);
    }
    if (!one.fresh) this.#encode(codec, one.bytes);
    one.fresh = true;
    return one.bytes;
  }

  #encode(codec: AudioCodec, out: Uint8Array): void {
    const { samples } = this;
    if (codec === 'G722') {
      for (let i = 0; i < out.length; i++) out[i] = this.wide.encodeNarrow(samples[i]!);
      return;
    }
    const table = encodeTableOf(codec);
    for (let i = 0; i < out.length; i++) out[i] = table[samples[i]! & 0xffff]!;
  }
}
