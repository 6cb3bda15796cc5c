import { decodeG711, encodeG711 } from '../media/codec/g711.ts';
import { G722Decoder, G722Encoder } from '../media/codec/g722.ts';
import type { PhoneCodec } from './phone-sdp.ts';

/** A phone's voice and ear at 8 kHz, whatever the codec; one for each call, since G.722 adapts to what it hears. */
export class VoiceCodec {
  readonly #encoder = new G722Encoder();
  readonly #decoder = new G722Decoder();

  decode(codec: PhoneCodec, payload: Uint8Array): Int16Array {
    if (codec !== 'G722') return decodeG711(codec, payload);
    return Int16Array.from(payload, (byte) => this.#decoder.decodeNarrow(byte));
  }

  encode(codec: PhoneCodec, samples: Int16Array): Uint8Array {
    if (codec !== 'G722') return encodeG711(codec, samples);
    return Uint8Array.from(samples, (sample) => this.#encoder.encodeNarrow(sample));
  }
}
