/** A transcript as files beside its recording: `….transcript.json` for programs, `….transcript.txt` for people. */
import { rename, rm, writeFile } from 'node:fs/promises';
import type { FileTranscript } from '../speech/transcribe-file.ts';
import { transcriptPath } from './ports.ts';

/** What the JSON file holds. Times in seconds since the recording began. */
export interface TranscriptDocument {
  readonly version: 1;
  readonly recordingId: string;
  /** As asked for, BCP 47; empty: the provider found out. */
  readonly language: string;
  readonly seconds: number;
  /** Everything that was said, a line for each segment, in order of time. */
  readonly text: string;
  readonly channels: readonly {
    /** `left`: what the leg said; `right`: what it heard; `mono`: both. */
    readonly channel: 'left' | 'right' | 'mono';
    readonly provider: string;
    readonly segments: readonly {
      readonly start: number;
      readonly end: number;
      readonly text: string;
      readonly confidence?: number;
      readonly words: readonly {
        readonly start: number;
        readonly end: number;
        readonly text: string;
        readonly confidence?: number;
      }[];
    }[];
  }[];
}

export function documentOf(recordingId: string, language: string, file: FileTranscript): TranscriptDocument {
  const channels = file.channels.map(({ provider, segments }, index) => ({
    channel:
      file.channels.length === 1 ? ('mono' as const) : index === 0 ? ('left' as const) : ('right' as const),
    provider,
    segments: segments.map(({ startSeconds, endSeconds, text, confidence, words }) => ({
      ...timed(startSeconds, endSeconds, text, confidence),
      words: words.map((word) => timed(word.startSeconds, word.endSeconds, word.text, word.confidence)),
    })),
  }));
  return {
    version: 1,
    recordingId,
    language,
    seconds: round(file.seconds),
    text: plainText(channels),
    channels,
  };
}

function timed(start: number, end: number, text: string, confidence: number | undefined) {
  const known = confidence === undefined ? {} : { confidence: round(confidence) };
  return { start: round(start), end: round(end), text, ...known };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

function plainText(channels: TranscriptDocument['channels']): string {
  return channels
    .flatMap(({ channel, segments }) => segments.map((segment) => ({ channel, ...segment })))
    .sort((a, b) => a.start - b.start)
    .map(({ channel, start, text }) => `[${clock(start)}]${channel === 'mono' ? '' : ` ${channel}:`} ${text}`)
    .join('\n');
}

/** `00:07`, `61:05`. */
function clock(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 60))}:${two(Math.floor(seconds % 60))}`;
}

/** Both files, whole or not at all. `recordingPath` is absolute. */
export async function writeTranscript(recordingPath: string, document: TranscriptDocument): Promise<void> {
  const path = transcriptPath(recordingPath);
  await writeWhole(path.replace(/json$/, 'txt'), `${document.text}\n`);
  await writeWhole(path, `${JSON.stringify(document)}\n`);
}

/** Both files; those that are not there are gone already. */
export async function removeTranscript(recordingPath: string): Promise<void> {
  const path = transcriptPath(recordingPath);
  for (const one of [path, path.replace(/json$/, 'txt')]) await rm(one, { force: true });
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text, { mode: 0o600 });
  await rename(`${path}.part`, path);
}
