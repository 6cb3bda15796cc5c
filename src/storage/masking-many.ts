/** Leaves connections to others: a node has eight. */
const AT_ONCE = 4;

/**
 * Does many things, several at once, each after those before it that it shares a name with: so that each comes out as if
 * they had been done one after the other.
 *
 * @param names of each item, in the same order: what two items must not touch at once.
 * @returns in the order of the items. Rejects with the first failure, when all that had begun have ended.
 */
export async function inOrder<T, R>(
  items: readonly T[],
  names: readonly (readonly string[])[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const waitFor = predecessors(names);
  const done: Promise<void>[] = [];
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const at = next++;
      const running = (async () => {
        // They are earlier, so that others have begun them, and wait for none that is later.
        await Promise.all((waitFor[at] ?? []).map((one) => done[one]));
        if (failures.length === 0) results[at] = await work(items[at] as T);
      })().catch((error: unknown) => {
        failures.push(error);
      });
      done[at] = running;
      await running;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** For each item, the last one before it under each of its names. */
function predecessors(names: readonly (readonly string[])[]): readonly (readonly number[])[] {
  const last = new Map<string, number>();
  return names.map((own, at) => {
    const before = own.flatMap((name) => last.get(name) ?? []);
    for (const name of own) last.set(name, at);
    return [...new Set(before)];
  });
}

/**
 * Splits many things into batches that are done one after the other, each at once: of one key, none sharing a name with
 * another one, and each after those before it that it shares a name with.
 *
 * @param names of each item, in the same order. @param keys of each item. @param most items of a batch.
 * @returns positions of items.
 */
export function batchesOf(
  names: readonly (readonly string[])[],
  keys: readonly (string | undefined)[],
  most: number,
): readonly (readonly number[])[] {
  const batches: number[][] = [];
  let pending = [...names.keys()];
  while (pending[0] !== undefined) {
    const key = keys[pending[0]];
    const batch: number[] = [];
    const later: number[] = [];
    const seen = new Set<string>();
    for (const at of pending) {
      const own = names[at] ?? [];
      const fits = batch.length < most && keys[at] === key && !own.some((name) => seen.has(name));
      (fits ? batch : later).push(at);
      // Who waits is before whoever shares a name with them, too.
      for (const name of own) seen.add(name);
    }
    batches.push(batch);
    pending = later;
  }
  return batches;
}
