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
