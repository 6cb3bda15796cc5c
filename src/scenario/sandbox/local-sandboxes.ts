/** Sandboxes in this thread. Tests and the simulator use them directly, a scenario worker inside itself. */
import type { HostEvent, Turn } from '../protocol.ts';
import type { Instance, Instrument } from './image.ts';
import type { ScenarioLimits } from './limits.ts';
import { SandboxRuntime, threadCpuMs } from './runtime.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from './sandboxes.ts';
import { keyOf, ScriptImages } from './script-images.ts';
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
  readonly #open = new Set<JsonSandbox>();
  readonly #pool: Promise<WarmPool>;
  #warm: WarmPool | undefined;
  #scripts: ScriptImages | undefined;

  constructor(options: LocalOptions) {
    this.#options = options;
    this.#pool = WarmPool.create(options.limits, options.warm, { instrument: options.instrument });
    this.ready = this.#pool.then((pool) => {
      this.#warm = pool;
      const { limits, cpuMs = threadCpuMs } = options;
      this.#scripts = new ScriptImages(pool.image, pool, limits, cpuMs);
    });
    this.ready.catch(() => {});
  }

  get count(): number {
    return this.#open.size;
  }

  open(options: OpenSandbox): Sandbox {
    const { started, ...others } = options;
    const session = { ...others, key: keyOf(options.scripts), startedJson: JSON.stringify(started) };
    const sandbox = this.openJson(session);
    return {
      post: (event: HostEvent) => sandbox.post(JSON.stringify(event)),
      close: () => sandbox.close(),
    };
  }

  /** The same with what is told as JSON: so it comes through the door of a thread, and so a script gets it. */
  openJson(options: OpenJson): JsonSandbox {
    const sandbox = new JsonSandbox(options, (runtime) => {
      this.#open.delete(sandbox);
      if (runtime !== undefined) this.#warm?.giveBack(runtime.release());
    });
    this.#open.add(sandbox);
    const { limits, cpuMs = threadCpuMs } = this.#options;
    const begin = (pool: WarmPool, instance: Instance): void => {
      if (sandbox.isClosed) {
        pool.giveBack(instance);
        return;
      }
      const held = this.#scripts?.of(options.key);
      pool.image.apply(instance, held);
      const ran = (): void => this.#scripts?.ran(options.key, options.scripts);
      sandbox.begin(new SandboxRuntime(instance, limits, cpuMs), held === undefined ? ran : undefined);
    };
    const warm = this.#warm;
    const instance = warm?.take();
    if (warm !== undefined && instance !== undefined) begin(warm, instance);
    else {
      this.#pool
        .then(async (pool) => begin(pool, pool.take() ?? (await pool.make())))
        .catch((error: unknown) => sandbox.fail(error));
    }
    return sandbox;
  }

  async close(): Promise<void> {
    for (const sandbox of this.#open) sandbox.close();
    await this.#pool.then((pool) => pool.close()).catch(() => {});
  }
}

export interface OpenJson extends Omit<OpenSandbox, 'started'> {
  /** `keyOf` the scripts. */
  readonly key: string;
  /** `started` as JSON. */
  readonly startedJson: string;
}

export class JsonSandbox {
  readonly #options: OpenJson;
  readonly #onClose: (runtime: SandboxRuntime | undefined) => void;
  readonly #queue: string[] = [];
  #runtime: SandboxRuntime | undefined;
  #running = false;
  #closed = false;

  /** @param onClose gets what it was begun with. */
  constructor(options: OpenJson, onClose: (runtime: SandboxRuntime | undefined) => void) {
    this.#options = options;
    this.#onClose = onClose;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /**
   * @param ran told that the scripts ran, and well; without it they do not run: the instance holds what they make of memory.
   */
  begin(runtime: SandboxRuntime, ran: (() => void) | undefined): void {
    this.#runtime = runtime;
    this.#running = true;
    queueMicrotask(() => {
      if (this.#closed) return;
      const { scripts, startedJson } = this.#options;
      const turn =
        ran === undefined ? runtime.loadAgain(scripts, startedJson) : runtime.loadJson(scripts, startedJson);
      if (turn.error === undefined) ran?.();
      this.#report(turn);
      this.#drain();
    });
  }

  /** One event, as JSON; one turn follows. */
  post(json: string): void {
    if (this.#closed) return;
    this.#queue.push(json);
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
    const runtime = this.#runtime;
    this.#runtime = undefined;
    this.#queue.length = 0;
    this.#onClose(runtime);
  }

  #drain(): void {
    for (let event = this.#queue.shift(); event !== undefined && !this.#closed; event = this.#queue.shift()) {
      this.#report((this.#runtime as SandboxRuntime).dispatchJson(event));
    }
    this.#running = false;
  }

  #report(turn: Turn): void {
    if (this.#closed) return;
    if (turn.error !== undefined) this.close();
    this.#options.onTurn(turn);
  }
}
