import type { Clock } from '../../kernel/clock.ts';

/**
 * A bounded memory of what is over: finished server transactions (PITFALLS row 6), ACKs that may have to be sent again
 * (row 3). Every entry lives equally long. Entries expire when the map is looked at, so that there is no timer; beyond
 * `limit` the oldest give way.
 */
export class ExpiringMap<V> {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #limit: number;
  /** In order of insertion, which is order of expiry. */
  readonly #entries = new Map<string, { readonly expires: number; readonly value: V }>();

  constructor(clock: Clock, lifetimeMs: number, limit: number) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
    this.#limit = limit;
  }

  get size(): number {
    this.#prune();
    return this.#entries.size;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, { expires: this.#clock.monotonic() + this.#lifetimeMs, value });
    this.#prune();
  }

  get(key: string): V | undefined {
    this.#prune();
    return this.#entries.get(key)?.value;
  }

  has(key: string): boolean {
    this.#prune();
    return this.#entries.has(key);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #prune(): void {
    const now = this.#clock.monotonic();
    for (const [key, entry] of this.#entries) {
      if (entry.expires > now && this.#entries.size <= this.#limit) return;
      this.#entries.delete(key);
    }
  }
}
