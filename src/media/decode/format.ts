/** What a sound file is, by what it holds: neither names nor Content-Type fields are to be relied on. */

export type SoundFormat =
  /** Read by wav.ts, without a decoder. */
  | 'wav'
  /** RIFF WAVE with a compression that wav.ts does not know. */
  | 'compressed-wav'
  | 'mp3'
  | 'vorbis'
  | 'opus'
  | 'flac';

/** PCM, floating point, A-law, µ-law, and the extensible header, which wav.ts looks into. */
const PLAIN_WAV = new Set([1, 3, 6, 7, 0xfffe]);
/** Where the first packets of an Ogg stream are. */
const OGG_HEAD = 4096;

/** Undefined when it is no sound that can be played. */
export function formatOf(file: Uint8Array): SoundFormat | undefined {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, OGG_HEAD));
  const tag = head.toString('latin1', 0, 4);
  if (tag === 'RIFF') return wavFormat(head);
  if (tag === 'OggS') return oggFormat(head);
  if (tag === 'fLaC') return 'flac';
  return tag.startsWith('ID3') || isMpegFrame(head) ? 'mp3' : undefined;
}

function wavFormat(head: Buffer): SoundFormat {
  const format = head.indexOf('fmt ');
  if (format < 0 || format + 10 > head.length) return 'wav';
  return PLAIN_WAV.has(head.readUInt16LE(format + 8)) ? 'wav' : 'compressed-wav';
}

/** RFC 7845 §5.1 and the Vorbis I specification §4.2.1: the first packet says what follows. */
function oggFormat(head: Buffer): SoundFormat | undefined {
  if (head.includes('OpusHead', 0, 'latin1')) return 'opus';
  return head.includes('\x01vorbis', 0, 'latin1') ? 'vorbis' : undefined;
}

/** ISO/IEC 11172-3 §2.4.2.3: twelve bits of sync, then a layer, a bit rate and a sample rate that exist. */
function isMpegFrame(head: Buffer): boolean {
  if (head.length < 4 || head[0] !== 0xff || (head[1]! & 0xe0) !== 0xe0) return false;
  const version = (head[1]! >> 3) & 3;
  const layer = (head[1]! >> 1) & 3;
  return version !== 1 && layer !== 0 && head[2]! >> 4 !== 15 && ((head[2]! >> 2) & 3) !== 3;
}
