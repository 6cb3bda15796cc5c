import { toTag } from '../message/fields.ts';
import { mergeKey } from './matching.ts';
import type { ServerTransaction } from './types.ts';

/** Server transactions outside dialogs, by what merged requests have in common (RFC 3261 §8.2.2.2; PITFALLS row 6). */
export class OpenRequests {
  readonly #byKey = new Map<string, Set<ServerTransaction>>();

  get size(): number {
    return this.#byKey.size;
  }

  add(transaction: ServerTransaction): void {
    if (toTag(transaction.request) !== undefined) return;
    const key = mergeKey(transaction.request);
    const same = this.#byKey.get(key) ?? new Set();
    same.add(transaction);
    this.#byKey.set(key, same);
  }

  remove(transaction: ServerTransaction): void {
    const key = mergeKey(transaction.request);
    const same = this.#byKey.get(key);
    same?.delete(transaction);
    if (same?.size === 0) this.#byKey.delete(key);
  }

  /** Whether another one like it is still open; one that has ended merges with nothing. */
  isMerged(transaction: ServerTransaction): boolean {
    if (toTag(transaction.request) !== undefined) return false;
    for (const other of this.#byKey.get(mergeKey(transaction.request)) ?? [])
      if (other !== transaction && other.open) return true;
    return false;
  }
}
