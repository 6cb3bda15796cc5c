import { type Static, Type } from 'typebox';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { NumberPool, PoolNumber } from '../../masking/types.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, applicationFor, keyOf, sees } from '../authorize.ts';
import { NumberChangeBody, poolNumberFields } from '../masking-schemas.ts';
import { some } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import type { NumberEntry } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { ApplicationName, IdParams, lineOfText, listOf, PhoneText } from '../schemas.ts';
import { Views } from '../views.ts';

const NumberSchema = Type.Object({
  id: Type.String(),
  application: Type.String({ description: 'Id of the application.' }),
  kind: Type.String({ description: '`service`: we hold it. `verified`: its owner lets us show it.' }),
  number: PhoneText,
  label: Type.String(),
  declared: Type.Boolean({ description: 'Declared in the settings file; the API cannot remove it.' }),
  ...poolNumberFields,
});

const NumbersQuery = Type.Object(
  {
    application: Type.Optional(ApplicationName),
    kind: Type.Optional(Type.Enum(['service', 'verified'])),
    pool: Type.Optional(lineOfText(1, 64, 'Name of a pool.')),
    region: Type.Optional(lineOfText(1, 64, 'Your own word for where it is.')),
    tag: Type.Optional(lineOfText(1, 64, 'One of its tags.')),
    status: Type.Optional(Type.Enum(['active', 'quarantined'])),
  },
  { additionalProperties: false },
);

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
export function numbers(
  api: Api,
  { admin, masking, settings }: Pick<HttpServerOptions, 'admin' | 'masking' | 'settings'>,
): void {
  api.get(
    '/v1/numbers',
    {
      config: { access: 'numbers:read' },
      schema: {
        summary: 'Service numbers and verified numbers.',
        operationId: 'listNumbers',
        tags: ['numbers'],
        querystring: NumbersQuery,
        response: { 200: listOf(NumberSchema), ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const views = new Views(key, settings.publicUrl);
      const { application, ...wanted } = request.query;
      const applicationId = applicationFilter(admin, key, application);
      const pools = await masking.pools.pools(applicationId);
      const pooled = new Map(
        (await masking.pools.numbers({ applicationId })).map((number) => [number.id, number]),
      );
      const items = admin
        .numbers(applicationId)
        .map((entry) => ({ ...view(entry, views), ...poolView(pooled.get(entry.id), pools, views) }));
      return { items: items.filter((item) => isWanted(item, wanted)) };
    },
  );

  api.patch(
    '/v1/numbers/:id',
    {
      config: { access: 'numbers:write' },
      schema: {
        summary: 'Changes a service number: its pool, region, tags or label, or whether new sessions get it.',
        operationId: 'changeNumber',
        tags: ['numbers'],
        params: IdParams,
        body: NumberChangeBody,
        response: { 200: NumberSchema, ...keyProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const entry = admin.numbers(key.applicationId).find(({ id }) => id === request.params.id);
      if (entry === undefined || !sees(key, entry.applicationId)) throw new HttpError('entry/unknown');
      if (entry.kind !== 'service')
        throw new HttpError('entry/invalid', 'It is a verified number; only service numbers are in pools.');
      const { label, ...change } = request.body;
      if (entry.declared && label !== undefined) throw new HttpError('entry/declared');
      const changed = await masking.pools.changeNumber(entry.id, entry.applicationId, {
        ...change,
        ...(label === undefined ? {} : { label }),
      });
      const views = new Views(key, settings.publicUrl);
      const pools = await masking.pools.pools(entry.applicationId);
      return { ...view(entry, views), ...poolView(changed, pools, views) };
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

/** What a service number has beyond what every number has; nothing for one that is none. */
function poolView(number: PoolNumber | undefined, pools: readonly NumberPool[], views: Views) {
  if (number === undefined) return {};
  const { label, country, region, tags, status, quarantineReason, sessions } = number;
  return {
    label: views.text(label),
    tags: tags.map((tag) => views.text(tag)),
    ...{ status, sessions },
    ...some({ pool: pools.find(({ id }) => id === number.poolId)?.name, country, region, quarantineReason }),
  };
}

function isWanted(
  item: Static<typeof NumberSchema>,
  { kind, pool, region, tag, status }: Omit<Static<typeof NumbersQuery>, 'application'>,
): boolean {
  return (
    (kind === undefined || item.kind === kind) &&
    (pool === undefined || item.pool === pool) &&
    (region === undefined || item.region === region) &&
    (tag === undefined || item.tags?.includes(tag) === true) &&
    (status === undefined || item.status === status)
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
