import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import { noteDigits } from '../disclosure.ts';
import type { HttpServerOptions } from '../options.ts';
import { IdParams, Instant } from '../schemas.ts';
import { instant } from '../views.ts';
import { visibleCall } from './calls.ts';

const Query = Type.Object(
  {
    format: Type.Optional(
      Type.Union([Type.Literal('json'), Type.Literal('ladder')], {
        description: '`ladder`: plain text, one line per message.',
      }),
    ),
  },
  { additionalProperties: false },
);

const TraceSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      at: Instant,
      callId: Type.String({ description: 'The leg.' }),
      direction: Type.String({ description: '`in` or `out`, as the node sees it.' }),
      transport: Type.String(),
      local: Type.String(),
      remote: Type.String(),
      text: Type.String({
        description: 'The message; credentials, media keys and bodies that are no SDP are left out.',
      }),
    }),
  ),
  omitted: Type.Integer({ description: 'Messages that found no room.' }),
});

/** Numbers are hidden unless the key may read numbers. A trace that is too old is an empty one. */
export function callTrace(
  api: Api,
  { records, traces }: Pick<HttpServerOptions, 'records' | 'traces'>,
): void {
  api.get(
    '/v1/calls/:id/trace',
    {
      config: { access: 'traces:read' },
      schema: {
        summary: 'The SIP messages of a call, as JSON or as a ladder; kept for a short time.',
        operationId: 'getCallTrace',
        tags: ['calls'],
        params: IdParams,
        querystring: Query,
        response: {
          200: {
            description: 'Messages in order of time.',
            content: {
              'application/json': { schema: TraceSchema },
              'text/plain': { schema: Type.String() },
            },
          },
          ...keyProblems(404),
        },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id, legs, applicationId } = await visibleCall(records, key, request.params.id);
      const clear = key.scopes.includes('numbers:read');
      if (clear) noteDigits(key, { id, applicationId });
      if (request.query.format === 'ladder') {
        const text = await traces.ladder(id, legs, clear);
        return reply
          .type('text/plain; charset=utf-8')
          .serializer((value: unknown) => String(value))
          .send(text);
      }
      const { messages, omitted } = await traces.read(id, clear);
      const items = messages.map(({ at, legId, ...rest }) => ({ at: instant(at), callId: legId, ...rest }));
      return reply.send({ items, omitted });
    },
  );
}
