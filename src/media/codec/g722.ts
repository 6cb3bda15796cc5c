/**
 * G.722 at 64 kbit/s, mode 1 (ITU-T G.722): 16 kHz sound is split into two sub-bands of 8 kHz, the lower one coded with
 * six bits a sample, the higher one with two. A byte is 125 µs of sound, as in G.711, so packets of both have the same
 * length and the same clock (RFC 3551 §4.5.2).
 *
 * The lower sub-band by itself is telephone sound at 8 kHz. That is how G.711 is made of it and becomes it, without a
 * resampler: `decodeNarrow` takes the lower sub-band alone, `encodeNarrow` leaves the higher one silent.
 *
 * Codecs keep state: one per stream and direction.
 */
import { Band, clamp, HIGH_BAND, LOW_BAND, saturate } from './g722-band.ts';

/** Every other coefficient of the quadrature mirror filters (table 11); the rest are the same, backwards. */
const QMF = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11] as const;
const TAPS = 24;

/** Decision levels of the lower sub-band (table Q6), and levels of its code with all six and with four bits (QQ6, QQ4). */
const Q6 = [
  0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219,
  1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
] as const;
const QQ6_POSITIVE = [
  24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
  4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728,
] as const;
const QQ6 = Int16Array.of(
  ...[-136, -136, -136, -136],
  ...QQ6_POSITIVE.map((level) => -level),
  ...QQ6_POSITIVE,
  ...[432, 136, -432, -136],
);
const QQ4_POSITIVE = [20456, 12896, 8968, 6288, 4240, 2584, 1200] as const;
const QQ4 = Int16Array.of(0, ...QQ4_POSITIVE.map((level) => -level), ...QQ4_POSITIVE, 0);
/** Magnitude class of a code: table RIL/IL4, and of the higher sub-band. */
const LOW_MAGNITUDE = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0] as const;
const HIGH_MAGNITUDE = [2, 1, 2, 1] as const;
const QQ2 = [-7408, -1616, 7408, 1616] as const;
const HIGH_DECISION = 564;

/** Sub-band signals have 15 bits (block LIMIT). */
const limit = (value: number): number => clamp(value, -16384, 16383);

/** One sample of the lower sub-band → six bits (blocks QUANTL, INVQAL and adaptation). */
function encodeLow(band: Band, sample: number): number {
  const difference = saturate(sample - band.predicted);
  const magnitude = difference >= 0 ? difference : -(difference + 1);
  let level = 1;
  while (level < 30 && magnitude >= (Q6[level]! * band.step) >> 12) level += 1;
  // Tables ILN and ILP: the finest negative codes stand apart.
  const code = difference >= 0 ? 62 - level : level < 3 ? 64 - level : 34 - level;
  adaptLow(band, code);
  return code;
}

function adaptLow(band: Band, code: number): void {
  const difference = (band.step * QQ4[code >> 2]!) >> 15;
  band.adaptStep(LOW_MAGNITUDE[code >> 2]!);
  band.adaptPredictor(difference);
}

/** One sample of the higher sub-band → two bits (QUANTH). */
function encodeHigh(band: Band, sample: number): number {
  const difference = saturate(sample - band.predicted);
  const magnitude = difference >= 0 ? difference : -(difference + 1);
  const isLarge = magnitude >= (HIGH_DECISION * band.step) >> 12;
  const code = (difference >= 0 ? 2 : 0) + (isLarge ? 0 : 1);
  adaptHigh(band, code);
  return code;
}

function adaptHigh(band: Band, code: number): void {
  const difference = (band.step * QQ2[code]!) >> 15;
  band.adaptStep(HIGH_MAGNITUDE[code]!);
  band.adaptPredictor(difference);
}

export class G722Encoder {
  readonly #low = new Band(LOW_BAND);
  readonly #high = new Band(HIGH_BAND);
  readonly #line = new Int32Array(TAPS);

  /** Goes on where another encoder is now, so that the decoder of its bytes can go on with ours. 8 kHz only. */
  follow(other: G722Encoder): void {
    this.#low.follow(other.#low);
    this.#high.follow(other.#high);
  }

  /** 16 kHz, an even number of samples; a byte for every two. */
  encode(samples: Int16Array): Uint8Array {
    const out = new Uint8Array(samples.length >> 1);
    const line = this.#line;
    for (let n = 0; n < out.length; n++) {
      line.copyWithin(0, 2);
      line[TAPS - 2] = samples[2 * n]!;
      line[TAPS - 1] = samples[2 * n + 1]!;
      let even = 0;
      let odd = 0;
      for (let i = 0; i < 12; i++) {
        odd += line[2 * i]! * QMF[i]!;
        even += line[2 * i + 1]! * QMF[11 - i]!;
      }
      out[n] = this.#code((even + odd) >> 14, (even - odd) >> 14);
    }
    return out;
  }

  /** One sample at 8 kHz → one byte. */
  encodeNarrow(sample: number): number {
    return this.#code(sample >> 1, 0);
  }

  #code(low: number, high: number): number {
    return (encodeHigh(this.#high, high) << 6) | encodeLow(this.#low, low);
  }
}

export class G722Decoder {
  readonly #low = new Band(LOW_BAND);
  readonly #high = new Band(HIGH_BAND);
  readonly #line = new Int32Array(TAPS);

  /** Two samples at 16 kHz for every byte. */
  decode(bytes: Uint8Array): Int16Array {
    const out = new Int16Array(2 * bytes.length);
    const line = this.#line;
    for (let n = 0; n < bytes.length; n++) {
      const low = this.#decodeLow(bytes[n]! & 0x3f);
      const high = this.#decodeHigh(bytes[n]! >> 6);
      line.copyWithin(0, 2);
      line[TAPS - 2] = low + high;
      line[TAPS - 1] = low - high;
      let first = 0;
      let second = 0;
      for (let i = 0; i < 12; i++) {
        second += line[2 * i]! * QMF[i]!;
        first += line[2 * i + 1]! * QMF[11 - i]!;
      }
      out[2 * n] = saturate(first >> 11);
      out[2 * n + 1] = saturate(second >> 11);
    }
    return out;
  }

  /** One byte → one sample at 8 kHz. The higher sub-band is not looked at: use one decoder for one kind only. */
  decodeNarrow(byte: number): number {
    return 2 * this.#decodeLow(byte & 0x3f);
  }

  #decodeLow(code: number): number {
    const band = this.#low;
    const sample = limit(band.predicted + ((band.step * QQ6[code]!) >> 15));
    adaptLow(band, code);
    return sample;
  }

  #decodeHigh(code: number): number {
    const band = this.#high;
    const sample = limit(band.predicted + ((band.step * QQ2[code]!) >> 15));
    adaptHigh(band, code);
    return sample;
  }
}
