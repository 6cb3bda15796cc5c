import type { Flow } from '../transport/types.ts';

/** What the layer does with every transaction, of whichever figure. */
export interface LiveTransaction {
  readonly flow: Flow;
  /** Somebody owes the other a final response or its ACK. */
  readonly isUnfinished: boolean;
  flowClosed(): void;
  close(): void;
}

/** Transactions by their matching key, and by their flow, so that a flow's end reaches all of its own at once (row 25). */
export class LiveTransactions<T extends LiveTransaction> {
  readonly #byKey = new Map<string, T>();
  readonly #byFlow = new Map<string, Set<T>>();

  get size(): number {
    return this.#byKey.size;
  }

  /** Flows that have transactions; none may be kept once they have not. */
  get flows(): number {
    return this.#byFlow.size;
  }

  /** Those that a stop should wait for, a while. */
  get unfinished(): number {
    return [...this.#byKey.values()].filter(({ isUnfinished }) => isUnfinished).length;
  }

  find(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  add(key: string, transaction: T): void {
    this.#byKey.set(key, transaction);
    const onFlow = this.#byFlow.get(transaction.flow.id) ?? new Set();
    onFlow.add(transaction);
    this.#byFlow.set(transaction.flow.id, onFlow);
  }

  remove(key: string): void {
    const transaction = this.#byKey.get(key);
    if (transaction === undefined) return;
    this.#byKey.delete(key);
    const onFlow = this.#byFlow.get(transaction.flow.id);
    onFlow?.delete(transaction);
    if (onFlow?.size === 0) this.#byFlow.delete(transaction.flow.id);
  }

  flowClosed(flow: Flow): void {
    for (const transaction of [...(this.#byFlow.get(flow.id) ?? [])]) transaction.flowClosed();
  }

  closeAll(): void {
    for (const transaction of [...this.#byKey.values()]) transaction.close();
  }
}
