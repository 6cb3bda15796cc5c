/** Requests of the API to the host that are answered later, as promises. */
import { send } from './host-link.ts';

export interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Error) => void;
}

export class Requests {
  readonly #name: string;
  readonly #most: number;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  /**
   * @param name what errors begin with.
   * @param most requests that may wait for their answer at once.
   */
  constructor(name: string, most: number) {
    this.#name = name;
    this.#most = most;
  }

  /** The checks of `command` are part of the promise: a script that awaits in `try` sees every error there. */
  ask(command: (requestId: number) => Parameters<typeof send>[0]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size >= this.#most)
        throw new Error(`${this.#name}: more than ${this.#most} requests wait for an answer`);
      const requestId = this.#nextId++;
      send(command(requestId));
      this.#waiting.set(requestId, { resolve, reject });
    });
  }

  /** The one that waits for this answer, which waits no more; undefined: nobody does. */
  take(requestId: number): Waiting | undefined {
    const one = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    return one;
  }
}
