/** Sandboxes in this thread. Tests and the simulator use them directly, a scenario worker inside itself. */
import type { HostEvent, Turn } from '../protocol.ts';
import type { Instance, Instrument } from './image.ts';
import type { ScenarioLimits } from './limits.ts';
import { SandboxRuntime, threadCpuMs } from './runtime.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from './sandboxes.ts';
import { WarmPool } from './warm-pool.ts';

export interface LocalOptions {
  readonly limits: ScenarioLimits;
  /** Instances kept ready. */
  readonly warm: number;
  /** CPU milliseconds of this thread; tests hand in their own. */
  readonly cpuMs?: () => number;
  /** Of tests. */
  readonly instrument?: Instrument;
}

export class LocalSandboxes implements Sandboxes {
  readonly ready: Promise<void>;
  readonly #options: LocalOptions;
  readonly #open = new Set<LocalSandbox>();
  readonly #pool: Promise<WarmPool>;
  #warm: WarmPool | undefined;

  constructor(options: LocalOptions) {
    this.#options = options;
    this.#pool = WarmPool.create(options.limits, options.warm, options.instrument);
    this.ready = this.#pool.then((pool) => {
      this.#warm = pool;
    });
    this.ready.catch(() => {});
  }

  get count(): number {
    return this.#open.size;
  }

  open(options: OpenSandbox): Sandbox {
    const sandbox = new LocalSandbox(options, (instance) => {
      this.#open.delete(sandbox);
      if (instance !== undefined) this.#warm?.giveBack(instance);
    });
    this.#open.add(sandbox);
    const { limits, cpuMs = threadCpuMs } = this.#options;
    const begin = (runtime: SandboxRuntime): void => sandbox.begin(runtime);
    const instance = this.#warm?.take();
    if (instance !== undefined) begin(new SandboxRuntime(instance, limits, cpuMs));
    else {
      this.#pool
        .then((pool) => pool.take() ?? pool.make())
        .then((made) => begin(new SandboxRuntime(made, limits, cpuMs)))
        .catch((error: unknown) => sandbox.fail(error));
    }
    return sandbox;
  }

  async close(): Promise<void> {
    for (const sandbox of this.#open) sandbox.close();
    await this.#pool.then((pool) => pool.close()).catch(() => {});
  }
}

class LocalSandbox implements Sandbox {
  readonly #options: OpenSandbox;
  readonly #onClose: (instance: Instance | undefined) => void;
  readonly #queue: HostEvent[] = [];
  #runtime: SandboxRuntime | undefined;
  #running = false;
  #closed = false;

  /** `onClose` gets the instance back where it can serve again. */
  constructor(options: OpenSandbox, onClose: (instance: Instance | undefined) => void) {
    this.#options = options;
    this.#onClose = onClose;
  }

  begin(runtime: SandboxRuntime): void {
    if (this.#closed) return;
    this.#runtime = runtime;
    this.#running = true;
    queueMicrotask(() => {
      if (this.#closed) return;
      this.#report(runtime.load(this.#options.scripts, this.#options.started));
      this.#drain();
    });
  }

  post(event: HostEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    if (this.#runtime === undefined || this.#running) return;
    this.#running = true;
    queueMicrotask(() => this.#drain());
  }

  fail(error: unknown): void {
    const message = `No sandbox could be made: ${error instanceof Error ? error.message : String(error)}`;
    this.#report({ commands: [], error: { message, scenario: '', line: undefined, kind: 'worker' } });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const instance = this.#runtime?.release();
    this.#runtime = undefined;
    this.#queue.length = 0;
    this.#onClose(instance);
  }

  #drain(): void {
    for (let event = this.#queue.shift(); event !== undefined && !this.#closed; event = this.#queue.shift()) {
      this.#report((this.#runtime as SandboxRuntime).dispatch(event));
    }
    this.#running = false;
  }

  #report(turn: Turn): void {
    if (this.#closed) return;
    if (turn.error !== undefined) this.close();
    this.#options.onTurn(turn);
  }
}
