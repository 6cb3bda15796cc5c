import { readFile } from 'node:fs/promises';
import { type Static, Type } from 'typebox';
import { transcriptPath } from '../../records/ports.ts';
import type { TranscriptDocument } from '../../records/transcript-file.ts';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError } from '../problems.ts';
import { openRecording } from '../recording-file.ts';
import { IdParams } from '../schemas.ts';
import { Views } from '../views.ts';
import { visibleRecording } from './recordings.ts';

const Word = Type.Object({
  start: Type.Number({ description: 'Seconds since the recording began.' }),
  end: Type.Number(),
  text: Type.String(),
  confidence: Type.Optional(Type.Number({ description: '0 to 1, when the provider tells it.' })),
});

const TranscriptSchema = Type.Object({
  recordingId: Type.String(),
  language: Type.String({ description: 'As asked for, BCP 47; empty: the provider found out.' }),
  seconds: Type.Number(),
  text: Type.String({ description: 'A line for each segment, in order of time.' }),
  channels: Type.Array(
    Type.Object({
      channel: Type.String({
        description: '`left`: what the leg said; `right`: what it heard; `mono`: both.',
      }),
      provider: Type.String(),
      segments: Type.Array(
        Type.Object({
          ...Word.properties,
          words: Type.Array(Word, { description: 'As far as the provider tells.' }),
        }),
      ),
    }),
  ),
});

/** What was said in a recording, once it is recognised. */
export function recordingTranscript(
  api: Api,
  {
    records,
    transcripts,
    recordingsFolder,
    settings,
  }: Pick<HttpServerOptions, 'records' | 'transcripts' | 'recordingsFolder' | 'settings'>,
): void {
  api.get(
    '/v1/recordings/:id/transcript',
    {
      config: { access: 'recordings:read' },
      schema: {
        summary: 'What was said, when `transcribe` was asked for; without numbers:read, numbers are hidden.',
        operationId: 'getRecordingTranscript',
        tags: ['recordings'],
        params: IdParams,
        response: { 200: TranscriptSchema, ...keyProblems(404, 409) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const recording = await visibleRecording(records, key, request.params.id);
      const job = await transcripts.get(recording.recordingId);
      if (job === undefined) throw new HttpError('transcript/none');
      if (job.status === 'failed') throw new HttpError('transcript/failed', job.error);
      if (job.status === 'waiting') throw new HttpError('transcript/unfinished', job.error);
      const { handle } = await openRecording(recordingsFolder, transcriptPath(recording.path));
      try {
        const document = JSON.parse(await readFile(handle, 'utf8')) as TranscriptDocument;
        return shown(document, new Views(key, settings.publicUrl));
      } finally {
        await handle.close();
      }
    },
  );
}

/** Where a number was hidden, the words one by one would tell it. */
function shown(
  { version: _, ...document }: TranscriptDocument,
  views: Views,
): Static<typeof TranscriptSchema> {
  return {
    ...document,
    text: views.text(document.text),
    channels: document.channels.map(({ segments, ...channel }) => ({
      ...channel,
      segments: segments.map((segment) => {
        const text = views.text(segment.text);
        return { ...segment, text, words: text === segment.text ? [...segment.words] : [] };
      }),
    })),
  };
}
