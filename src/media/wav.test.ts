import { describe, expect, it } from 'vitest';
import { encodeG711 } from './codec/g711.ts';
import { toneShare, totalPower } from './goertzel.ts';
import { resampleTo8k } from './resample.ts';
import { readWav, readWavChannel, readWavInfo, WavError, wavHeader } from './wav.ts';

function tone(frequency: number, rate: number, seconds = 0.5): Int16Array {
  return Int16Array.from({ length: rate * seconds }, (_, i) =>
    Math.round(12_000 * Math.sin((2 * Math.PI * frequency * i) / rate)),
  );
}

function wavOf(options: {
  code?: number;
  channels?: number;
  rate?: number;
  bits?: number;
  data: Uint8Array;
  extra?: Buffer;
}): Buffer {
  const { code = 1, channels = 1, rate = 8000, bits = 16, data, extra = Buffer.alloc(0) } = options;
  const format = Buffer.alloc(24);
  format.write('fmt ', 0);
  format.writeUInt32LE(16, 4);
  format.writeUInt16LE(code, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rate, 12);
  format.writeUInt32LE((rate * channels * bits) / 8, 16);
  format.writeUInt16LE((channels * bits) / 8, 20);
  format.writeUInt16LE(bits, 22);
  const head = Buffer.alloc(8);
  head.write('data', 0);
  head.writeUInt32LE(data.length, 4);
  const riff = Buffer.alloc(12);
  riff.write('RIFF', 0);
  riff.write('WAVE', 8);
  return Buffer.concat([riff, format, extra, head, data]);
}
const bytesOf = (samples: Int16Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
const middle = (samples: Int16Array): Int16Array => samples.subarray(400, samples.length - 400);

describe('WAV files', () => {
  it.each([8000, 11_025, 16_000, 22_050, 44_100, 48_000])(
    'reads PCM 16 at %i Hz as the same tone at 8 kHz',
    (rate) => {
      const samples = readWav(wavOf({ rate, data: bytesOf(tone(1000, rate)) }));
      expect(samples.length).toBeGreaterThan(3998);
      expect(samples.length).toBeLessThanOrEqual(4000);
      expect(toneShare(middle(samples), 1000)).toBeGreaterThan(0.999);
      expect(totalPower(middle(samples)) / (12_000 ** 2 / 2)).toBeCloseTo(1, 1);
    },
  );

  it('[row 37] low-passes before it takes samples away: what 8 kHz cannot hold is gone, not folded', () => {
    const kept = totalPower(middle(resampleTo8k(tone(3200, 48_000), 48_000)));
    expect(kept / (12_000 ** 2 / 2)).toBeGreaterThan(0.9);
    for (const frequency of [4800, 6000, 12_345]) {
      const left = totalPower(middle(resampleTo8k(tone(frequency, 48_000), 48_000)));
      expect(10 * Math.log10((left + 1e-9) / (12_000 ** 2 / 2))).toBeLessThan(-50);
    }
  });

  it('reads 8-bit PCM, A-law and µ-law', () => {
    const samples = tone(440, 8000);
    const eight = Uint8Array.from(samples, (sample) => (sample >> 8) + 128);
    expect(toneShare(readWav(wavOf({ bits: 8, data: eight })), 440)).toBeGreaterThan(0.99);
    expect(
      toneShare(readWav(wavOf({ code: 6, bits: 8, data: encodeG711('PCMA', samples) })), 440),
    ).toBeGreaterThan(0.99);
    expect(
      toneShare(readWav(wavOf({ code: 7, bits: 8, data: encodeG711('PCMU', samples) })), 440),
    ).toBeGreaterThan(0.99);
  });

  it('reads stereo mixed, or one channel', () => {
    const left = tone(440, 8000);
    const right = tone(700, 8000);
    const both = new Int16Array(left.length * 2);
    left.forEach((value, i) => {
      both[2 * i] = value;
      both[2 * i + 1] = right[i]!;
    });
    const file = wavOf({ channels: 2, data: bytesOf(both) });
    expect(toneShare(readWavChannel(file, 'left'), 440)).toBeGreaterThan(0.99);
    expect(toneShare(readWavChannel(file, 'right'), 700)).toBeGreaterThan(0.99);
    expect(toneShare(readWav(file), 440)).toBeCloseTo(0.5, 1);
  });

  it('reads 24 and 32 bits, floating point, six channels and 96 kHz', () => {
    const samples = tone(440, 8000);
    const wide = (bytes: number): Uint8Array => {
      const out = Buffer.alloc(samples.length * bytes);
      for (const [i, sample] of samples.entries()) out.writeInt16LE(sample, (i + 1) * bytes - 2);
      return out;
    };
    const floats = new Float32Array(samples.length).map((_, i) => samples[i]! / 32768);
    const doubles = new Float64Array(floats);
    floats[3] = Number.NaN;
    for (const options of [
      { bits: 24, data: wide(3) },
      { bits: 32, data: wide(4) },
      { code: 3, bits: 32, data: new Uint8Array(floats.buffer) },
      { code: 3, bits: 64, data: new Uint8Array(doubles.buffer) },
    ]) {
      const read = readWav(wavOf(options));
      expect([read.length, toneShare(read, 440) > 0.99]).toEqual([4000, true]);
      expect(totalPower(read) / (12_000 ** 2 / 2)).toBeCloseTo(1, 1);
    }
    const six = new Int16Array(samples.length * 6).map((_, i) => samples[Math.floor(i / 6)]!);
    expect(toneShare(readWav(wavOf({ channels: 6, data: bytesOf(six) })), 440)).toBeGreaterThan(0.99);
    const high = readWav(wavOf({ rate: 96_000, data: bytesOf(tone(440, 96_000, 0.2)) }));
    expect([high.length, toneShare(high.subarray(100, 1500), 440) > 0.99]).toEqual([1600, true]);
  });

  it('steps over other chunks, also odd ones, and reads to the end when the length is missing', () => {
    const extra = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1');
    const file = wavOf({ data: bytesOf(tone(440, 8000)), extra });
    file.writeUInt32LE(0xffffffff, file.indexOf('data') + 4);
    expect(readWavInfo(file).frames).toBe(4000);
  });

  it('says what is wrong with a file that it cannot read', () => {
    const data = new Uint8Array(10);
    for (const file of [
      Buffer.from('ID3 this is an mp3'),
      wavOf({ code: 85, data }),
      wavOf({ channels: 9, data }),
      wavOf({ bits: 12, data }),
      wavOf({ rate: 400_000, data }),
      wavOf({ data }).subarray(0, 30),
      wavOf({ data }).subarray(0, 36),
    ])
      expect(() => readWav(file)).toThrow(WavError);
  });

  it('writes a header that it reads', () => {
    const info = readWavInfo(Buffer.concat([wavHeader(2, 400), Buffer.alloc(400)]));
    expect(info).toEqual({
      rate: 8000,
      channels: 2,
      width: 2,
      coding: 'pcm',
      dataStart: 44,
      dataEnd: 444,
      frames: 100,
    });
  });
});
