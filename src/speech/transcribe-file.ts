/** A recording, one channel after the other, through a recogniser: read in pieces, no faster than it is recognised. */
import { type FileHandle, open } from 'node:fs/promises';
import { Doubler } from '../media/half-band.ts';
import { readWavInfo, type WavInfo } from '../media/wav.ts';
import type { Recognised, Recognition, RecognitionOptions, RecognitionStream } from './recognition.ts';
import { RecognitionError } from './recognition.ts';
import { SpeechError } from './speech-error.ts';

export interface ChannelTranscript {
  readonly provider: string;
  readonly segments: readonly Recognised[];
}

export interface FileTranscript {
  readonly seconds: number;
  /** Left, then right; or the only one. */
  readonly channels: readonly ChannelTranscript[];
}

const HEAD = 4096;
const SLICE_SECONDS = 1;

/** Rejects with a `SpeechError`, for a file that is no recording of ours, too. */
export async function transcribeFile(
  recognition: Recognition,
  path: string,
  options: RecognitionOptions,
  signal: AbortSignal,
): Promise<FileTranscript> {
  const file = await open(path, 'r').catch(() => {
    throw new RecognitionError('The recording is gone.', 'request');
  });
  try {
    const info = await infoOf(file);
    const channels: ChannelTranscript[] = [];
    for (let channel = 0; channel < info.channels; channel++)
      channels.push(await channelOf(recognition, file, info, channel, options, signal));
    return { seconds: info.frames / info.rate, channels };
  } finally {
    await file.close();
  }
}

async function infoOf(file: FileHandle): Promise<WavInfo> {
  const { size } = await file.stat();
  const head = Buffer.alloc(Math.min(HEAD, size));
  await file.read(head, 0, head.length, 0);
  let info: WavInfo;
  try {
    info = readWavInfo(head);
  } catch {
    throw new RecognitionError('The recording is no WAV file that can be read.', 'request');
  }
  if (info.coding !== 'pcm' || info.width !== 2 || (info.rate !== 8000 && info.rate !== 16_000))
    throw new RecognitionError('The recording is not PCM of 16 bit with 8 or 16 kHz.', 'request');
  // The head ends before the data does; a length of 0 is that of a writer who died.
  const told = head.readUInt32LE(info.dataStart - 4);
  const end = told === 0 ? size : Math.min(size, info.dataStart + told);
  const frames = Math.floor((end - info.dataStart) / (2 * info.channels));
  return { ...info, frames, dataEnd: info.dataStart + frames * 2 * info.channels };
}

async function channelOf(
  recognition: Recognition,
  file: FileHandle,
  info: WavInfo,
  channel: number,
  options: RecognitionOptions,
  signal: AbortSignal,
): Promise<ChannelTranscript> {
  const stream = recognition.open(options);
  const segments: Recognised[] = [];
  const over = Promise.withResolvers<void>();
  stream.events.on('result', (result) => segments.push(result));
  stream.events.on('ended', () => over.resolve());
  // One lost utterance is a transcript that is wrong: the whole is tried again.
  stream.events.on('failed', ({ error }) => over.reject(new RecognitionError(error)));
  const onAbort = (): void => over.reject(new SpeechError('The recognition was stopped.'));
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    await Promise.race([over.promise, feed(stream, file, info, channel)]);
    await over.promise;
    return { provider: stream.provider, segments };
  } finally {
    signal.removeEventListener('abort', onAbort);
    stream.close();
  }
}

async function feed(
  stream: RecognitionStream,
  file: FileHandle,
  info: WavInfo,
  channel: number,
): Promise<void> {
  const frameBytes = 2 * info.channels;
  const doubler = stream.rate === 16_000 && info.rate === 8000 ? new Doubler() : undefined;
  if (stream.rate < info.rate)
    throw new RecognitionError(
      `${stream.provider} takes ${stream.rate} Hz, and the recording has more.`,
      'request',
    );
  const slice = Buffer.alloc(info.rate * SLICE_SECONDS * frameBytes);
  for (let at = info.dataStart; at < info.dataEnd; at += slice.length) {
    const { bytesRead } = await file.read(slice, 0, Math.min(slice.length, info.dataEnd - at), at);
    const frames = Math.floor(bytesRead / frameBytes);
    if (frames === 0) break;
    const samples = new Int16Array(frames);
    for (let n = 0; n < frames; n++) samples[n] = slice.readInt16LE(n * frameBytes + 2 * channel);
    stream.write(doubler === undefined ? samples : doubler.process(samples));
    await stream.drained();
  }
  stream.end();
}
