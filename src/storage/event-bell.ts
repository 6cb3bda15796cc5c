/**
 * Rung when this node may have written events, so that its stream and its dispatcher need not wait for their next look. A
 * ring that nobody hears, or one too many, costs nothing: everybody looks at the database, and at least each second anyway.
 */
export class EventBell {
  readonly #listeners = new Set<() => void>();

  ring(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Returns how to stop listening. */
  onRing(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
