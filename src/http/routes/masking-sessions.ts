import { type Static, Type } from 'typebox';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { SessionFilter, SessionStore } from '../../masking/ports.ts';
import { MaskingError } from '../../masking/ports.ts';
import type { MaskingSession, NewSession } from '../../masking/types.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, applicationFor, keyOf } from '../authorize.ts';
import { readPage } from '../cursors.ts';
import { IdempotencyHeaders, idOf, type NamedRequest, once, requestHash } from '../idempotency.ts';
import { newSession, numberOf } from '../masking-bodies.ts';
import { NewSessionBody, SessionSearchBody, SessionStatus, SessionView } from '../masking-schemas.ts';
import { sessionView, some } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import type { ApiKey } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { ApplicationName, IdParams, lineOfText, PageQuery, pageOf } from '../schemas.ts';
import { Views } from '../views.ts';

type Parts = Pick<HttpServerOptions, 'admin' | 'idempotency' | 'log' | 'masking' | 'settings'>;

const ListQuery = Type.Object(
  {
    ...PageQuery.properties,
    application: Type.Optional(ApplicationName),
    externalId: Type.Optional(lineOfText(1, 128, 'Your own id of the order.')),
    status: Type.Optional(SessionStatus),
    person: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'Token of a party.' }),
    ),
  },
  { additionalProperties: false },
);
const SessionPage = pageOf(SessionView);

/** Making and finding masking sessions. */
export function maskingSessions(api: Api, parts: Parts): void {
  const { admin, masking, settings } = parts;

  api.post(
    '/v1/masking-sessions',
    {
      config: { access: 'sessions:write' },
      schema: {
        summary: 'Makes a masking session: these people may talk, by this service number, until then.',
        description:
          'With an Idempotency-Key the same request makes one session only, whatever broke in between; the answer is that session as it is by then.',
        operationId: 'createMaskingSession',
        tags: ['masking'],
        headers: IdempotencyHeaders,
        body: NewSessionBody,
        response: { 201: SessionView, ...keyProblems(404, 409, 413, 415, 422, 503) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { application, ...body } = request.body;
      const { id: applicationId } = applicationFor(admin, key, application);
      const named = namedRequest(key, request.headers['idempotency-key'], [
        'createMaskingSession',
        applicationId,
        body,
      ]);
      const wanted = newSession(body, applicationId, named === undefined ? undefined : sessionId(named));
      const session = await createOnce(parts, key, wanted, named);
      return reply.code(201).send(sessionView(session, new Views(key, settings.publicUrl)));
    },
  );

  const list = async (
    key: ApiKey,
    place: 'query/cursor' | 'body/cursor',
    filter: SessionFilter,
    page: { readonly limit?: number; readonly cursor?: string },
  ): Promise<Static<typeof SessionPage>> => {
    const views = new Views(key, settings.publicUrl);
    const of = ['masking-sessions', key.applicationId, filter.applicationId];
    const { items, next } = await readPage({ place, of }, page, (one) => masking.sessions.list(filter, one));
    return { items: items.map((session) => sessionView(session, views)), ...some({ next }) };
  };

  api.get(
    '/v1/masking-sessions',
    {
      config: { access: 'sessions:read' },
      schema: {
        summary: 'Masking sessions, newest first. To look for a number, POST to /v1/masking-sessions/search.',
        operationId: 'listMaskingSessions',
        tags: ['masking'],
        querystring: ListQuery,
        response: { 200: SessionPage, ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { application, cursor, limit, ...filter } = request.query;
      const applicationId = applicationFilter(admin, key, application);
      return await list(key, 'query/cursor', { applicationId, ...filter }, some({ cursor, limit }));
    },
  );

  api.post(
    '/v1/masking-sessions/search',
    {
      config: { access: 'sessions:read' },
      schema: {
        summary: 'Masking sessions by number or otherwise, newest first: a number never stands in a URL.',
        description:
          'To look for the number of a person, the key needs numbers:read, too: else it could find out whose a token is. Service numbers may be looked for by all.',
        operationId: 'searchMaskingSessions',
        tags: ['masking'],
        body: SessionSearchBody,
        response: { 200: SessionPage, ...keyProblems(404, 413, 415, 422) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { application, cursor, limit, number, ...filter } = request.body;
      const applicationId = applicationFilter(admin, key, application);
      const who = number === undefined ? {} : { number: searchable(parts, key, numberOf(number, '/number')) };
      return await list(key, 'body/cursor', { applicationId, ...filter, ...who }, some({ cursor, limit }));
    },
  );

  api.get(
    '/v1/masking-sessions/:id',
    {
      config: { access: 'sessions:read' },
      schema: {
        summary: 'One masking session.',
        operationId: 'getMaskingSession',
        tags: ['masking'],
        params: IdParams,
        response: { 200: SessionView, ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const session = await masking.sessions.get(request.params.id, key.applicationId);
      if (session === undefined)
        throw new MaskingError('masking/unknown-session', 'There is no such session.');
      return sessionView(session, new Views(key, settings.publicUrl));
    },
  );
}

/**
 * The answer shows tokens. A key that may not read numbers must not find out to whom they belong by trying numbers. Service
 * numbers are shown to all keys.
 *
 * @throws HttpError 403, whether or not anybody has that number.
 */
function searchable({ admin }: Pick<Parts, 'admin'>, key: ApiKey, number: PhoneNumber): PhoneNumber {
  const isService = admin
    .numbers(key.applicationId)
    .some((entry) => entry.kind === 'service' && entry.number.equals(number));
  if (isService || key.scopes.includes('numbers:read')) return number;
  throw new HttpError('key/scope', 'To look for the number of a person, the key needs numbers:read, too.');
}

/** @param parts what the request asks for. Undefined when it has no Idempotency-Key. */
export function namedRequest(
  { id: apiKeyId }: ApiKey,
  key: string | undefined,
  parts: readonly unknown[],
): NamedRequest | undefined {
  return key === undefined ? undefined : { apiKeyId, key, hash: requestHash(key, ...parts) };
}

export function sessionId(named: NamedRequest, index?: number): string {
  return `ms_${idOf(named, index)}`;
}

/**
 * The id is that of the request, and a primary key: however often the request comes, and whatever died in between, there is
 * one session. So a request whose end is not known is simply done again.
 */
async function createOnce(
  parts: Parts,
  key: ApiKey,
  wanted: NewSession,
  named: NamedRequest | undefined,
): Promise<MaskingSession> {
  const { sessions } = parts.masking;
  if (named === undefined) return await sessions.create(wanted);
  let made: MaskingSession | undefined;
  const create = async (): Promise<{ readonly id: string }> => {
    made = await makeOrFind(sessions, wanted);
    return { id: made.id };
  };
  const { id } = await once(parts, named, 201, create, { again: create });
  made ??= await sessions.get(id, key.applicationId);
  if (made !== undefined) return made;
  throw new MaskingError('masking/unknown-session', 'The session of this Idempotency-Key was deleted.');
}

/** Makes a session that has an id, unless it is there; whatever broke off, it is looked for. */
export async function makeOrFind(
  sessions: Pick<SessionStore, 'create' | 'get'>,
  wanted: NewSession,
): Promise<MaskingSession> {
  return await sessions.create(wanted).catch(async (error: unknown) => {
    const before = wanted.id === undefined ? undefined : await sessions.get(wanted.id, wanted.applicationId);
    if (before === undefined) throw error;
    return before;
  });
}
