/** Edit distance, which VoxEngine offers as `levenshtein_distance`, and "did you mean" on top of it. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The known name that a misspelled one is closest to, if it is close at all. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const one of known) {
    const far = distance(name.toLowerCase(), one.toLowerCase());
    if (far < bestDistance) [best, bestDistance] = [one, far];
  }
  // `Error` is no slip of the fingers for `ASRError`, but what is left of it.
  const part = name.toLowerCase();
  return best ?? (name.length < 4 ? undefined : known.find((one) => one.toLowerCase().includes(part)));
}
