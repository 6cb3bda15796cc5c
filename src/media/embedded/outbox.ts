import type { Batch } from './protocol.ts';

/**
 * Gathers what one piece of code has to say to the other thread and posts it, in order, before anything else runs: posting
 * costs about as much for ten things as for one. Not later: a packet that comes next must find the command obeyed.
 */
export class Outbox<T> {
  readonly #post: (batch: Batch<T>) => void;
  #waiting: T[] = [];

  constructor(post: (batch: Batch<T>) => void) {
    this.#post = post;
  }

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#post(batch);
  }
}
