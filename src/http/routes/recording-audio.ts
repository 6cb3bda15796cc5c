import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError } from '../problems.ts';
import { notModified, rangeApplies, readRange } from '../range.ts';
import { openRecording, type RecordingFile } from '../recording-file.ts';
import { IdParams } from '../schemas.ts';
import { visibleRecording } from './recordings.ts';

type AudioRequest = FastifyRequest<{ Params: Static<typeof IdParams> }>;

const audio = (description: string) => ({
  description,
  content: { 'audio/wav': { schema: Type.Unsafe<unknown>({ type: 'string', format: 'binary' }) } },
});

/** The WAV file itself, whole or in part (RFC 9110 §14), streamed from the disk. */
export function recordingAudio(
  api: Api,
  { records, recordingsFolder }: Pick<HttpServerOptions, 'records' | 'recordingsFolder'>,
): void {
  const send = async (request: AudioRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const recording = await visibleRecording(records, keyOf(request), request.params.id);
    // Its size and header are not settled before it is finished.
    if (recording.status === 'recording') throw new HttpError('recording/unfinished');
    const file = await openRecording(recordingsFolder, recording.path);
    reply.headers({
      'accept-ranges': 'bytes',
      etag: file.etag,
      'cache-control': 'private, no-cache',
      'content-disposition': `inline; filename="${recording.recordingId}.wav"`,
    });
    return await sendFile(file, request, reply);
  };
  const schema = {
    tags: ['recordings'],
    params: IdParams,
    response: {
      200: audio('The whole file.'),
      206: audio('The part that the Range header asks for; one range at a time.'),
      304: Type.Null({ description: 'If-None-Match names what the client has already.' }),
      ...keyProblems(404, 409, 416),
    },
  };
  api.get(
    '/v1/recordings/:id/audio',
    {
      config: { access: 'recordings:read' },
      // Fastify's own HEAD would read the file to its end.
      exposeHeadRoute: false,
      schema: { ...schema, summary: 'The audio, WAV; takes Range.', operationId: 'getRecordingAudio' },
    },
    send,
  );
  api.head(
    '/v1/recordings/:id/audio',
    {
      config: { access: 'recordings:read' },
      schema: { ...schema, summary: 'Size and ETag of the audio.', operationId: 'headRecordingAudio' },
    },
    send,
  );
}

async function sendFile(
  file: RecordingFile,
  request: AudioRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { handle, size, etag } = file;
  let streaming = false;
  try {
    if (notModified(request.headers['if-none-match'], etag)) return reply.code(304).send();
    reply.type('audio/wav');
    // RFC 9110 §14.2: Range means something with GET only.
    if (request.method === 'HEAD') return reply.header('content-length', size).send();
    const ifRange = request.headers['if-range'];
    const asked = rangeApplies(typeof ifRange === 'string' ? ifRange : undefined, etag)
      ? readRange(request.headers.range, size)
      : 'whole';
    if (asked === 'unsatisfiable') {
      throw new HttpError('range/unsatisfiable', undefined, {
        headers: { 'content-range': `bytes */${size}` },
      });
    }
    if (asked === 'whole' && size === 0) return reply.header('content-length', 0).send();
    const { start, end } = asked === 'whole' ? { start: 0, end: size - 1 } : asked;
    if (asked !== 'whole') reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
    reply.header('content-length', end - start + 1);
    streaming = true;
    // The stream closes the handle, also when the client goes away.
    return reply.send(handle.createReadStream({ start, end }));
  } finally {
    if (!streaming) await handle.close();
  }
}
