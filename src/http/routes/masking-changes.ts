import { Type } from 'typebox';
import { MaskingError } from '../../masking/ports.ts';
import type { MaskingSession, SessionChange } from '../../masking/types.ts';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import { partyChange, sessionChange } from '../masking-bodies.ts';
import { PartyChangeBody, SessionChangeBody, SessionView } from '../masking-schemas.ts';
import { sessionView } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import type { ApiKey } from '../ports.ts';
import { IdParams } from '../schemas.ts';
import { Views } from '../views.ts';

const PartyParams = Type.Object({
  ...IdParams.properties,
  partyId: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
});

/** Changing and ending masking sessions. */
export function maskingChanges(
  api: Api,
  { masking, settings }: Pick<HttpServerOptions, 'masking' | 'settings'>,
): void {
  const change = async (key: ApiKey, id: string, wanted: (before: MaskingSession) => SessionChange) => {
    const before = await masking.sessions.get(id, key.applicationId);
    if (before === undefined) throw new MaskingError('masking/unknown-session', 'There is no such session.');
    const after = await masking.sessions.change(id, key.applicationId, wanted(before));
    return sessionView(after, new Views(key, settings.publicUrl));
  };

  api.patch(
    '/v1/masking-sessions/:id',
    {
      config: { access: 'sessions:write' },
      schema: {
        summary:
          'Changes the rules or metadata of an open masking session, or extends it. null takes a rule away.',
        operationId: 'changeMaskingSession',
        tags: ['masking'],
        params: IdParams,
        body: SessionChangeBody,
        response: { 200: SessionView, ...keyProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request) =>
      await change(keyOf(request), request.params.id, (before) => sessionChange(request.body, before)),
  );

  api.patch(
    '/v1/masking-sessions/:id/parties/:partyId',
    {
      config: { access: 'sessions:write' },
      schema: {
        summary: 'Changes a party: another number, role, label or announcement.',
        operationId: 'changeMaskingParty',
        tags: ['masking'],
        params: PartyParams,
        body: PartyChangeBody,
        response: { 200: SessionView, ...keyProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request) => {
      const { id, partyId } = request.params;
      return await change(keyOf(request), id, (before) => partyChange(partyId, request.body, before));
    },
  );

  api.post(
    '/v1/masking-sessions/:id/close',
    {
      config: { access: 'sessions:write' },
      // A request without a body is as good as an empty one.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        summary: 'Closes a masking session. Calls that are up go on; new ones find it closed.',
        operationId: 'closeMaskingSession',
        tags: ['masking'],
        params: IdParams,
        body: Type.Object({}, { additionalProperties: false }),
        response: { 200: SessionView, ...keyProblems(404, 413, 415) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const session = await masking.sessions.close(request.params.id, key.applicationId, 'asked');
      return sessionView(session, new Views(key, settings.publicUrl));
    },
  );

  api.delete(
    '/v1/masking-sessions/:id',
    {
      config: { access: 'sessions:write' },
      schema: {
        summary: 'Closes a masking session and forgets it; its events stay, with tokens.',
        operationId: 'deleteMaskingSession',
        tags: ['masking'],
        params: IdParams,
        response: { 204: Type.Null({ description: 'Deleted.' }), ...keyProblems(404) },
      },
    },
    async (request, reply) => {
      if (!(await masking.sessions.remove(request.params.id, keyOf(request).applicationId)))
        throw new MaskingError('masking/unknown-session', 'There is no such session.');
      return reply.code(204).send(null);
    },
  );
}
