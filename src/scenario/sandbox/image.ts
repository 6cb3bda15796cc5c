/**
 * The state of a sandbox in which the API is loaded and no script has run yet, as pages of WebAssembly memory.
 *
 * Every session gets a WebAssembly instance of its own, made from this image: nothing of one session can survive into the
 * next, a memory bomb hits the ceiling of its own memory, and the allocator's fragmentation dies with the session.
 * Instantiation is deterministic (same allocations, same addresses), so copying the pages is all that it takes. Measured
 * on the 2-core reference machine: a bare instance 0.7 ms, the copy 0.1 ms, evaluating the API instead 12 ms.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSRuntime,
  RELEASE_SYNC,
} from 'quickjs-emscripten';
import { moduleName, readApiModules } from './api-modules.ts';
import type { ScenarioLimits } from './limits.ts';
import { zoneOffset } from './zone-offset.ts';

const WASM_PAGE = 65_536;
const CHUNK = 4096;
/** Emscripten's data, its C stack, the API's objects, and room for fragmentation, beside the script's heap. */
const BESIDE_HEAP = 16 * 1024 * 1024;
/** What the variant was built with: the memory that an instance starts with. */
const INITIAL = 256;

/** What the host functions and the interrupt handler of one instance call. Set anew for each session. */
export interface InstanceHooks {
  /** The modules that may be imported: the API's own while it loads, none for a script. */
  modules: ReadonlyMap<string, string> | undefined;
  send: (json: string) => void;
  interrupt: () => boolean;
}

export interface Instance {
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  readonly memory: WebAssembly.Memory;
  readonly hooks: InstanceHooks;
}

export class SandboxImage {
  readonly #wasm: WebAssembly.Module;
  readonly #limits: ScenarioLimits;
  #pages: readonly { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  #addresses = '';

  private constructor(wasm: WebAssembly.Module, limits: ScenarioLimits) {
    this.#wasm = wasm;
    this.#limits = limits;
  }

  static async build(limits: ScenarioLimits): Promise<SandboxImage> {
    const require = createRequire(createRequire(import.meta.url).resolve('quickjs-emscripten'));
    const path = require.resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
    const image = new SandboxImage(await WebAssembly.compile(readFileSync(path)), limits);
    await image.#capture();
    return image;
  }

  /** Bytes that are copied into each new instance. */
  get size(): number {
    return this.#pages.length * CHUNK;
  }

  /** A fresh instance with the API loaded. About one millisecond; keep some ready. */
  async instantiate(): Promise<Instance> {
    const instance = await this.#bare();
    if (addressesOf(instance) !== this.#addresses)
      throw new Error('the sandbox image does not fit this build of QuickJS');
    const memory = new Uint8Array(instance.memory.buffer);
    for (const { offset, bytes } of this.#pages) memory.set(bytes, offset);
    return instance;
  }

  async #bare(): Promise<Instance> {
    const maximum = Math.ceil((this.#limits.heapBytes + BESIDE_HEAP) / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: INITIAL, maximum: Math.max(INITIAL, maximum) });
    const variant = newVariant(RELEASE_SYNC, { wasmModule: this.#wasm, wasmMemory: memory });
    const quickjs = await newQuickJSWASMModuleFromVariant(variant);
    const hooks: InstanceHooks = { modules: undefined, send: () => {}, interrupt: () => false };
    const runtime = quickjs.newRuntime();
    runtime.setInterruptHandler(() => hooks.interrupt());
    // Judged by name, before QuickJS looks among the modules that it has: those of the API are there, too.
    runtime.setModuleLoader(
      (name) => hooks.modules?.get(name) ?? { error: new Error('there are no modules here') },
      (_base, specifier) =>
        hooks.modules === undefined
          ? { error: new Error('there are no modules here') }
          : moduleName(specifier),
    );
    runtime.setMaxStackSize(this.#limits.stackBytes);
    const context = runtime.newContext();
    // Otherwise the library makes a second context when it is asked how much memory is used.
    runtime.context = context;
    // Host functions are known to the instance by number, so every instance makes the same ones in the same order.
    const send = context.newFunction('send', (text) => {
      hooks.send(context.getString(text));
    });
    const zone = context.newFunction('zoneOffset', (name, at) =>
      context.newNumber(zoneOffset(context.getString(name), context.getNumber(at))),
    );
    const host = context.newObject();
    context.setProp(host, 'send', send);
    context.setProp(host, 'zoneOffset', zone);
    context.setProp(context.global, '__host', host);
    for (const handle of [send, zone, host]) handle.dispose();
    return { runtime, context, memory, hooks };
  }

  async #capture(): Promise<void> {
    const instance = await this.#bare();
    this.#addresses = addressesOf(instance);
    const before = usedChunks(instance.memory);
    loadApi(instance);
    // The limit is a field of the runtime, so it comes with the image.
    instance.runtime.setMemoryLimit(this.#limits.heapBytes + usedBytes(instance));
    const after = usedChunks(instance.memory);
    const memory = new Uint8Array(instance.memory.buffer);
    // A chunk that a bare instance uses must be overwritten even where the image has zeroes.
    this.#pages = [...new Set([...before, ...after])]
      .sort((a, b) => a - b)
      .map((offset) => ({ offset, bytes: memory.slice(offset, offset + CHUNK) }));
    if (memory.length !== INITIAL * WASM_PAGE)
      throw new Error('the API has outgrown the initial memory of QuickJS');
    const limits = this.#limits;
    if (limits.heapBytes < 1024 * 1024) throw new Error('scenario.heapBytes: a script needs at least 1 MB');
  }
}

/** Evaluates the API and leaves its entry points in `__entry`, which a session takes away before its script runs. */
function loadApi({ runtime, context, hooks }: Instance): void {
  hooks.modules = readApiModules();
  const entry = `import { prepare, dispatch, loaded } from './main.ts'; globalThis.__entry = { prepare, dispatch, loaded };`;
  const result = context.evalCode(entry, moduleName('entry'), { type: 'module' });
  context.unwrapResult(result).dispose();
  const jobs = runtime.executePendingJobs();
  if (jobs.error) throw new Error(`the API does not load: ${JSON.stringify(context.dump(jobs.error))}`);
  hooks.modules = undefined;
  const check = context.unwrapResult(context.evalCode('typeof __entry.dispatch'));
  const kind = context.getString(check);
  check.dispose();
  if (kind !== 'function') throw new Error('the API does not load: an error at its top level');
}

/** Bytes that the heap of an instance holds now. */
export function usedBytes({ runtime, context }: Instance): number {
  const usage = runtime.computeMemoryUsage();
  const size = context.getProp(usage, 'memory_used_size');
  const bytes = context.getNumber(size);
  size.dispose();
  usage.dispose();
  return bytes;
}

function usedChunks(memory: WebAssembly.Memory): number[] {
  const words = new BigUint64Array(memory.buffer);
  const perChunk = CHUNK / 8;
  const used: number[] = [];
  for (let chunk = 0; chunk < words.length / perChunk; chunk++) {
    const end = (chunk + 1) * perChunk;
    for (let i = chunk * perChunk; i < end; i++) {
      if (words[i] === 0n) continue;
      used.push(chunk * CHUNK);
      break;
    }
  }
  return used;
}

/** Where the instance put its runtime and context. The library keeps them private; they only serve as a check. */
function addressesOf(instance: Instance): string {
  const pointer = (owner: object, name: string): unknown => {
    const lifetime = Reflect.get(owner, name) as { value?: unknown } | undefined;
    return lifetime?.value;
  };
  return `${String(pointer(instance.runtime, 'rt'))}/${String(pointer(instance.context, 'ctx'))}`;
}
