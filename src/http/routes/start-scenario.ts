import { type Static, Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { applicationFor, keyOf } from '../authorize.ts';
import { IdempotencyHeaders, once, requestHash } from '../idempotency.ts';
import type { HttpServerOptions } from '../options.ts';
import type { ApplicationEntry } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { ApplicationName } from '../schemas.ts';
import { ScenarioParams } from './scenarios.ts';

/** Bytes of customData. It is kept in memory as long as the session runs. */
const MAX_CUSTOM_DATA = 64 * 1024;

const Body = Type.Object(
  {
    customData: Type.Optional(
      Type.Union([Type.String(), Type.Object({}, { additionalProperties: true })], {
        description: 'What VoxEngine.customData() gives: a text, or an object as JSON. At most 64 KiB.',
      }),
    ),
    application: Type.Optional(ApplicationName),
  },
  { additionalProperties: false },
);

const Started = Type.Object({
  sessionId: Type.String(),
  call: Type.String({ description: 'Where the call record is, from the moment it is stored.' }),
  accessUrl: Type.Optional(
    Type.String({
      description:
        'The URL of the running session: what is sent there reaches its script (AppEvents.HttpRequest), web sockets with wss:// as well. Whoever knows it needs no key.',
    }),
  ),
});

type Parts = Pick<HttpServerOptions, 'admin' | 'directory' | 'scenarios' | 'idempotency' | 'log'>;

/** `POST /v1/scenarios/:name/start`: a session without an inbound call. */
export function startScenario(api: Api, parts: Parts): void {
  api.post(
    '/v1/scenarios/:name/start',
    {
      config: { access: 'scenarios:start' },
      // A request without a body starts the scenario without data.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        summary: 'Starts a scenario without an inbound call.',
        operationId: 'startScenario',
        tags: ['scenarios'],
        params: ScenarioParams,
        headers: IdempotencyHeaders,
        body: Body,
        response: { 202: Started, ...keyProblems(404, 409, 413, 415, 422, 503) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const application = applicationFor(parts.admin, key, request.body.application);
      const customData = readCustomData(request.body);
      const start = () => begin(parts, application, request.params.name, customData);
      const idempotencyKey = request.headers['idempotency-key'];
      if (idempotencyKey === undefined) return reply.code(202).send(await start());
      const hash = requestHash(idempotencyKey, application.id, request.params.name, customData);
      // A start that failed did nothing. One that succeeded and could not be noted keeps the key: a phone may be ringing, and
      // the next request is told 409 rather than making it ring twice.
      const named = { apiKeyId: key.id, key: idempotencyKey, hash };
      return reply.code(202).send(await once(parts, named, 202, start));
    },
  );
}

async function begin(
  { directory, scenarios }: Parts,
  application: ApplicationEntry,
  name: string,
  customData: string,
): Promise<Static<typeof Started>> {
  const source = directory.scenarioByName(application.id, name);
  if (source === undefined)
    throw new HttpError('entry/unknown', 'The application has no scenario of that name.');
  const route = {
    applicationId: application.id,
    applicationName: application.name,
    ruleName: '',
    scenarios: [source],
  };
  const { sessionId, access } = await scenarios.start({ route, customData, inbound: undefined });
  const more = access === undefined ? {} : { accessUrl: access.secureUrl };
  return { sessionId, call: `/v1/calls/${sessionId}`, ...more };
}

function readCustomData({ customData = '' }: Static<typeof Body>): string {
  const text = typeof customData === 'string' ? customData : JSON.stringify(customData);
  if (Buffer.byteLength(text) > MAX_CUSTOM_DATA) throw new HttpError('request/too-large');
  return text;
}
