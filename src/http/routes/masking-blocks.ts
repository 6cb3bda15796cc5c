import { Type } from 'typebox';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, applicationFor, keyOf } from '../authorize.ts';
import { readPage } from '../cursors.ts';
import { IdempotencyHeaders, once } from '../idempotency.ts';
import { numberOf, refuse } from '../masking-bodies.ts';
import { BlockBody, BlockView } from '../masking-schemas.ts';
import { blockView, some } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError } from '../problems.ts';
import { ApplicationQuery, IdParams, PageQuery, pageOf } from '../schemas.ts';
import { Views } from '../views.ts';
import { namedRequest } from './masking-sessions.ts';

type Parts = Pick<HttpServerOptions, 'admin' | 'clock' | 'idempotency' | 'log' | 'masking' | 'settings'>;

/** Who shall not reach whom. */
export function maskingBlocks(api: Api, parts: Parts): void {
  const { admin, clock, masking, settings } = parts;

  api.get(
    '/v1/blocks',
    {
      config: { access: 'policy:read' },
      schema: {
        summary: 'Blocks, newest first.',
        operationId: 'listBlocks',
        tags: ['masking'],
        querystring: Type.Object(
          { ...PageQuery.properties, ...ApplicationQuery.properties },
          { additionalProperties: false },
        ),
        response: { 200: pageOf(BlockView), ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { application, cursor, limit } = request.query;
      const applicationId = applicationFilter(admin, key, application);
      const list = { place: 'query/cursor', of: ['blocks', key.applicationId, applicationId] } as const;
      const { items, next } = await readPage(list, some({ cursor, limit }), (page) =>
        masking.blocks.list(applicationId, page),
      );
      const views = new Views(key, settings.publicUrl);
      return { items: items.map((block) => blockView(block, views)), ...some({ next }) };
    },
  );

  api.post(
    '/v1/blocks',
    {
      config: { access: 'policy:write' },
      schema: {
        summary: 'Blocks a person, for everybody or for one counterpart. Calls that are up go on.',
        operationId: 'addBlock',
        tags: ['masking'],
        headers: IdempotencyHeaders,
        body: BlockBody,
        response: { 201: BlockView, ...keyProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { application, ...body } = request.body;
      const { id: applicationId } = applicationFor(admin, key, application);
      const person = oneOf(body, 'person', 'number');
      if (person === undefined) refuse('/person', 'is missing: a token here, or a number in `number`');
      const { direction = 'both', by = 'application', reason = '', ttlSeconds } = body;
      const block = {
        ...{ applicationId, person, direction, by, reason },
        counterpart: oneOf(body, 'counterpart', 'counterpartNumber'),
        expiresAt: ttlSeconds === undefined ? undefined : clock.now() + ttlSeconds * 1_000,
      };
      // Holds tokens and no number, so that it may be kept for who asks again.
      const add = async () => blockView(await masking.blocks.add(block), new Views(key, settings.publicUrl));
      const named = namedRequest(key, request.headers['idempotency-key'], ['addBlock', applicationId, body]);
      return reply.code(201).send(await (named === undefined ? add() : once(parts, named, 201, add)));
    },
  );

  api.delete(
    '/v1/blocks/:id',
    {
      config: { access: 'policy:write' },
      schema: {
        summary: 'Removes a block.',
        operationId: 'removeBlock',
        tags: ['masking'],
        params: IdParams,
        response: { 204: Type.Null({ description: 'Removed.' }), ...keyProblems(404) },
      },
    },
    async (request, reply) => {
      if (!(await masking.blocks.remove(request.params.id, keyOf(request).applicationId)))
        throw new HttpError('entry/unknown');
      return reply.code(204).send(null);
    },
  );
}

type Named = 'person' | 'number' | 'counterpart' | 'counterpartNumber';

/** Somebody by token or by number; undefined when neither is there. */
function oneOf(
  body: { readonly [K in Named]?: string },
  token: 'person' | 'counterpart',
  number: 'number' | 'counterpartNumber',
): PhoneNumber | string | undefined {
  const text = body[number];
  if (text === undefined) return body[token];
  if (body[token] !== undefined) refuse(`/${number}`, `is too much beside \`${token}\`: one of the two`);
  return numberOf(text, `/${number}`);
}
