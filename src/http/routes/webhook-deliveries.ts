import { type Static, Type } from 'typebox';
import { type Delivery, eventView } from '../../events/types.ts';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import { namingCursor } from '../cursors.ts';
import { DeliverySchema, EventCursor } from '../event-schemas.ts';
import { some } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import { IdParams, PageQuery, pageOf } from '../schemas.ts';
import { instant } from '../views.ts';
import { found } from './webhooks.ts';

const Replay = Type.Union(
  [
    Type.Object(
      { cursor: EventCursor },
      { additionalProperties: false, description: 'All events behind it that the webhook wants.' },
    ),
    Type.Object(
      { event: Type.String({ pattern: '^evt_[0-9a-f-]{36}$' }) },
      { additionalProperties: false, description: 'This one.' },
    ),
  ],
  { description: 'What is sent once more, under the same ids.' },
);

/** What became of what was sent, and sending it again. */
export function webhookDeliveries(
  api: Api,
  { events, clock, random }: Pick<HttpServerOptions, 'clock' | 'events' | 'random'>,
): void {
  const store = events.webhooks;

  api.get(
    '/v1/webhooks/:id/deliveries',
    {
      config: { access: 'webhooks:write' },
      schema: {
        summary: 'What was sent, what is to be sent, and what was given up; the newest first.',
        operationId: 'listDeliveries',
        tags: ['events'],
        params: IdParams,
        querystring: Type.Object(
          {
            ...PageQuery.properties,
            state: Type.Optional(Type.Enum(['waiting', 'delivered', 'failed'])),
          },
          { additionalProperties: false },
        ),
        response: { 200: pageOf(DeliverySchema), ...keyProblems(404) },
      },
    },
    async (request) => {
      const { limit = 50, cursor, state } = request.query;
      const options = { limit, ...some({ cursor, state }) };
      const { applicationId } = keyOf(request);
      const reading = store.deliveries(request.params.id, applicationId, options);
      const { items, next } = found(await namingCursor('query/cursor', reading));
      return { items: items.map(view), ...some({ next }) };
    },
  );

  api.post(
    '/v1/webhooks/:id/replay',
    {
      config: { access: 'webhooks:write' },
      schema: {
        summary: 'Sends events once more. What waits to be sent already is not sent twice.',
        operationId: 'replayEvents',
        tags: ['events'],
        params: IdParams,
        body: Replay,
        response: {
          202: Type.Object({ queued: Type.Integer({ description: 'How many are on their way.' }) }),
          ...keyProblems(404, 413, 415),
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const what = 'event' in body ? { eventId: body.event } : { cursor: body.cursor };
      const queueing = store.replay(request.params.id, keyOf(request).applicationId, what);
      const queued = found(await namingCursor('body/cursor', queueing));
      return reply.code(202).send({ queued });
    },
  );

  api.post(
    '/v1/webhooks/:id/test',
    {
      config: { access: 'webhooks:write' },
      schema: {
        summary:
          'Sends a message of the type `webhook.test` now, and says what came back. It is no event of the log.',
        operationId: 'testWebhook',
        tags: ['events'],
        params: IdParams,
        response: {
          200: Type.Object({
            delivered: Type.Boolean(),
            status: Type.Optional(Type.Integer({ description: 'HTTP status of the answer.' })),
            error: Type.Optional(Type.String({ description: 'Why it was not delivered, in words.' })),
            milliseconds: Type.Integer(),
          }),
          ...keyProblems(404),
        },
      },
    },
    async (request) => {
      const target = found(await store.target(request.params.id, keyOf(request).applicationId));
      const id = `evt_${random.uuid()}`;
      const at = clock.now();
      const began = clock.monotonic();
      const { applicationId: application } = target;
      const message = { id, type: 'webhook.test', timestamp: instant(at), application, subject: 'test' };
      const body = JSON.stringify({ ...message, position: 1, data: {} });
      const sent = await events.send(target, { id, at, body });
      return {
        delivered: sent.ok,
        milliseconds: Math.round(clock.monotonic() - began),
        ...some({ status: sent.status }),
        ...(sent.ok ? {} : { error: sent.error }),
      };
    },
  );
}

function view(delivery: Delivery): Static<typeof DeliverySchema> {
  const { id, state, attempts, nextAt, lastAttemptAt, lastStatus, lastError, event } = delivery;
  return {
    ...{ id, state, attempts, event: eventView(event) },
    ...some({ lastStatus, lastError }),
    ...(nextAt === undefined ? {} : { nextAt: instant(nextAt) }),
    ...(lastAttemptAt === undefined ? {} : { lastAttemptAt: instant(lastAttemptAt) }),
  };
}
