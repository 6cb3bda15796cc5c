import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import type { HttpServerOptions } from '../options.ts';

export function metrics(api: Api, options: Pick<HttpServerOptions, 'metrics'>): void {
  api.get(
    '/metrics',
    {
      config: { access: 'metrics:read', wholeNode: true },
      schema: {
        summary: 'Counters and gauges in the Prometheus text format.',
        operationId: 'metrics',
        tags: ['node'],
        response: {
          200: { description: 'Metrics.', content: { 'text/plain': { schema: Type.String() } } },
          ...keyProblems(),
        },
      },
    },
    async (_request, reply) => {
      const text = await options.metrics();
      return reply
        .type('text/plain; version=0.0.4; charset=utf-8')
        .serializer((value: unknown) => String(value))
        .send(text);
    },
  );
}
