/** Sound files for peers that play and record them: 16 bits, one channel. */
const RATE = 8_000;
const TONE_SECONDS = 30;

/** Half a minute of a tone. */
export function toneWav(hz: number): Buffer {
  const data = Buffer.alloc(RATE * TONE_SECONDS * 2);
  for (let i = 0; i < RATE * TONE_SECONDS; i++) {
    data.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / RATE)), i * 2);
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/** The samples of a file of one channel. */
export function samplesOf(file: Buffer): Int16Array {
  const start = file.indexOf('data') + 8;
  return Int16Array.from({ length: (file.length - start) >> 1 }, (_, i) => file.readInt16LE(start + 2 * i));
}

/** Samples in a second. */
export const rateOf = (file: Buffer): number => file.readUInt32LE(24);

/** Sound of the middle of a call: beginnings and ends have the silence of jitter buffers. */
export const middle = (samples: Int16Array): Int16Array =>
  samples.subarray(samples.length >> 2, samples.length - (samples.length >> 2));
