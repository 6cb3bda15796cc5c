import type { Instance } from './image.ts';
import { SandboxImage } from './image.ts';
import type { ScenarioLimits } from './limits.ts';

/** Instances that are ready before a call needs one. What is taken is made up for afterwards, off the call path. */
export class WarmPool {
  readonly #size: number;
  readonly #image: SandboxImage;
  readonly #ready: Instance[] = [];
  #filling: Promise<void> | undefined;
  #closed = false;

  private constructor(image: SandboxImage, size: number) {
    this.#image = image;
    this.#size = size;
  }

  static async create(limits: ScenarioLimits, size: number): Promise<WarmPool> {
    const pool = new WarmPool(await SandboxImage.build(limits), size);
    await pool.#fill();
    return pool;
  }

  /** At once when the pool is warm; undefined when it ran dry, and `make` is needed. */
  take(): Instance | undefined {
    const instance = this.#ready.pop();
    if (this.#ready.length < this.#size / 2) setImmediate(() => void this.#fill().catch(() => {}));
    return instance;
  }

  make(): Promise<Instance> {
    return this.#image.instantiate();
  }

  close(): void {
    this.#closed = true;
    this.#ready.length = 0;
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#fillUp().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async #fillUp(): Promise<void> {
    while (!this.#closed && this.#ready.length < this.#size)
      this.#ready.push(await this.#image.instantiate());
  }
}
