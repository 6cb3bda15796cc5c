import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import type { HttpServerOptions } from '../options.ts';

const NodeState = Type.Object({
  node: Type.String({ description: 'Its name in the settings, as call records have it.' }),
  draining: Type.Boolean({ description: 'No new calls are taken.' }),
  calls: Type.Integer({ description: 'Legs that are alive.' }),
});
const Drain = Type.Object({ draining: Type.Boolean() }, { additionalProperties: false });

/** Taking a node out of service and back: before an update, or when something is wrong with its machine. */
export function node(api: Api, options: Pick<HttpServerOptions, 'node'>): void {
  const state = () => ({
    node: options.node.name,
    draining: options.node.isDraining(),
    calls: options.node.calls(),
  });

  api.get(
    '/v1/node',
    {
      config: { access: 'metrics:read', wholeNode: true },
      schema: {
        summary: 'Whether the node takes calls, and how many legs it carries.',
        operationId: 'getNode',
        tags: ['node'],
        response: { 200: NodeState, ...keyProblems() },
      },
    },
    async () => state(),
  );

  api.put(
    '/v1/node/drain',
    {
      config: { access: 'node:write', wholeNode: true },
      schema: {
        summary: 'Takes the node out of service, or back.',
        description:
          'While it drains, new calls and OPTIONS get 503, `GET /ready` fails, and scenarios are not started; calls that run go on. It stays so until it is undone or the process ends.',
        operationId: 'drainNode',
        tags: ['node'],
        body: Drain,
        response: { 200: NodeState, ...keyProblems(400, 503) },
      },
    },
    async (request) => {
      options.node.setDraining(request.body.draining);
      return state();
    },
  );
}
