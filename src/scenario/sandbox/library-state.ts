/**
 * What objects refer to, all the way down: to tell whether a session left anything in the JavaScript objects of the
 * libraries around a WebAssembly instance (handles, host functions, call-backs). Pure; knows nothing of their fields.
 */

/** Everything reachable from `roots` through fields, maps, sets and arrays, in a fixed order. Functions end a path. */
export function reachableFrom(roots: readonly object[]): readonly unknown[] {
  const found: unknown[] = [];
  const seen = new Set<object>();
  const waiting: unknown[] = [...roots];
  while (waiting.length > 0) {
    const value = waiting.pop();
    found.push(value);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Map) for (const [key, held] of value) waiting.push(key, held);
    else if (value instanceof Set) for (const held of value) waiting.push(held);
    // Where a field begins counts, too: a value that moved from one field to another is a difference.
    else for (const key of Object.keys(value)) waiting.push(key, Reflect.get(value, key));
    found.push(seen.size);
  }
  return found;
}

/** Same values in the same places. */
export function isSameState(before: readonly unknown[], now: readonly unknown[]): boolean {
  return before.length === now.length && before.every((value, index) => Object.is(value, now[index]));
}
