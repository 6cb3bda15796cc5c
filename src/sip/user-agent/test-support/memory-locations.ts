/** A `LocationStore` in memory, for the tests. Copies what it holds, as a database would. */
import type { Binding, LocationStore } from '../types.ts';

export class MemoryLocations implements LocationStore {
  readonly #bindings = new Map<string, Binding>();

  async list(userId: string): Promise<readonly Binding[]> {
    return [...this.#bindings.values()].filter((binding) => binding.userId === userId);
  }

  async put(binding: Binding): Promise<void> {
    this.#bindings.set(`${binding.userId} ${binding.contact}`, { ...binding });
  }

  async remove(userId: string, contact?: string): Promise<void> {
    for (const [key, binding] of this.#bindings) {
      if (binding.userId !== userId || (contact !== undefined && binding.contact !== contact)) continue;
      this.#bindings.delete(key);
    }
  }
}
