import type { RecordingRecord } from '../../records/ports.ts';
import { type Api, keyProblems } from '../api.ts';
import { keyOf, sees } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import type { ApiKey } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { IdParams, RecordingSchema } from '../schemas.ts';
import { Views } from '../views.ts';

export function recordings(
  api: Api,
  { records, settings }: Pick<HttpServerOptions, 'records' | 'settings'>,
): void {
  api.get(
    '/v1/recordings/:id',
    {
      config: { access: 'recordings:read' },
      schema: {
        summary: 'One recording; its audio is under `url`.',
        operationId: 'getRecording',
        tags: ['recordings'],
        params: IdParams,
        response: { 200: RecordingSchema, ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const recording = await visibleRecording(records, key, request.params.id);
      return new Views(key, settings.publicUrl).recording(recording);
    },
  );
}

/** The recording, if the key may see the call that it belongs to. */
export async function visibleRecording(
  records: HttpServerOptions['records'],
  key: ApiKey,
  id: string,
): Promise<RecordingRecord> {
  const recording = await records.recording(id);
  if (recording === undefined) throw new HttpError('recording/unknown');
  const call = await records.get(recording.sessionId);
  if (!sees(key, call?.applicationId)) throw new HttpError('recording/unknown');
  return recording;
}
