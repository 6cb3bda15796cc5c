import { Type } from 'typebox';
import { describeError } from '../../kernel/logger.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, keyOf } from '../authorize.ts';
import { namingCursor } from '../cursors.ts';
import { EventCursor, EventFilter, readTypes } from '../event-schemas.ts';
import { eventStreamBody, type StreamOptions } from '../event-stream.ts';
import { some } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError } from '../problems.ts';

/** Each looks into the database once a second. */
const MAX_STREAMS = 50;

/** The log as a live stream. */
export function liveEvents(
  api: Api,
  parts: Pick<HttpServerOptions, 'admin' | 'apiKeys' | 'clock' | 'events' | 'log'>,
): void {
  const { admin, apiKeys, clock, log } = parts;
  const streams = new Set<AbortController>();
  // Connections that never end by themselves would keep the node from stopping.
  api.addHook('preClose', async () => {
    for (const one of streams) one.abort();
  });

  api.get(
    '/v1/events/stream',
    {
      config: { access: 'events:read' },
      schema: {
        summary: 'Events as they happen (server-sent events): from now on, or from a cursor.',
        operationId: 'streamEvents',
        tags: ['events'],
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.Union([EventCursor, Type.Literal('')], {
              description: 'Set by clients that come back; wins over `cursor`.',
            }),
          ),
        }),
        querystring: Type.Object(
          { cursor: Type.Optional(EventCursor), ...EventFilter },
          { additionalProperties: false },
        ),
        response: {
          200: {
            description: 'Each message has a cursor as its `id` and an event (JSON) as its `data`.',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          ...keyProblems(404, 422, 503),
        },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { application, subject, types, cursor } = request.query;
      const applicationId = applicationFilter(admin, key, application);
      const filter = { applicationId, types: readTypes(types), ...some({ subject }) };
      const last = request.headers['last-event-id'];
      const from = last || cursor;
      // A cursor that is not one is refused here: later there is no status to say it with.
      if (from !== undefined)
        await namingCursor(
          last ? 'headers/last-event-id' : 'query/cursor',
          parts.events.log.read({ ...filter, cursor: from, limit: 1 }),
        );
      const begin = from ?? (await parts.events.log.end(applicationId));
      if (streams.size >= MAX_STREAMS) throw new HttpError('events/too-many-streams');
      const ended = new AbortController();
      streams.add(ended);
      const body = eventStreamBody({
        ...{ log: parts.events.log, bell: parts.events.bell, clock, filter, signal: ended.signal },
        cursor: begin,
        mayGoOn: async () =>
          (await apiKeys.list()).some(({ id, revokedAt }) => id === key.id && revokedAt === undefined),
      } satisfies StreamOptions);
      body.once('error', (error) => log.warn({ err: describeError(error) }, 'a stream of events ended'));
      body.once('close', () => streams.delete(ended));
      // A generator that waits does not notice that nobody reads any more.
      reply.raw.once('close', () => ended.abort());
      return reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no').send(body);
    },
  );
}
