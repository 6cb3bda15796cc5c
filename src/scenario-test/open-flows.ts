/** The flows of the test that runs now, so that it can end them and print what happened in them. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Flow } from './flow.ts';

const current = new AsyncLocalStorage<Flow[]>();
let latest: Flow | undefined;

export function adopt(flow: Flow): Flow {
  latest = flow;
  current.getStore()?.push(flow);
  return flow;
}

/** Runs a test, then ends its flows. Rejects with what the test says, or else with what its flows left open. */
export async function withFlows(body: () => unknown): Promise<void> {
  const flows: Flow[] = [];
  await current.run(flows, async () => {
    try {
      await body();
    } catch (error) {
      for (const flow of flows) await flow.finish(true);
      throw error;
    }
    let failure: unknown;
    for (const flow of flows)
      await flow.finish(failure !== undefined).catch((error: unknown) => (failure = error));
    if (failure !== undefined) throw failure;
  });
}

/** What happened in the flows of this test, for an assertion that fails. */
export function laddersOfTest(): string {
  const flows = current.getStore() ?? (latest === undefined ? [] : [latest]);
  return flows.map((flow) => flow.ladder.toString()).join('\n\n');
}
