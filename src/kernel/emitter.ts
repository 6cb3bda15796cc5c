/**
 * Typed events. `Events` maps an event's name to its payload. Listeners run in order, synchronously; one that
 * throws does not keep the others from running: its error goes to `onListenerError`.
 */
export class Emitter<Events extends object> {
  /** The arrays are never changed: whoever goes through one sees the listeners of that moment. */
  readonly #listeners = new Map<keyof Events, readonly Listener[]>();
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void = throwLater) {
    this.#onListenerError = onListenerError;
  }

  /** Adds a listener and returns the function that removes it. */
  on<K extends keyof Events>(event: K, listener: (payload: Events[K]) => void): () => void {
    const added = listener as Listener;
    const before = this.#listeners.get(event) ?? NOBODY;
    if (!before.includes(added)) this.#listeners.set(event, [...before, added]);
    return () => this.#remove(event, added);
  }

  /** Calls every listener that was there when the event happened. */
  emit<K extends keyof Events>(event: K, payload: Events[K]): void {
    for (const listener of this.#listeners.get(event) ?? NOBODY) {
      try {
        (listener as (payload: Events[K]) => void)(payload);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  /** How many listeners an event has; the leak check of the tests reads it. */
  listenerCount(event: keyof Events): number {
    return this.#listeners.get(event)?.length ?? 0;
  }

  removeAll(): void {
    this.#listeners.clear();
  }

  #remove(event: keyof Events, listener: Listener): void {
    const before = this.#listeners.get(event);
    if (before === undefined) return;
    const left = before.filter((one) => one !== listener);
    if (left.length === 0) this.#listeners.delete(event);
    else this.#listeners.set(event, left);
  }
}

type Listener = (payload: never) => void;
const NOBODY: readonly Listener[] = [];

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
