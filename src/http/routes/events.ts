import { Type } from 'typebox';
import { eventView } from '../../events/types.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, keyOf } from '../authorize.ts';
import { namingCursor } from '../cursors.ts';
import { EventCursor, EventFilter, ReadEventSchema, readTypes } from '../event-schemas.ts';
import { some } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';

/** The log of what happened, by cursor. */
export function events(
  api: Api,
  { admin, events: parts }: Pick<HttpServerOptions, 'admin' | 'events'>,
): void {
  api.get(
    '/v1/events',
    {
      config: { access: 'events:read' },
      schema: {
        summary:
          'What happened to masking sessions and calls, the oldest first; ask again with the cursor of the answer.',
        operationId: 'listEvents',
        tags: ['events'],
        querystring: Type.Object(
          {
            cursor: Type.Optional(EventCursor),
            from: Type.Optional(
              Type.Enum(['beginning', 'now'], {
                description:
                  'Without a cursor: from the oldest event that is kept (default), or from now on.',
              }),
            ),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
            ...EventFilter,
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            items: Type.Array(ReadEventSchema),
            cursor: Type.String({ description: 'For the next request, also when there was nothing.' }),
          }),
          ...keyProblems(404, 422),
        },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { application, subject, types, cursor, from, limit = 50 } = request.query;
      const applicationId = applicationFilter(admin, key, application);
      if (from === 'now' && cursor === undefined)
        return { items: [], cursor: await parts.log.end(applicationId) };
      const wanted = readTypes(types);
      const reading = parts.log.read({ applicationId, limit, types: wanted, ...some({ subject, cursor }) });
      const page = await namingCursor('query/cursor', reading);
      return {
        items: page.items.map((event) => ({ ...eventView(event), cursor: event.cursor })),
        cursor: page.cursor,
      };
    },
  );
}
