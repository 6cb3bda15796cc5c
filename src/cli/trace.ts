import { parseArgs } from 'node:util';
import { Type } from 'typebox';
import Value from 'typebox/value';

const USAGE = `maskline trace CALL [--json] [--url http://127.0.0.1:8080] [--key mk_…]

  CALL   id of a call record; GET /v1/calls lists them
  --key  a key with the scope traces:read, and numbers:read for numbers in clear; may stand in MASKLINE_API_KEY
`;

const OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** How long a node may take to answer, milliseconds. */
const TIMEOUT_MS = 10_000;

const Problem = Type.Object({ detail: Type.String(), hint: Type.String() });

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
  console.log((await fetchTrace(values.url, secret, call, format)).trimEnd());
  return 0;
}

/** The text of the answer. Rejects with what the node said, and what to do. */
async function fetchTrace(url: string, secret: string, call: string, format: string): Promise<string> {
  const path = `/v1/calls/${encodeURIComponent(call)}/trace?format=${format}`;
  const response = await fetch(url.replace(/\/+$/, '') + path, {
    headers: { authorization: `Bearer ${secret}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.ok) return text;
  const problem = readProblem(text);
  throw Object.assign(new Error(problem?.detail ?? `${url} answered ${response.status}.`), {
    hint: problem?.hint ?? 'Is that the address of a Maskline node?',
  });
}

function readProblem(text: string): { readonly detail: string; readonly hint: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(Problem, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
