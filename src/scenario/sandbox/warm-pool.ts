import type { Delta, Instance, Instrument } from './image.ts';
import { SandboxImage } from './image.ts';
import type { ScenarioLimits } from './limits.ts';

/** After a rush, this many times as many instances stay as are kept ready before it; each holds about 1 MB. */
const KEEP = 4;

/**
 * Instances that are ready before a call needs one. What is taken is made up for off the call path, one instance per turn
 * of the event loop, so that an event which waits never waits for more than one: several back to back were 13 to 20 ms
 * that every fifth call had to wait. An instance that comes back is put back to the image, which costs a tenth of making
 * one; a server that has seen its load makes none any more.
 */
export class WarmPool {
  readonly #size: number;
  readonly image: SandboxImage;
  readonly #ready: Instance[] = [];
  /** Came back from a session and still hold what it left. */
  readonly #used: Instance[] = [];
  /** What the scripts of the last session made of memory: the next one most likely has the same. */
  favourite: Delta | undefined;
  #busy = false;
  #closed = false;

  private constructor(image: SandboxImage, size: number) {
    this.image = image;
    this.#size = size;
  }

  static async create(limits: ScenarioLimits, size: number, instrument?: Instrument): Promise<WarmPool> {
    const pool = new WarmPool(await SandboxImage.build(limits, instrument), size);
    while (pool.#ready.length < size) pool.#ready.push(await pool.make());
    return pool;
  }

  /** At once when the pool is warm; undefined when it ran dry, and `make` is needed. May hold what `image.apply` made of it. */
  take(): Instance | undefined {
    const instance = this.#ready.pop() ?? this.#restoreOne();
    this.#workLater();
    return instance;
  }

  make(): Promise<Instance> {
    return this.image.instantiate();
  }

  /** From a session that ended without an error; whoever gives it back has not kept it. */
  giveBack(instance: Instance): void {
    if (this.#closed || this.#ready.length + this.#used.length >= this.#size * KEEP) return;
    this.#used.push(instance);
    this.#workLater();
  }

  close(): void {
    this.#closed = true;
    this.#ready.length = 0;
    this.#used.length = 0;
  }

  #workLater(): void {
    if (this.#busy || this.#closed) return;
    if (this.#used.length === 0 && this.#ready.length >= this.#size) return;
    this.#busy = true;
    setImmediate(() => {
      this.#work()
        .then(() => {
          this.#busy = false;
          this.#workLater();
        })
        // Out of memory, most likely: whoever takes the next instance tries again.
        .catch(() => {
          this.#busy = false;
        });
    });
  }

  /** One piece of work. */
  async #work(): Promise<void> {
    const instance = this.#used.length > 0 ? this.#restoreOne() : await this.make();
    if (instance === undefined || this.#closed) return;
    this.image.apply(instance, this.favourite);
    this.#ready.push(instance);
  }

  #restoreOne(): Instance | undefined {
    for (let used = this.#used.pop(); used !== undefined; used = this.#used.pop()) {
      if (this.image.restore(used)) return used;
    }
    return undefined;
  }
}
