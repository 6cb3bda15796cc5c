import type { Delta, Instance, Instrument } from './image.ts';
import { SandboxImage } from './image.ts';
import type { ScenarioLimits } from './limits.ts';

/** Instances stay for as many sessions as ran at once at the busiest moment of this time or the one before; ms. */
const WINDOW_MS = 5 * 60_000;

/**
 * Instances that are ready before a call needs one. What is taken is made up for off the call path, one instance per turn
 * of the event loop, so that an event which waits never waits for more than one: several back to back were 13 to 20 ms
 * that every fifth call had to wait. An instance that comes back is put back to the image, which costs a tenth of making
 * one; a server that has seen its load makes none any more. How many stay is no fixed number: with fewer than sessions run at
 * once, each session beyond them had one made for it, which made sessions slower, so that more ran at once, and so on, until
 * the node was behind by seconds.
 */
export class WarmPool {
  readonly #size: number;
  readonly image: SandboxImage;
  readonly #ready: Instance[] = [];
  /** Came back from a session and still hold what it left. */
  readonly #used: Instance[] = [];
  readonly #now: () => number;
  #inUse = 0;
  /** Most sessions at once in this window, and in the one before. */
  #peak = 0;
  #peakBefore = 0;
  #windowEnds: number;
  /** What the scripts of the last session made of memory: the next one most likely has the same. */
  favourite: Delta | undefined;
  #busy = false;
  #closed = false;

  private constructor(image: SandboxImage, size: number, now: () => number) {
    this.image = image;
    this.#size = size;
    this.#now = now;
    this.#windowEnds = now() + WINDOW_MS;
  }

  /** @param options.now milliseconds that only grow; tests hand in their own. */
  static async create(
    limits: ScenarioLimits,
    size: number,
    options: { readonly instrument?: Instrument | undefined; readonly now?: () => number } = {},
  ): Promise<WarmPool> {
    const { instrument, now = () => performance.now() } = options;
    const pool = new WarmPool(await SandboxImage.build(limits, instrument), size, now);
    while (pool.#ready.length < size) pool.#ready.push(await pool.image.instantiate());
    return pool;
  }

  /** At once when the pool is warm; undefined when it ran dry, and `make` is needed. May hold what `image.apply` made of it. */
  take(): Instance | undefined {
    const instance = this.#ready.pop() ?? this.#restoreOne();
    if (instance !== undefined) this.#taken();
    this.#workLater();
    return instance;
  }

  async make(): Promise<Instance> {
    const instance = await this.image.instantiate();
    this.#taken();
    return instance;
  }

  /**
   * A session is over. What it was given comes back if it ended without an error, and whoever gives it back has not kept it;
   * else nothing does.
   */
  giveBack(instance: Instance | undefined): void {
    this.#inUse -= 1;
    this.#roll();
    const spare = this.#ready.length + this.#used.length;
    const wanted = Math.max(this.#peak, this.#peakBefore) + this.#size;
    if (instance === undefined || this.#closed || this.#inUse + spare >= wanted) return;
    this.#used.push(instance);
    this.#workLater();
  }

  #taken(): void {
    this.#inUse += 1;
    this.#roll();
    this.#peak = Math.max(this.#peak, this.#inUse);
  }

  #roll(): void {
    const now = this.#now();
    if (now < this.#windowEnds) return;
    // After a long silence nothing of before counts.
    this.#peakBefore = now < this.#windowEnds + WINDOW_MS ? this.#peak : this.#inUse;
    this.#peak = this.#inUse;
    this.#windowEnds = now + WINDOW_MS;
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
    const instance = this.#used.length > 0 ? this.#restoreOne() : await this.image.instantiate();
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
