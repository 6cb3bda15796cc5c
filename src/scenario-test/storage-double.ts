import type { Clock } from '../kernel/clock.ts';
import type { KeyValueStore, StoredValue } from '../scenario/ports.ts';

const DAY_SECONDS = 86_400;

/** `ApplicationStorage` in memory, for the length of a flow. The test may put things there, and look. */
export class StorageDouble implements KeyValueStore {
  readonly #values = new Map<string, StoredValue>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is there now, by key. */
  get values(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.#values.keys()].flatMap((key) => this.#live(key)).map(({ key, value }) => [key, value]),
    );
  }
  set(key: string, value: string, ttlSeconds = 30 * DAY_SECONDS): void {
    this.#values.set(key, { key, value, expiresAt: this.#clock.now() + ttlSeconds * 1000 });
  }

  get(_application: string, key: string): Promise<StoredValue | undefined> {
    return Promise.resolve(this.#live(key)[0]);
  }
  put(
    _application: string,
    key: string,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<StoredValue> {
    this.set(key, value, Math.min(ttlSeconds ?? 30 * DAY_SECONDS, 90 * DAY_SECONDS));
    return Promise.resolve(this.#values.get(key) as StoredValue);
  }
  remove(_application: string, key: string): Promise<StoredValue | undefined> {
    const [was] = this.#live(key);
    this.#values.delete(key);
    return Promise.resolve(was);
  }
  list(
    _application: string,
    {
      namespace,
      limit,
      offset,
    }: { readonly namespace?: string; readonly limit: number; readonly offset: number },
  ): Promise<{ readonly items: readonly StoredValue[]; readonly total: number }> {
    const isIn = (key: string): boolean => namespace === undefined || key.split(':')[0] === namespace;
    const all = [...this.#values.keys()]
      .filter(isIn)
      .sort()
      .flatMap((key) => this.#live(key));
    return Promise.resolve({ items: all.slice(offset, offset + limit), total: all.length });
  }

  #live(key: string): readonly StoredValue[] {
    const found = this.#values.get(key);
    return found === undefined || found.expiresAt <= this.#clock.now() ? [] : [found];
  }
}
