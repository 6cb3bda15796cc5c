import { readFileSync } from 'node:fs';
import type { ScenarioSource } from '../../src/call/types.ts';
import { DEFAULT_LIMITS } from '../../src/scenario/sandbox/limits.ts';
import { LocalSandboxes } from '../../src/scenario/sandbox/local-sandboxes.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from '../../src/scenario/sandbox/sandboxes.ts';

/** One image of the interpreter for all runs of a process. */
let shared: LocalSandboxes | undefined;
let taxi: ScenarioSource | undefined;

/** Resolves when sandboxes are warm. To be awaited before each run that uses them: the pool fills between runs. */
export async function warmUp(): Promise<void> {
  // No CPU limit: it is measured on a real clock.
  shared ??= new LocalSandboxes({ limits: DEFAULT_LIMITS, warm: 3, cpuMs: () => 0 });
  await shared.ready;
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** The scenario of the taxi example, as it is shipped. */
export function taxiSource(): ScenarioSource {
  taxi ??= {
    name: 'taxi',
    source: readFileSync(new URL('../../examples/taxi/scenario.js', import.meta.url), 'utf8'),
  };
  return taxi;
}

/** The real sandboxes, in this thread. Those of one run are counted for themselves. */
export class QuickjsSandboxes implements Sandboxes {
  readonly ready = Promise.resolve();
  readonly #open = new Set<Sandbox>();

  get count(): number {
    return this.#open.size;
  }

  open(options: OpenSandbox): Sandbox {
    if (shared === undefined) throw new Error('the sandboxes are not warm');
    const inner = shared.open(options);
    const sandbox: Sandbox = {
      post: (event) => inner.post(event),
      close: () => {
        this.#open.delete(sandbox);
        inner.close();
      },
    };
    this.#open.add(sandbox);
    return sandbox;
  }

  async close(): Promise<void> {
    for (const sandbox of [...this.#open]) sandbox.close();
  }
}
