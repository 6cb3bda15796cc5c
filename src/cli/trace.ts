import { parseArgs } from 'node:util';
import { askNode } from './ask-node.ts';

const USAGE = `maskline trace CALL [--json] [--url http://127.0.0.1:8080] [--key mk_…]

  CALL   id of a call record; GET /v1/calls lists them
  --key  a key with the scope traces:read, and numbers:read for numbers in clear; may stand in MASKLINE_API_KEY
`;

const OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** `maskline trace CALL`: prints the SIP messages of a call, as a ladder, from a node that runs. */
export async function traceCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [call, ...more] = positionals;
  const secret = values.key ?? process.env.MASKLINE_API_KEY;
  if (call === undefined || more.length > 0 || secret === undefined) {
    console.error(USAGE);
    return 2;
  }
  const format = values.json ? 'json' : 'ladder';
  const path = `/v1/calls/${encodeURIComponent(call)}/trace?format=${format}`;
  console.log((await askNode({ url: values.url, secret }, 'GET', path)).trimEnd());
  return 0;
}
