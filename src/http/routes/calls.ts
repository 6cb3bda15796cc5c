import type { CallRecord } from '../../records/ports.ts';
import { type Api, keyProblems } from '../api.ts';
import { keyOf, sees } from '../authorize.ts';
import { isDataException } from '../cursors.ts';
import type { HttpServerOptions } from '../options.ts';
import type { ApiKey } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { CallSchema, IdParams, PageQuery, pageOf } from '../schemas.ts';
import { Views } from '../views.ts';

export function calls(
  api: Api,
  { records, settings }: Pick<HttpServerOptions, 'records' | 'settings'>,
): void {
  api.get(
    '/v1/calls',
    {
      config: { access: 'calls:read' },
      schema: {
        summary: 'Calls, newest first.',
        operationId: 'listCalls',
        tags: ['calls'],
        querystring: PageQuery,
        response: { 200: pageOf(CallSchema), ...keyProblems() },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const views = new Views(key, settings.publicUrl);
      const { limit = 50, cursor } = request.query;
      const { items, next } = await records
        .list({
          limit,
          ...(key.applicationId === undefined ? {} : { applicationId: key.applicationId }),
          ...(cursor === undefined ? {} : { cursor }),
        })
        .catch((error: unknown) => {
          throw cursor !== undefined && isDataException(error) ? new HttpError('request/cursor') : error;
        });
      return { items: items.map((record) => views.call(record)), ...(next === undefined ? {} : { next }) };
    },
  );

  api.get(
    '/v1/calls/:id',
    {
      config: { access: 'calls:read' },
      schema: {
        summary: 'One call with its legs and recordings.',
        operationId: 'getCall',
        tags: ['calls'],
        params: IdParams,
        response: { 200: CallSchema, ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      return new Views(key, settings.publicUrl).call(await visibleCall(records, key, request.params.id));
    },
  );
}

/** The call record, if the key may see it; another application's call answers as one that is not there. */
export async function visibleCall(
  records: HttpServerOptions['records'],
  key: ApiKey,
  id: string,
): Promise<CallRecord> {
  const record = await records.get(id);
  if (record === undefined || !sees(key, record.applicationId)) throw new HttpError('call/unknown');
  return record;
}
