import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import { noteDigits } from '../disclosure.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError } from '../problems.ts';
import { IdParams } from '../schemas.ts';
import { visibleCall } from './calls.ts';

const Anything = Type.Object({}, { additionalProperties: true });

const ReplaySchema = Type.Object({
  numbers: Type.Boolean({
    description:
      'Whether telephone numbers and pressed keys stand in it; without them a replay may part early.',
  }),
  log: Type.Object(
    {
      sessionId: Type.String(),
      at: Type.Number({ description: 'Milliseconds since the epoch.' }),
      scripts: Type.Array(Type.Object({ name: Type.String(), sha256: Type.String() })),
      started: Anything,
      turns: Type.Array(
        Type.Object({
          event: Anything,
          commands: Type.Array(Type.String({ description: 'JSON; secrets are left out.' })),
          error: Type.Optional(Anything),
        }),
      ),
      omitted: Type.Integer({ description: 'Turns that found no room.' }),
    },
    { description: 'What the scripts were told, and what they did each time.' },
  ),
});

/** Numbers and keys are hidden unless the key may read numbers. */
export function callReplay(
  api: Api,
  { records, eventLogs }: Pick<HttpServerOptions, 'records' | 'eventLogs'>,
): void {
  api.get(
    '/v1/calls/:id/replay',
    {
      config: { access: 'traces:read' },
      schema: {
        summary:
          'What the scripts of a call were told and did, for `maskline scenario replay`; kept for a short time.',
        operationId: 'getCallReplay',
        tags: ['calls'],
        params: IdParams,
        response: { 200: ReplaySchema, ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { id, applicationId } = await visibleCall(records, key, request.params.id);
      const clear = key.scopes.includes('numbers:read');
      const log = await eventLogs.read(id, clear);
      if (log === undefined)
        throw new HttpError(
          'entry/unknown',
          'Nothing is kept of what the scripts of this call did (any more).',
        );
      if (clear) noteDigits(key, { id, applicationId });
      return { numbers: clear, log };
    },
  );
}
