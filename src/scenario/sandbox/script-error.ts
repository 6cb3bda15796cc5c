/** Makes a readable error with its line out of whatever a script threw. */
import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten';
import type { ScriptError } from '../protocol.ts';
import type { ScenarioLimits } from './limits.ts';

interface Raw {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly line: number | undefined;
}

export function readError(options: {
  readonly context: QuickJSContext;
  readonly thrown: QuickJSHandle | undefined;
  readonly failure: unknown;
  readonly fault: ScriptError['kind'] | undefined;
  readonly scenarios: readonly string[];
  readonly loading: string | undefined;
  readonly limits: ScenarioLimits;
}): ScriptError {
  const { fault, failure, scenarios, loading, limits } = options;
  const raw = failure === undefined ? readThrown(options.context, options.thrown) : brokenInstance(failure);
  const place = placeOf(raw, scenarios);
  const kind = fault ?? (isEmpty(raw) && isFull(options.context) ? 'memory' : kindOf(raw, loading));
  const scenario = place?.scenario ?? loading ?? scenarios[0] ?? '';
  return { kind, message: sentence(kind, raw, limits), scenario, line: place?.line ?? raw.line };
}

const isEmpty = ({ name, message, stack }: Raw): boolean => name === '' && message === '' && stack === '';

/** Whether a text of 64 kB finds no room: then an error that says nothing is one that there was no memory to write. */
function isFull(context: QuickJSContext): boolean {
  const chars = 65_536;
  try {
    const text = context.newString('0'.repeat(chars));
    const length = context.typeof(text) === 'string' ? context.getString(text).length : 0;
    text.dispose();
    return length !== chars;
  } catch {
    return true;
  }
}

function readThrown(context: QuickJSContext, thrown: QuickJSHandle | undefined): Raw {
  if (thrown === undefined) return { name: '', message: '', stack: '', line: undefined };
  let value: unknown;
  try {
    value = context.dump(thrown);
  } catch {
    value = 'an error that cannot be read';
  }
  if (value === null || typeof value !== 'object')
    return { name: '', message: cut(String(value)), stack: '', line: undefined };
  const text = (name: string): string => {
    const field: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : '';
    return typeof field === 'string' ? cut(field) : '';
  };
  const line: unknown = Object.hasOwn(value, 'lineNumber') ? Reflect.get(value, 'lineNumber') : undefined;
  const message = text('message');
  return {
    name: text('name'),
    message: message === '' && text('name') === '' ? cut(JSON.stringify(value) ?? '') : message,
    stack: text('stack'),
    line: typeof line === 'number' && Number.isSafeInteger(line) ? line : undefined,
  };
}

function brokenInstance(failure: unknown): Raw {
  const message = failure instanceof Error ? failure.message : String(failure);
  const name = /call stack/i.test(message) ? 'stack overflow' : 'out of memory';
  return { name: 'InternalError', message: name, stack: '', line: undefined };
}

function cut(text: string): string {
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
}

/** The innermost frame that lies in a scenario and not in the API. */
function placeOf(raw: Raw, scenarios: readonly string[]): { scenario: string; line: number } | undefined {
  for (const frame of raw.stack.split('\n')) {
    for (const scenario of scenarios) {
      const at = frame.indexOf(`${scenario}:`);
      const line = at < 0 ? Number.NaN : Number.parseInt(frame.slice(at + scenario.length + 1), 10);
      if (line > 0) return { scenario, line };
    }
  }
  return undefined;
}

function kindOf(raw: Raw, loading: string | undefined): ScriptError['kind'] {
  if (raw.name === 'InternalError' && raw.message === 'out of memory') return 'memory';
  if (raw.name === 'InternalError' && raw.message === 'stack overflow') return 'stack';
  // QuickJS has no memory left to make an error object with: what was thrown is null.
  if (raw.name === '' && raw.message === 'null') return 'memory';
  return loading !== undefined && raw.name === 'SyntaxError' ? 'syntax' : 'exception';
}

function sentence(kind: ScriptError['kind'], raw: Raw, limits: ScenarioLimits): string {
  switch (kind) {
    case 'cpu':
      return `A callback ran for more than ${limits.callbackCpuMs} ms of CPU time. Move long work to a backend.`;
    case 'memory':
      return `The scenario used more than ${Math.round(limits.heapBytes / 1_048_576)} MB of memory.`;
    case 'stack':
      return 'The scenario nests calls too deeply; look for a recursion without an end.';
    case 'flood':
      return `The scenario issued more than ${limits.commandsPerTurn} commands in one callback.`;
    default:
      return raw.name === '' ? raw.message : `${raw.name}: ${raw.message}`;
  }
}
