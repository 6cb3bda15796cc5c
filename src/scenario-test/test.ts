/**
 * `test(name, body)` of a scenario's test file. Inside vitest it is vitest's; otherwise tests gather here, and
 * `maskline scenario test` runs them. Either way the flows of a test end with it.
 */
import { withFlows } from './open-flows.ts';

export interface Registered {
  readonly name: string;
  readonly kind: 'test' | 'only' | 'skip';
  readonly run: () => Promise<void>;
}

type Body = () => unknown;
type Register = (name: string, body: Body) => void;

/** Since the last `takeTests`. */
let registered: Registered[] = [];

// Its worker's own mark: the variable VITEST is inherited by programs that a test starts.
const vitest = '__vitest_worker__' in globalThis ? (await import('vitest')).test : undefined;

function register(kind: Registered['kind']): Register {
  return (name, body) => {
    const run = (): Promise<void> => withFlows(body);
    if (vitest === undefined) registered.push({ name, kind, run });
    else if (kind === 'test') vitest(name, run);
    else vitest[kind](name, run);
  };
}

/** One test. `test.only` leaves out the others of its file, `test.skip` this one. */
export const test: Register & { readonly only: Register; readonly skip: Register } = Object.assign(
  register('test'),
  { only: register('only'), skip: register('skip') },
);

/** @internal what the file that was just loaded registered. */
export function takeTests(): readonly Registered[] {
  const taken = registered;
  registered = [];
  return taken;
}
