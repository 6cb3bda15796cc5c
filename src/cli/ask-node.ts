import { type Static, type TSchema, Type } from 'typebox';
import Value from 'typebox/value';

/** How long a node may take to answer, milliseconds. */
const TIMEOUT_MS = 10_000;

const Problem = Type.Object({ detail: Type.String(), hint: Type.String() });

/** A running node and a key to its API. */
export interface RunningNode {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly secret: string;
}

/** The text of the answer. Rejects with what the node said, and what to do. */
export async function askNode(
  node: RunningNode,
  method: string,
  path: string,
  body?: object,
): Promise<string> {
  const url = node.url.replace(/\/+$/, '');
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${node.secret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.ok) return text;
  const problem = parse(text);
  const known = Value.Check(Problem, problem) ? problem : undefined;
  throw Object.assign(new Error(known?.detail ?? `${url} answered ${response.status}.`), {
    hint: known?.hint ?? 'Is that the address of a Maskline node?',
  });
}

/** The answer as the schema has it; an empty body is null. Rejects as `askNode`, and when something else came. */
export async function askNodeFor<T extends TSchema>(
  schema: T,
  node: RunningNode,
  method: string,
  path: string,
  body?: object,
): Promise<Static<T>> {
  const text = await askNode(node, method, path, body);
  const answer = text === '' ? null : parse(text);
  if (Value.Check(schema, answer)) return answer;
  throw Object.assign(new Error(`${node.url} answered something else.`), {
    hint: 'Is that the address of a Maskline node, of this version?',
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
