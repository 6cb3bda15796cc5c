/** The real sandboxes in this thread, one image for all flows, with a count of what is still to be done in them. */
import type { HostEvent } from '../scenario/protocol.ts';
import { DEFAULT_LIMITS, type ScenarioLimits } from '../scenario/sandbox/limits.ts';
import { LocalSandboxes } from '../scenario/sandbox/local-sandboxes.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from '../scenario/sandbox/sandboxes.ts';

/** Kept ready; a flow takes one, and the next flow gets it back restored. */
const WARM = 2;

const shared = new Map<string, LocalSandboxes>();

/** Sandboxes with these limits; built once in a process, which takes a tenth of a second. */
function sharedWith(limits: Partial<ScenarioLimits>): LocalSandboxes {
  const key = JSON.stringify(limits);
  let sandboxes = shared.get(key);
  if (sandboxes === undefined) {
    sandboxes = new LocalSandboxes({ limits: { ...DEFAULT_LIMITS, ...limits }, warm: WARM });
    shared.set(key, sandboxes);
  }
  return sandboxes;
}

export class FlowSandboxes implements Sandboxes {
  readonly #owner: LocalSandboxes;
  readonly #onEvent: (event: HostEvent) => void;
  #open = 0;
  #busy = 0;

  constructor(limits: Partial<ScenarioLimits>, onEvent: (event: HostEvent) => void) {
    this.#owner = sharedWith(limits);
    this.#onEvent = onEvent;
  }

  get ready(): Promise<void> {
    return this.#owner.ready;
  }
  get count(): number {
    return this.#open;
  }
  /** Turns that are still to come. */
  get busy(): number {
    return this.#busy;
  }

  open(options: OpenSandbox): Sandbox {
    let waiting = 1;
    let isOpen = true;
    this.#open++;
    this.#busy++;
    this.#onEvent(options.started);
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#open--;
      this.#busy -= waiting;
    };
    const sandbox = this.#owner.open({
      ...options,
      onTurn: (turn) => {
        waiting--;
        this.#busy--;
        if (turn.error !== undefined) end();
        options.onTurn(turn);
      },
    });
    return {
      post: (event) => {
        if (!isOpen) return;
        waiting++;
        this.#busy++;
        this.#onEvent(event);
        sandbox.post(event);
      },
      close: () => {
        end();
        sandbox.close();
      },
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
