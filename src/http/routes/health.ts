import { Type } from 'typebox';
import { maskNumbersIn } from '../../kernel/phone-number.ts';
import { type Api, problems } from '../api.ts';
import type { HttpServerOptions } from '../options.ts';

const Ready = Type.Object({
  ok: Type.Boolean(),
  checks: Type.Object({}, { additionalProperties: true, description: 'Part → `ok`, or what is wrong.' }),
});

/** For load balancers and supervisors; neither needs a key. */
export function health(api: Api, { readiness }: Pick<HttpServerOptions, 'readiness'>): void {
  api.get(
    '/health',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Whether the process lives. 200 as long as it can answer.',
        operationId: 'health',
        tags: ['node'],
        response: { 200: Type.Object({ ok: Type.Boolean() }), ...problems() },
      },
    },
    async () => ({ ok: true }),
  );

  api.get(
    '/ready',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Whether the node can take calls: 200, or 503 with the parts that fail.',
        operationId: 'ready',
        tags: ['node'],
        response: { 200: Ready, 503: Ready, ...problems() },
      },
    },
    async (_request, reply) => {
      const { ok, checks } = await readiness();
      const shown = Object.entries(checks).map(([part, state]) => [part, maskNumbersIn(state)]);
      return reply.code(ok ? 200 : 503).send({ ok, checks: Object.fromEntries(shown) });
    },
  );
}
