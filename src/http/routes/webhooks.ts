import { type Static, Type } from 'typebox';
import type { Webhook } from '../../events/types.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, applicationFor, keyOf } from '../authorize.ts';
import { WebhookSchema, WebhookTypes, WebhookUrl } from '../event-schemas.ts';
import { some } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError } from '../problems.ts';
import { ApplicationName, ApplicationQuery, IdParams, listOf } from '../schemas.ts';
import { instant } from '../views.ts';

/** Each event of an application is written to the outbox once for each of its webhooks. */
const MOST = 20;

const Secret = Type.String({
  description: '`whsec_…`, for the libraries of Standard Webhooks. It is shown here and never again.',
});
const NewWebhook = Type.Object(
  {
    application: Type.Optional(ApplicationName),
    url: WebhookUrl,
    types: Type.Optional(WebhookTypes),
  },
  { additionalProperties: false },
);
const Change = Type.Object(
  {
    url: Type.Optional(WebhookUrl),
    types: Type.Optional(WebhookTypes),
    enabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** Where events are sent to. */
export function webhooks(api: Api, { admin, events }: Pick<HttpServerOptions, 'admin' | 'events'>): void {
  const store = events.webhooks;

  api.get(
    '/v1/webhooks',
    {
      config: { access: 'webhooks:write' },
      schema: {
        summary: 'Webhooks, without their secrets.',
        operationId: 'listWebhooks',
        tags: ['events'],
        querystring: ApplicationQuery,
        response: { 200: listOf(WebhookSchema), ...keyProblems(404, 422) },
      },
    },
    async (request) => {
      const applicationId = applicationFilter(admin, keyOf(request), request.query.application);
      return { items: (await store.list(applicationId)).map(view) };
    },
  );

  api.post(
    '/v1/webhooks',
    {
      config: { access: 'webhooks:write', audit: 'webhook.secret-shown' },
      schema: {
        summary: 'Makes a webhook; what happens from now on is sent to it.',
        operationId: 'createWebhook',
        tags: ['events'],
        body: NewWebhook,
        response: {
          201: Type.Object({ ...WebhookSchema.properties, secret: Secret }),
          ...keyProblems(404, 409, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { application, url, types = [] } = request.body;
      const { id: applicationId } = applicationFor(admin, keyOf(request), application);
      if ((await store.list(applicationId)).length >= MOST) throw new HttpError('webhook/too-many');
      const made = await store.create({ applicationId, url: checked(url), types });
      return reply.code(201).send({ ...view(made.webhook), secret: made.secret });
    },
  );

  api.get(
    '/v1/webhooks/:id',
    {
      config: { access: 'webhooks:write' },
      schema: {
        summary: 'One webhook, without its secret.',
        operationId: 'getWebhook',
        tags: ['events'],
        params: IdParams,
        response: { 200: WebhookSchema, ...keyProblems(404) },
      },
    },
    async (request) => view(found(await store.change(request.params.id, keyOf(request).applicationId, {}))),
  );

  api.patch(
    '/v1/webhooks/:id',
    {
      config: { access: 'webhooks:write' },
      schema: {
        summary: 'Changes a webhook, or turns it on or off.',
        operationId: 'changeWebhook',
        tags: ['events'],
        params: IdParams,
        body: Change,
        response: { 200: WebhookSchema, ...keyProblems(404, 413, 415) },
      },
    },
    async (request) => {
      const { url, types, enabled } = request.body;
      const change = { ...some({ types, enabled }), ...(url === undefined ? {} : { url: checked(url) }) };
      return view(found(await store.change(request.params.id, keyOf(request).applicationId, change)));
    },
  );

  api.delete(
    '/v1/webhooks/:id',
    {
      config: { access: 'webhooks:write' },
      schema: {
        summary: 'Removes a webhook, and what waits for it.',
        operationId: 'removeWebhook',
        tags: ['events'],
        params: IdParams,
        response: { 204: Type.Null({ description: 'Removed.' }), ...keyProblems(404) },
      },
    },
    async (request, reply) => {
      if (!(await store.remove(request.params.id, keyOf(request).applicationId)))
        throw new HttpError('webhook/unknown');
      return reply.code(204).send(null);
    },
  );

  api.post(
    '/v1/webhooks/:id/rotate-secret',
    {
      config: { access: 'webhooks:write', audit: 'webhook.secret-shown' },
      schema: {
        summary: 'Makes a new secret. Both sign for a day, then only the new one.',
        operationId: 'rotateWebhookSecret',
        tags: ['events'],
        params: IdParams,
        response: { 200: Type.Object({ secret: Secret }), ...keyProblems(404) },
      },
    },
    async (request) => ({
      secret: found(await store.rotateSecret(request.params.id, keyOf(request).applicationId)),
    }),
  );
}

/** @throws HttpError 404 for what is not there, or another tenant's. */
export function found<T>(what: T | undefined): T {
  if (what === undefined) throw new HttpError('webhook/unknown');
  return what;
}

/** What the pattern lets through and no client could call: a port beyond 65535, a broken host. */
function checked(url: string): string {
  if (URL.canParse(url)) return url;
  const fields = [{ name: 'body/url', message: 'is no URL' }];
  throw new HttpError('request/invalid', undefined, { fields });
}

function view(webhook: Webhook): Static<typeof WebhookSchema> {
  const { id, applicationId, url, types, enabled, createdAt, failures, pausedUntil } = webhook;
  return {
    ...{ id, application: applicationId, url, types: [...types], enabled, failures },
    createdAt: instant(createdAt),
    ...(pausedUntil === undefined ? {} : { pausedUntil: instant(pausedUntil) }),
  };
}
