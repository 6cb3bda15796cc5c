import { type Static, Type } from 'typebox';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, applicationFor, keyOf, sees } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import type { NumberEntry } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { ApplicationName, ApplicationQuery, IdParams, lineOfText, listOf, PhoneText } from '../schemas.ts';
import { Views } from '../views.ts';

const NumberSchema = Type.Object({
  id: Type.String(),
  application: Type.String({ description: 'Id of the application.' }),
  kind: Type.String({ description: '`service`: we hold it. `verified`: its owner lets us show it.' }),
  number: PhoneText,
  label: Type.String(),
  declared: Type.Boolean({ description: 'Declared in the settings file; the API cannot change it.' }),
});

const NewNumber = Type.Object(
  {
    kind: Type.Enum(['service', 'verified'], { description: 'What is added.' }),
    number: Type.String({ minLength: 3, maxLength: 64, description: 'Any spelling with the country code.' }),
    label: Type.Optional(lineOfText(0, 200, 'For people.')),
    application: Type.Optional(ApplicationName),
  },
  { additionalProperties: false },
);

/** The numbers that applications may show, and are reached by. */
export function numbers(api: Api, { admin, settings }: Pick<HttpServerOptions, 'admin' | 'settings'>): void {
  api.get(
    '/v1/numbers',
    {
      config: { access: 'numbers:read' },
      schema: {
        summary: 'Service numbers and verified numbers.',
        operationId: 'listNumbers',
        tags: ['numbers'],
        querystring: ApplicationQuery,
        response: { 200: listOf(NumberSchema), ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const views = new Views(key, settings.publicUrl);
      const application = applicationFilter(admin, key, request.query.application);
      return { items: admin.numbers(application).map((entry) => view(entry, views)) };
    },
  );

  api.post(
    '/v1/numbers',
    {
      config: { access: 'numbers:write' },
      schema: {
        summary: 'Adds a number. Add as `verified` only what its owner has agreed to.',
        operationId: 'addNumber',
        tags: ['numbers'],
        body: NewNumber,
        response: { 201: NumberSchema, ...keyProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { kind, label = '', application } = request.body;
      const number = PhoneNumber.parse(request.body.number);
      if (!number.isE164) {
        throw new HttpError(
          'entry/invalid',
          'The number is not one of E.164; begin with + and the country code.',
        );
      }
      const { id: applicationId } = applicationFor(admin, key, application);
      const entry = await admin.addNumber({ applicationId, kind, number, label });
      return reply.code(201).send(view(entry, new Views(key, settings.publicUrl)));
    },
  );

  api.delete(
    '/v1/numbers/:id',
    {
      config: { access: 'numbers:write' },
      schema: {
        summary: 'Removes a number that was added here.',
        operationId: 'deleteNumber',
        tags: ['numbers'],
        params: IdParams,
        response: { 204: Type.Null({ description: 'Removed.' }), ...keyProblems(404, 409) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const entry = admin.numbers(key.applicationId).find(({ id }) => id === request.params.id);
      if (entry === undefined || !sees(key, entry.applicationId)) throw new HttpError('entry/unknown');
      await admin.removeNumber(entry.id);
      return reply.code(204).send(null);
    },
  );
}

function view(entry: NumberEntry, views: Views): Static<typeof NumberSchema> {
  const { id, applicationId, kind, number, label, declared } = entry;
  return {
    id,
    application: applicationId,
    kind,
    number: views.number(number),
    label: views.text(label),
    declared,
  };
}
