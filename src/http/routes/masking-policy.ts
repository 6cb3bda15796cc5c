import { type Static, Type } from 'typebox';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFor, keyOf } from '../authorize.ts';
import { explainView } from '../explain-view.ts';
import { numberOf } from '../masking-bodies.ts';
import type { HttpServerOptions } from '../options.ts';
import { ExplainBody, ExplainView, PolicySchema } from '../policy-schemas.ts';
import type { ApiKey } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { ApplicationQuery } from '../schemas.ts';
import { Views } from '../views.ts';

type Parts = Pick<HttpServerOptions, 'admin' | 'masking' | 'settings'>;

const Secrets = Type.Object({
  secrets: Type.Array(Type.String(), {
    description: '`whsec_…`; the current one first. A signature by any of them is good.',
  }),
});

/** How calls are resolved, as data, and what it comes to for a call. */
export function maskingPolicy(api: Api, parts: Parts): void {
  const { admin, masking, settings } = parts;

  api.get(
    '/v1/routing-policy',
    {
      config: { access: 'policy:read' },
      schema: {
        summary: 'The routing policy of an application.',
        operationId: 'getRoutingPolicy',
        tags: ['masking'],
        querystring: ApplicationQuery,
        response: { 200: PolicySchema, ...keyProblems(404, 422) },
      },
    },
    async (request) => {
      const { id } = applicationFor(admin, keyOf(request), request.query.application);
      return (await masking.policies.get(id)) as Static<typeof PolicySchema>;
    },
  );

  api.put(
    '/v1/routing-policy',
    {
      config: { access: 'policy:write', audit: 'policy.changed' },
      schema: {
        summary: 'Replaces the routing policy of an application; what is left out is as the defaults are.',
        operationId: 'putRoutingPolicy',
        tags: ['masking'],
        querystring: ApplicationQuery,
        body: PolicySchema,
        response: { 200: PolicySchema, ...keyProblems(404, 413, 415, 422) },
      },
    },
    async (request) => {
      const { id } = applicationFor(admin, keyOf(request), request.query.application);
      return (await masking.policies.put(id, request.body)) as Static<typeof PolicySchema>;
    },
  );

  api.get(
    '/v1/routing-policy/secrets',
    {
      config: { access: 'policy:write', audit: 'backend.secret-shown' },
      schema: {
        summary: 'The secrets that sign requests to the application’s backend (pull and intercept).',
        operationId: 'getBackendSecrets',
        tags: ['masking'],
        querystring: ApplicationQuery,
        response: { 200: Secrets, ...keyProblems(404, 422) },
      },
    },
    async (request) => {
      const { id } = applicationFor(admin, keyOf(request), request.query.application);
      return { secrets: [...(await masking.backendSecrets.current(id))] };
    },
  );

  api.post(
    '/v1/routing-policy/rotate-secret',
    {
      config: { access: 'policy:write', audit: 'backend.secret-shown' },
      schema: {
        summary: 'Makes a new secret beside the old one, which signs for another day.',
        operationId: 'rotateBackendSecret',
        tags: ['masking'],
        querystring: ApplicationQuery,
        response: { 200: Type.Object({ secret: Type.String() }), ...keyProblems(404, 413, 415, 422) },
      },
    },
    async (request) => {
      const { id } = applicationFor(admin, keyOf(request), request.query.application);
      return { secret: await masking.backendSecrets.rotate(id) };
    },
  );

  api.post(
    '/v1/explain',
    {
      config: { access: 'policy:read' },
      schema: {
        summary:
          'What would become of a call: each step of the resolution, and what both sides would notice.',
        description: 'Nobody is called, nothing is written, and the intercept hook is not asked.',
        operationId: 'explain',
        tags: ['masking'],
        body: ExplainBody,
        response: { 200: ExplainView, ...keyProblems(404, 413, 415, 422) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { from, to, extension, chosen, askBackend = false, application } = request.body;
      const caller = numberOf(from, '/from');
      const { number: dialled, applicationId } = serviceNumber(parts, key, to, application);
      const question = { applicationId, caller, dialled, extension, chosen, callId: undefined };
      const resolution = await masking.explain(question, askBackend);
      return explainView(resolution, new Views(key, settings.publicUrl));
    },
  );
}

/** The service number that a text means, of an application that the key may see. Throws 404. */
function serviceNumber(
  { admin }: Pick<Parts, 'admin'>,
  key: ApiKey,
  text: string,
  named: string | undefined,
) {
  const applicationId = named === undefined ? key.applicationId : applicationFor(admin, key, named).id;
  const number = PhoneNumber.parse(text);
  const found = admin
    .numbers(applicationId)
    .find((entry) => entry.kind === 'service' && entry.number.equals(number));
  if (found !== undefined) return found;
  throw new HttpError('entry/unknown', 'The dialled number is no service number of the application.', {
    fields: [{ name: 'body/to', message: 'is no service number of the application' }],
  });
}
