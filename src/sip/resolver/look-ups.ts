import type { Clock } from '../../kernel/clock.ts';

/** How long an answer is used again. DNS time-to-live is not known through the machine's resolver; 30 s is short. */
const HOLD_MS = 30_000;
const MAX_ENTRIES = 1_000;

/**
 * Asks one question once: whoever asks while it is under way shares the answer, and so does whoever asks shortly
 * afterwards. Failures are not held. Without a clock nothing is held.
 */
export class LookUps<T> {
  readonly #ask: (name: string) => Promise<T>;
  readonly #clock: Clock | undefined;
  readonly #entries = new Map<string, { readonly answer: Promise<T>; until: number }>();

  constructor(ask: (name: string) => Promise<T>, clock: Clock | undefined) {
    this.#ask = ask;
    this.#clock = clock;
  }

  get(name: string): Promise<T> {
    const known = this.#entries.get(name);
    if (known !== undefined && this.#now() < known.until) return known.answer;
    // Never stale while it is under way.
    const entry = { answer: this.#ask(name), until: Number.POSITIVE_INFINITY };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    this.#forgetOldest();
    const forget = (): void => {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
    };
    entry.answer.then(() => {
      if (this.#clock === undefined) forget();
      else entry.until = this.#now() + HOLD_MS;
    }, forget);
    return entry.answer;
  }

  #now(): number {
    return this.#clock?.monotonic() ?? 0;
  }

  #forgetOldest(): void {
    if (this.#entries.size <= MAX_ENTRIES) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
