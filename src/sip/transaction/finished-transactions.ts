import type { Clock } from '../../kernel/clock.ts';

/**
 * Server transactions that have ended, remembered for 64·T1, so that a late copy of a request does not become a second
 * call (PITFALLS row 6). Entries expire when looked at, so that there is no timer; the oldest give way beyond `limit`.
 */
export class FinishedTransactions {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #limit: number;
  /** In order of insertion, which is order of expiry. */
  readonly #entries = new Map<string, { readonly expires: number; readonly accepted: boolean }>();

  constructor(clock: Clock, lifetimeMs: number, limit: number) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
    this.#limit = limit;
  }

  get size(): number {
    this.#prune();
    return this.#entries.size;
  }

  /** `accepted`: an INVITE that got a 2xx, whose ACK therefore belongs to a dialog. */
  remember(key: string, accepted: boolean): void {
    this.#entries.delete(key);
    this.#entries.set(key, { expires: this.#clock.monotonic() + this.#lifetimeMs, accepted });
    this.#prune();
  }

  find(key: string): { readonly accepted: boolean } | undefined {
    this.#prune();
    return this.#entries.get(key);
  }

  #prune(): void {
    const now = this.#clock.monotonic();
    for (const [key, entry] of this.#entries) {
      if (entry.expires > now && this.#entries.size <= this.#limit) return;
      this.#entries.delete(key);
    }
  }
}
