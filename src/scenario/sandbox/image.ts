/**
 * The state of a sandbox in which the API is loaded and no script has run yet, as pages of WebAssembly memory.
 *
 * A session has a WebAssembly instance to itself: a memory bomb hits the ceiling of its own memory. Instantiation is
 * deterministic (same allocations, same addresses), so copying the pages is all that it takes to load the API.
 *
 * After its session an instance is put back to the image and serves another one. That is sure to be complete, because a
 * WebAssembly instance has no state but its memory, its mutable globals and its tables: every byte of the memory is
 * either overwritten from the image or found (or made) zero, the globals must be what they were, the one table is not exported and
 * C code has no instruction that changes it. What the libraries keep in JavaScript is compared with what it was. Where any
 * of this is in doubt, the instance is thrown away: after every error, after its memory has grown, after a host function
 * was collected.
 *
 * Measured on the 2-core reference machine, CPU of the whole process: a fresh instance with the 16 MB that the library
 * asks for 3.4 ms, half of it for collections of the whole heap that V8 makes because of so much outside memory (one for
 * every four instances); a fresh one with 8 MB 2.2 ms; putting one back 0.15 ms.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  Lifetime,
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  RELEASE_SYNC,
} from 'quickjs-emscripten';
import { moduleName, readApiModules } from './api-modules.ts';
import { isSameState, reachableFrom } from './library-state.ts';
import type { ScenarioLimits } from './limits.ts';
import { phoneInfo } from './phone-info.ts';
import { rewriteModule } from './wasm-rewrite.ts';
import { zoneOffset } from './zone-offset.ts';

const WASM_PAGE = 65_536;
const CHUNK = 4096;
/** Emscripten's data, its C stack, the API's objects, and room for fragmentation, beside the script's heap. */
const BESIDE_HEAP = 16 * 1024 * 1024;
/** What an instance starts with: 5.1 MB are data and C stack, 0.4 MB the API; a script has the rest until it grows. */
const INITIAL = 128;
/** Memory is looked through for what a session left in pieces of this size. */
const ZEROES = Buffer.alloc(WASM_PAGE);
const NOTHING = ZEROES.subarray(0, CHUNK);

/** What the host functions and the interrupt handler of one instance call. Set anew for each session. */
export interface InstanceHooks {
  /** The modules that may be imported: the API's own while it loads, none for a script. */
  modules: ReadonlyMap<string, string> | undefined;
  send: (json: string) => void;
  interrupt: () => boolean;
}

/** The functions of the API that the host calls (`api/main.ts`). They belong to the image and are never disposed of. */
const ENTRY = ['prepare', 'begin', 'dispatch', 'loaded', 'wasAsked'] as const;
export type Entry = Readonly<Record<(typeof ENTRY)[number], QuickJSHandle>>;

/** Where an instance differs from the image. */
export type Delta = readonly { readonly offset: number; readonly bytes: Uint8Array }[];

export interface Instance {
  /** In which it differs from the image, by `apply`, before any session. */
  holds: Delta | undefined;
  readonly entry: Entry;
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  readonly memory: WebAssembly.Memory;
  readonly hooks: InstanceHooks;
  readonly globals: readonly WebAssembly.Global[];
  /** What the libraries' objects referred to before the session. */
  readonly libraries: readonly unknown[];
}

/** Without the API. */
type Bare = Omit<Instance, 'entry' | 'holds'>;

/** What tests add to an image, to see which members of the API scripts use. Production images have none. */
export interface Instrument {
  /** Evaluated after the API. */
  readonly entry: string;
  readonly modules: ReadonlyMap<string, string>;
  /** Called by the global function `__used`, which the entry takes away. */
  readonly report: (line: string) => void;
}

export class SandboxImage {
  readonly #wasm: WebAssembly.Module;
  readonly #globalNames: readonly string[];
  readonly #limits: ScenarioLimits;
  readonly #instrument: Instrument | undefined;
  #globals: readonly number[] = [];
  #pages: Delta = [];
  /** Where the values of the entry lie; the same in every instance. */
  #entry: readonly QuickJSHandle['value'][] = [];
  #byOffset: ReadonlyMap<number, Uint8Array> = new Map();
  /** Between the pages, in pieces that can be compared at once: `from`, `to`. */
  #gaps: readonly (readonly [number, number])[] = [];
  #addresses = '';

  private constructor(
    wasm: WebAssembly.Module,
    globalNames: readonly string[],
    limits: ScenarioLimits,
    instrument: Instrument | undefined,
  ) {
    this.#wasm = wasm;
    this.#globalNames = globalNames;
    this.#limits = limits;
    this.#instrument = instrument;
  }

  static async build(limits: ScenarioLimits, instrument?: Instrument): Promise<SandboxImage> {
    const require = createRequire(createRequire(import.meta.url).resolve('quickjs-emscripten'));
    const path = require.resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
    const { bytes, globals } = rewriteModule(readFileSync(path), INITIAL);
    const image = new SandboxImage(await WebAssembly.compile(bytes), globals, limits, instrument);
    await image.#capture();
    return image;
  }

  /** Bytes that are copied into each new instance. */
  get size(): number {
    return this.#pages.length * CHUNK;
  }

  /** A fresh instance with the API loaded. One to two milliseconds; keep some ready. */
  async instantiate(): Promise<Instance> {
    const instance = await this.#bare();
    if (addressesOf(instance) !== this.#addresses)
      throw new Error('the sandbox image does not fit this build of QuickJS');
    const memory = new Uint8Array(instance.memory.buffer);
    for (const { offset, bytes } of this.#pages) memory.set(bytes, offset);
    const handles = ENTRY.map((name, index) => {
      const value = this.#entry[index] as QuickJSHandle['value'];
      return [name, new Lifetime(value, undefined, undefined, instance.runtime)] as const;
    });
    return { ...instance, holds: undefined, entry: Object.fromEntries(handles) as unknown as Entry };
  }

  /**
   * What a session has changed in an instance so far. Undefined when memory is not all that it changed: then `apply` would not
   * make the same of another instance.
   */
  delta({ memory, globals, libraries, runtime, context }: Instance): Delta | undefined {
    if (memory.buffer.byteLength !== INITIAL * WASM_PAGE) return undefined;
    if (globals.some((global, index) => global.value !== this.#globals[index])) return undefined;
    if (!isSameState(libraries, reachableFrom([runtime, context]))) return undefined;
    const now = Buffer.from(memory.buffer);
    const changed: { offset: number; bytes: Uint8Array }[] = [];
    for (let offset = 0; offset < now.length; offset += CHUNK) {
      const before = this.#byOffset.get(offset) ?? NOTHING;
      if (now.compare(before, 0, CHUNK, offset, offset + CHUNK) === 0) continue;
      changed.push({ offset, bytes: Uint8Array.prototype.slice.call(now, offset, offset + CHUNK) });
    }
    return changed;
  }

  /** Makes an instance that no session has used what another one was when `delta` looked at it; without one, the image. */
  apply(instance: Instance, delta: Delta | undefined): void {
    if (instance.holds === delta) return;
    const memory = new Uint8Array(instance.memory.buffer);
    for (const { offset } of instance.holds ?? []) memory.set(this.#byOffset.get(offset) ?? NOTHING, offset);
    for (const { offset, bytes } of delta ?? []) memory.set(bytes, offset);
    instance.holds = delta;
  }

  /**
   * Takes every trace of a session out of an instance whose session ended without an error; about a sixth of a
   * millisecond. False when that cannot be done for certain: then the instance must not be used again.
   */
  restore(instance: Instance): boolean {
    const { hooks, globals, libraries, memory, runtime, context } = instance;
    instance.holds = undefined;
    hooks.modules = undefined;
    hooks.send = () => {};
    hooks.interrupt = () => false;
    // Lifted by `grow`, a memory cannot shrink again, and the libraries hold views of the old one.
    if (memory.buffer.byteLength !== INITIAL * WASM_PAGE) return false;
    if (globals.some((global, index) => global.value !== this.#globals[index])) return false;
    if (!isSameState(libraries, reachableFrom([runtime, context]))) return false;
    const bytes = Buffer.from(memory.buffer);
    for (const [from, to] of this.#gaps) {
      if (bytes.compare(ZEROES, 0, to - from, from, to) !== 0) bytes.fill(0, from, to);
    }
    for (const page of this.#pages) bytes.set(page.bytes, page.offset);
    return true;
  }

  async #bare(): Promise<Bare> {
    const maximum = Math.ceil((this.#limits.heapBytes + BESIDE_HEAP) / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: INITIAL, maximum: Math.max(INITIAL, maximum) });
    const { promise: made, resolve: onMade } = Promise.withResolvers<WebAssembly.Instance>();
    const instantiateWasm = (
      imports: object,
      onSuccess: (instance: WebAssembly.Instance) => void,
    ): object => {
      const wasm = new WebAssembly.Instance(this.#wasm, imports);
      onMade(wasm);
      onSuccess(wasm);
      return wasm.exports;
    };
    const variant = newVariant(RELEASE_SYNC, { emscriptenModule: { instantiateWasm }, wasmMemory: memory });
    const quickjs = await newQuickJSWASMModuleFromVariant(variant);
    const { exports } = await made;
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
    const phone = context.newFunction('phoneInfo', (number, country) =>
      context.newString(JSON.stringify(phoneInfo(context.getString(number), context.getString(country)))),
    );
    const host = context.newObject();
    context.setProp(host, 'send', send);
    context.setProp(host, 'zoneOffset', zone);
    context.setProp(host, 'phoneInfo', phone);
    context.setProp(context.global, '__host', host);
    for (const handle of [send, zone, phone, host]) handle.dispose();
    const report = this.#instrument?.report;
    if (report !== undefined) {
      const used = context.newFunction('used', (line) => report(context.getString(line)));
      context.setProp(context.global, '__used', used);
      used.dispose();
    }
    // These are made when they are first asked for; from here on nothing of the libraries' own changes.
    for (const constant of [context.undefined, context.null, context.true, context.false]) constant.dispose();
    const globals = this.#globalNames.map((name) => exports[name] as WebAssembly.Global);
    const libraries = reachableFrom([runtime, context]);
    return { runtime, context, memory, hooks, globals, libraries };
  }

  async #capture(): Promise<void> {
    const instance = await this.#bare();
    this.#addresses = addressesOf(instance);
    const before = usedChunks(instance.memory);
    this.#entry = loadApi(instance, this.#instrument);
    // The limit is a field of the runtime, so it comes with the image.
    instance.runtime.setMemoryLimit(this.#limits.heapBytes + usedBytes(instance));
    const after = usedChunks(instance.memory);
    const memory = new Uint8Array(instance.memory.buffer);
    // A chunk that a bare instance uses must be overwritten even where the image has zeroes.
    this.#pages = [...new Set([...before, ...after])]
      .sort((a, b) => a - b)
      .map((offset) => ({ offset, bytes: memory.slice(offset, offset + CHUNK) }));
    this.#byOffset = new Map(this.#pages.map(({ offset, bytes }) => [offset, bytes]));
    this.#gaps = gapsBetween(this.#pages.map(({ offset }) => offset));
    this.#globals = instance.globals.map(({ value }) => value);
    if (memory.length !== INITIAL * WASM_PAGE)
      throw new Error('the API has outgrown the initial memory of QuickJS');
    const limits = this.#limits;
    if (limits.heapBytes < 1024 * 1024) throw new Error('scenario.heapBytes: a script needs at least 1 MB');
  }
}

/** Evaluates the API. Returns where the functions of its entry lie, of which no script will find any. */
function loadApi(
  { runtime, context, hooks }: Bare,
  instrument: Instrument | undefined,
): readonly QuickJSHandle['value'][] {
  hooks.modules = new Map([...readApiModules(), ...(instrument?.modules ?? [])]);
  const observe = instrument === undefined ? '' : `import '${instrument.entry}';`;
  const names = ENTRY.join(', ');
  const entry = `import { ${names} } from './main.ts'; ${observe} globalThis.__entry = { ${names} };`;
  const result = context.evalCode(entry, moduleName('entry'), { type: 'module' });
  context.unwrapResult(result).dispose();
  const jobs = runtime.executePendingJobs();
  if (jobs.error) throw new Error(`the API does not load: ${JSON.stringify(context.dump(jobs.error))}`);
  hooks.modules = undefined;
  const holder = context.getProp(context.global, '__entry');
  const handles = ENTRY.map((name) => context.getProp(holder, name));
  if (handles.some((handle) => context.typeof(handle) !== 'function'))
    throw new Error('the API does not load: an error at its top level');
  holder.dispose();
  context.unwrapResult(context.evalCode('delete globalThis.__entry')).dispose();
  return handles.map((handle) => handle.value);
}

/** Bytes that the heap of an instance holds now. */
export function usedBytes({ runtime, context }: Pick<Instance, 'runtime' | 'context'>): number {
  const usage = runtime.computeMemoryUsage();
  const size = context.getProp(usage, 'memory_used_size');
  const bytes = context.getNumber(size);
  size.dispose();
  usage.dispose();
  return bytes;
}

/** Where no page lies, in pieces that are no longer than `ZEROES`. */
function gapsBetween(pages: readonly number[]): (readonly [number, number])[] {
  const gaps: (readonly [number, number])[] = [];
  let free = 0;
  for (const page of [...pages, INITIAL * WASM_PAGE]) {
    for (let from = free; from < page; from += ZEROES.length)
      gaps.push([from, Math.min(page, from + ZEROES.length)]);
    free = page + CHUNK;
  }
  return gaps;
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
function addressesOf(instance: Pick<Instance, 'runtime' | 'context'>): string {
  const pointer = (owner: object, name: string): unknown => {
    const lifetime = Reflect.get(owner, name) as { value?: unknown } | undefined;
    return lifetime?.value;
  };
  return `${String(pointer(instance.runtime, 'rt'))}/${String(pointer(instance.context, 'ctx'))}`;
}
