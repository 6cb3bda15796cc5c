import type { Clock } from '../../src/kernel/clock.ts';
import { MasklineError } from '../../src/kernel/errors.ts';

/** One life of the worker thread. */
export class WorkerLife {
  dead = false;
  readonly #clock: Clock;
  readonly #latency: number;
  readonly #onDeath = new Set<() => void>();
  readonly #lost = new Set<() => void>();

  constructor(clock: Clock, latency: number) {
    this.#clock = clock;
    this.#latency = latency;
  }

  /** Orders arrive in order, and not at all at a dead worker. */
  order(carryOut: () => void): void {
    this.#clock.setTimeout(() => {
      if (!this.dead) carryOut();
    }, this.#latency);
  }

  async ask<T>(answer: () => T | Promise<T>): Promise<T> {
    if (this.dead) throw gone();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (): void => reject(gone());
    this.#onDeath.add(fail);
    this.order(() => {
      void Promise.resolve(answer()).then((value) => this.order(() => resolve(value)), reject);
    });
    try {
      return await promise;
    } finally {
      this.#onDeath.delete(fail);
    }
  }

  /** Whoever listens is told when the worker dies. */
  listen(lost: () => void): () => void {
    this.#lost.add(lost);
    return () => this.#lost.delete(lost);
  }

  die(): void {
    this.dead = true;
    for (const fail of [...this.#onDeath]) fail();
    for (const lost of [...this.#lost]) lost();
    this.#lost.clear();
  }
}

export function gone(): MasklineError {
  return new MasklineError('media/busy', 'The media worker of this session has stopped.');
}
