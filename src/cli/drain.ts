import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Type } from 'typebox';
import { askNodeFor } from './ask-node.ts';

const USAGE = `maskline drain [--wait SECONDS] [--undo] [--url http://127.0.0.1:8080] [--key mk_…]

  Takes a running node out of service: new calls and OPTIONS get 503, calls that run go on.
  --wait  until nobody talks any more, at most so long; status 1 when somebody still does
  --undo  takes calls again
  --key   a key with the scopes node:write and metrics:read; may stand in MASKLINE_API_KEY
`;

const OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
  wait: { type: 'string' },
  undo: { type: 'boolean', default: false },
} as const;

const NodeState = Type.Object({ node: Type.String(), draining: Type.Boolean(), calls: Type.Integer() });
const LOOK_MS = 1_000;

/** `maskline drain`: before an update or a repair. Resolves with the exit status. */
export async function drainCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const secret = values.key ?? process.env.MASKLINE_API_KEY;
  const seconds = Number(values.wait ?? 0);
  if (secret === undefined || !(seconds >= 0)) {
    console.error(USAGE);
    return 2;
  }
  const node = { url: values.url, secret };
  let state = await askNodeFor(NodeState, node, 'PUT', '/v1/node/drain', { draining: !values.undo });
  console.log(
    state.draining
      ? `${state.node} takes no new calls; ${state.calls} legs are still up.`
      : `${state.node} takes calls.`,
  );
  if (!state.draining || values.wait === undefined) return 0;
  const end = performance.now() + seconds * 1000;
  while (state.calls > 0 && performance.now() < end) {
    await pause(Math.min(LOOK_MS, Math.max(0, end - performance.now())));
    state = await askNodeFor(NodeState, node, 'GET', '/v1/node');
  }
  console.log(state.calls === 0 ? 'Nobody talks any more.' : `${state.calls} legs are still up.`);
  return state.calls === 0 ? 0 : 1;
}
