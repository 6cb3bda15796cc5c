import { type Static, Type } from 'typebox';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { ErasureReceipt } from '../../retention/ports.ts';
import { ERASED_KINDS } from '../../retention/ports.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, keyOf } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError } from '../problems.ts';
import { ApplicationName, IdParams, Instant } from '../schemas.ts';
import { instant } from '../views.ts';

const NewErasure = Type.Object(
  {
    number: Type.String({ minLength: 3, maxLength: 64, description: 'Any spelling with the country code.' }),
    application: Type.Optional(ApplicationName),
  },
  { additionalProperties: false },
);

const Kept = Type.Object({
  what: Type.String(),
  why: Type.String(),
  count: Type.Optional(
    Type.Integer({ description: 'How many have the number, where that was looked for and found.' }),
  ),
});

const Receipt = Type.Object({
  id: Type.String(),
  application: Type.Optional(Type.String({ description: 'Absent: in all applications.' })),
  at: Instant,
  status: Type.Enum(['running', 'complete'], {
    description:
      '`running`: calls of that person go on, much is to be looked through, or a node has still to delete files. It completes by itself.',
  }),
  searchedUntil: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'Every text that was stored until then has been looked at. Absent: that goes on.',
    }),
  ),
  finishedAt: Type.Optional(Instant),
  removed: Type.Object(
    Object.fromEntries(ERASED_KINDS.map((kind) => [kind, Type.Optional(Type.Integer())])),
    { description: 'How much of what.' },
  ),
  kept: Type.Array(Kept, {
    description:
      'What no server can find by a number, and settings in which it stands: who has to change them.',
  }),
});

/** Erases a person by number. Numbers stand in bodies only, and receipts hold none. */
export function erasures(
  api: Api,
  { admin, erasures: store }: Pick<HttpServerOptions, 'admin' | 'erasures'>,
): void {
  api.post(
    '/v1/erasures',
    {
      config: { access: 'people:write' },
      schema: {
        summary:
          'Erases a person by number: sessions are closed, calls lose the number and their recordings, transcripts and traces, and texts that have it, in whichever spelling, are removed. It cannot be undone.',
        operationId: 'erasePerson',
        tags: ['privacy'],
        body: NewErasure,
        response: { 201: Receipt, ...keyProblems(404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const number = PhoneNumber.parse(request.body.number);
      if (!number.isE164)
        throw new HttpError(
          'entry/invalid',
          'The number is not one of E.164; begin with + and the country code.',
        );
      const applicationId = applicationFilter(admin, key, request.body.application);
      const receipt = await store.erase({ number, applicationId, actor: key.id });
      return reply.code(201).send(view(receipt));
    },
  );

  api.get(
    '/v1/erasures/:id',
    {
      config: { access: 'people:write' },
      schema: {
        summary: 'The receipt of an erasure, and whether it is complete.',
        operationId: 'getErasure',
        tags: ['privacy'],
        params: IdParams,
        response: { 200: Receipt, ...keyProblems(404) },
      },
    },
    async (request) => {
      const receipt = await store.get(request.params.id, keyOf(request).applicationId);
      if (receipt === undefined) throw new HttpError('entry/unknown');
      return view(receipt);
    },
  );
}

function view(erasure: ErasureReceipt): Static<typeof Receipt> {
  const { id, applicationId, at, status, finishedAt, searchedUntil, removed, kept } = erasure;
  return {
    ...{ id, at: instant(at), status, removed, kept: [...kept] },
    ...(applicationId === undefined ? {} : { application: applicationId }),
    ...(searchedUntil === undefined ? {} : { searchedUntil: instant(searchedUntil) }),
    ...(finishedAt === undefined ? {} : { finishedAt: instant(finishedAt) }),
  };
}
