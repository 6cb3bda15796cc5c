/**
 * What memory looks like after scripts have run, kept for the next session with the same scripts: compiling and running
 * three short ones anew costs 0.4 ms of a call's way, copying the fifty pages that they touched a twentieth of it. Only for
 * scripts that came to know nothing of a session while they loaded (`wasAsked`), which is what nearly all do: they define
 * functions and add listeners.
 */
import { createHash } from 'node:crypto';
import type { ScenarioSource } from '../../call/types.ts';
import type { Delta, SandboxImage } from './image.ts';
import type { ScenarioLimits } from './limits.ts';
import { SandboxRuntime } from './runtime.ts';
import type { WarmPool } from './warm-pool.ts';

/** Sets of scripts that are kept, and bytes of all of them. */
const MOST_SETS = 100;
const MOST_BYTES = 32 * 1024 * 1024;

const keys = new WeakMap<readonly ScenarioSource[], string>();

/** Names a list of scripts by its content. The same list of a route comes with every call, so it is read once. */
export function keyOf(scripts: readonly ScenarioSource[]): string {
  let key = keys.get(scripts);
  if (key === undefined) {
    const parts = scripts.flatMap(({ name, source }) => [name, source]);
    key = createHash('sha256').update(JSON.stringify(parts)).digest('base64');
    keys.set(scripts, key);
  }
  return key;
}

export class ScriptImages {
  readonly #image: SandboxImage;
  readonly #pool: WarmPool;
  readonly #limits: ScenarioLimits;
  readonly #cpuMs: () => number;
  /** The oldest first. Undefined: they have to run in every session, or are about to be looked at. */
  readonly #known = new Map<string, Delta | undefined>();
  #bytes = 0;

  constructor(image: SandboxImage, pool: WarmPool, limits: ScenarioLimits, cpuMs: () => number) {
    this.#image = image;
    this.#pool = pool;
    this.#limits = limits;
    this.#cpuMs = cpuMs;
  }

  /** What the scripts make of memory (for `image.apply`), if that is known by now. */
  of(key: string): Delta | undefined {
    const delta = this.#known.get(key);
    if (delta !== undefined) this.#pool.favourite = delta;
    return delta;
  }

  /** They have run in a session, and well: what they make of memory is found out behind it. */
  ran(key: string, scripts: readonly ScenarioSource[]): void {
    if (this.#known.has(key)) return;
    this.#known.set(key, undefined);
    setImmediate(() => this.#find(key, scripts));
  }

  #find(key: string, scripts: readonly ScenarioSource[]): void {
    const instance = this.#pool.take();
    if (instance === undefined) {
      // A rush: the next session asks again.
      this.#known.delete(key);
      return;
    }
    this.#image.apply(instance, undefined);
    const runtime = new SandboxRuntime(instance, this.#limits, this.#cpuMs);
    const delta = runtime.preload(scripts, this.#image);
    this.#pool.giveBack(runtime.release());
    this.#known.set(key, delta);
    this.#bytes += bytesOf(delta);
    for (const [oldest, kept] of this.#known) {
      if (this.#known.size <= MOST_SETS && this.#bytes <= MOST_BYTES) break;
      this.#known.delete(oldest);
      this.#bytes -= bytesOf(kept);
    }
  }
}

function bytesOf(delta: Delta | undefined): number {
  return delta?.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0;
}
