import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import { CallEventSchema, IdParams, PageQuery, pageOf } from '../schemas.ts';
import { Views } from '../views.ts';
import { visibleCall } from './calls.ts';

export function callEvents(
  api: Api,
  { records, settings }: Pick<HttpServerOptions, 'records' | 'settings'>,
): void {
  api.get(
    '/v1/calls/:id/events',
    {
      config: { access: 'calls:read' },
      schema: {
        summary: 'What happened in a call, in order: legs, the scenario and its log, recordings.',
        operationId: 'listCallEvents',
        tags: ['calls'],
        params: IdParams,
        querystring: PageQuery,
        response: { 200: pageOf(CallEventSchema), ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { id } = await visibleCall(records, key, request.params.id);
      const views = new Views(key, settings.publicUrl);
      const { limit = 50, cursor } = request.query;
      const page = await records.events(id, { limit, ...(cursor === undefined ? {} : { cursor }) });
      return {
        items: page.items.map((event) => views.event(event)),
        ...(page.next === undefined ? {} : { next: page.next }),
      };
    },
  );
}
