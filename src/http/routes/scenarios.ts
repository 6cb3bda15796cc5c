import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, applicationFor, keyOf } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import type { ScenarioEntry } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { ApplicationQuery, Instant, lineOfText, listOf } from '../schemas.ts';
import { instant } from '../views.ts';

const MAX_SOURCE = 256 * 1024;

const Summary = Type.Object({
  application: Type.String({ description: 'Id of the application.' }),
  name: Type.String(),
  declared: Type.Boolean({ description: 'Declared in the settings file; the API cannot change it.' }),
  updatedAt: Instant,
});
const Full = Type.Object({
  ...Summary.properties,
  source: Type.String({
    description: 'The script, as it was put: numbers that its author wrote stand in it.',
  }),
});

export const ScenarioParams = Type.Object({ name: lineOfText(1, 128, 'Name of the scenario.') });
/** New names are plain, so that they stand in a URL as they are. */
const NewName = Type.Object({ name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }) });

export function scenarios(api: Api, { admin }: Pick<HttpServerOptions, 'admin'>): void {
  api.get(
    '/v1/scenarios',
    {
      config: { access: 'scenarios:read' },
      schema: {
        summary: 'Scenarios, without their source.',
        operationId: 'listScenarios',
        tags: ['scenarios'],
        querystring: ApplicationQuery,
        response: { 200: listOf(Summary), ...keyProblems(404) },
      },
    },
    async (request) => {
      const application = applicationFilter(admin, keyOf(request), request.query.application);
      return { items: admin.scenarios(application).map(summary) };
    },
  );

  api.get(
    '/v1/scenarios/:name',
    {
      config: { access: 'scenarios:read' },
      schema: {
        summary: 'One scenario with its source.',
        operationId: 'getScenario',
        tags: ['scenarios'],
        params: ScenarioParams,
        querystring: ApplicationQuery,
        response: { 200: Full, ...keyProblems(404, 422) },
      },
    },
    async (request) => {
      const { id } = applicationFor(admin, keyOf(request), request.query.application);
      const found = admin.scenarios(id).find(({ name }) => name === request.params.name);
      if (found === undefined) throw new HttpError('entry/unknown');
      return { ...summary(found), source: found.source };
    },
  );

  api.put(
    '/v1/scenarios/:name',
    {
      config: { access: 'scenarios:write' },
      schema: {
        summary: 'Makes or replaces a scenario. Running sessions go on with the source they began with.',
        operationId: 'putScenario',
        tags: ['scenarios'],
        params: NewName,
        querystring: ApplicationQuery,
        body: Type.Object(
          { source: Type.String({ maxLength: MAX_SOURCE, pattern: '^[^\\u0000]*$' }) },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({ outcome: Type.String({ description: '`updated` or `unchanged`.' }) }),
          201: Type.Object({ outcome: Type.String({ description: '`created`.' }) }),
          ...keyProblems(404, 409, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { id } = applicationFor(admin, keyOf(request), request.query.application);
      const outcome = await admin.putScenario(id, request.params.name, request.body.source);
      return reply.code(outcome === 'created' ? 201 : 200).send({ outcome });
    },
  );

  api.delete(
    '/v1/scenarios/:name',
    {
      config: { access: 'scenarios:write' },
      schema: {
        summary: 'Removes a scenario that no rule uses.',
        operationId: 'deleteScenario',
        tags: ['scenarios'],
        params: ScenarioParams,
        querystring: ApplicationQuery,
        response: { 204: Type.Null({ description: 'Removed.' }), ...keyProblems(404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { id } = applicationFor(admin, keyOf(request), request.query.application);
      await admin.removeScenario(id, request.params.name);
      return reply.code(204).send(null);
    },
  );
}

function summary({ applicationId, name, declared, updatedAt }: ScenarioEntry) {
  return { application: applicationId, name, declared, updatedAt: instant(updatedAt) };
}
