import { Type } from 'typebox';
import { MaskingError } from '../../masking/ports.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, applicationFor, keyOf } from '../authorize.ts';
import { PoolBody, PoolView } from '../masking-schemas.ts';
import { poolView } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import { ApplicationQuery, listOf } from '../schemas.ts';

/** Names are plain, so that they stand in a URL as they are. */
const PoolParams = Type.Object({ name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }) });

/** Pools of service numbers. Which numbers a pool has is told by `PATCH /v1/numbers/:id`. */
export function maskingPools(
  api: Api,
  { admin, masking }: Pick<HttpServerOptions, 'admin' | 'masking'>,
): void {
  api.get(
    '/v1/number-pools',
    {
      config: { access: 'sessions:read' },
      schema: {
        summary: 'Number pools.',
        operationId: 'listNumberPools',
        tags: ['numbers'],
        querystring: ApplicationQuery,
        response: { 200: listOf(PoolView), ...keyProblems(404) },
      },
    },
    async (request) => {
      const applicationId = applicationFilter(admin, keyOf(request), request.query.application);
      return { items: (await masking.pools.pools(applicationId)).map(poolView) };
    },
  );

  api.put(
    '/v1/number-pools/:name',
    {
      config: { access: 'numbers:write' },
      schema: {
        summary: 'Makes a number pool, or changes its rules. Sessions that are there keep their numbers.',
        operationId: 'putNumberPool',
        tags: ['numbers'],
        params: PoolParams,
        querystring: ApplicationQuery,
        body: PoolBody,
        response: { 200: PoolView, ...keyProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request) => {
      const { id: applicationId } = applicationFor(admin, keyOf(request), request.query.application);
      const { coolOffSeconds, sharing = false } = request.body;
      return poolView(
        await masking.pools.putPool({ applicationId, name: request.params.name, coolOffSeconds, sharing }),
      );
    },
  );

  api.delete(
    '/v1/number-pools/:name',
    {
      config: { access: 'numbers:write' },
      schema: {
        summary: 'Removes a number pool; its numbers are in `default` from then on.',
        operationId: 'deleteNumberPool',
        tags: ['numbers'],
        params: PoolParams,
        querystring: ApplicationQuery,
        response: { 204: Type.Null({ description: 'Removed.' }), ...keyProblems(404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { id: applicationId } = applicationFor(admin, keyOf(request), request.query.application);
      const pools = await masking.pools.pools(applicationId);
      const pool = pools.find(({ name }) => name === request.params.name);
      if (pool === undefined)
        throw new MaskingError('masking/unknown-pool', 'The application has no such number pool.');
      await masking.pools.removePool(pool.id, applicationId);
      return reply.code(204).send(null);
    },
  );
}
