import { createHash } from 'node:crypto';
import type { Kind } from './plan.ts';
import type { Outcome } from './run.ts';

/** A run that went wrong. */
export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
}

/** What a batch of runs came to. Plain data: it crosses threads. */
export interface Tally {
  readonly first: number;
  readonly runs: number;
  readonly failures: Failure[];
  readonly kinds: Record<string, number>;
  /** What → how often, and in how many runs. */
  readonly counts: Record<string, { total: number; runs: number }>;
  /** Of the hashes of all runs of the batch, in the order of their seeds. */
  hash: string;
}

export function emptyTally(first: number): Tally {
  return { first, runs: 0, failures: [], kinds: {}, counts: {}, hash: '' };
}

/** Collects outcomes in the order of their seeds. */
export class TallyMaker {
  readonly #tally: Tally & { runs: number };
  readonly #hash = createHash('sha256');

  constructor(first: number) {
    this.#tally = emptyTally(first);
  }

  add({ seed, kind, violations, hash, counts }: Outcome): void {
    const tally = this.#tally;
    tally.runs += 1;
    tally.kinds[kind] = (tally.kinds[kind] ?? 0) + 1;
    for (const [what, total] of counts) addCount(tally.counts, what, { total, runs: 1 });
    if (violations.length > 0) tally.failures.push({ seed, violations });
    this.#hash.update(hash);
  }

  finish(): Tally {
    this.#tally.hash = this.#hash.digest('hex');
    return this.#tally;
  }
}

/** Batches together; their hashes go in the order of their first seeds, so that the number of jobs changes nothing. */
export function mergeTallies(batches: readonly Tally[]): Tally {
  const sorted = [...batches].sort((a, b) => a.first - b.first);
  const merged = emptyTally(sorted[0]?.first ?? 0) as Tally & { runs: number };
  const hash = createHash('sha256');
  for (const batch of sorted) {
    merged.runs += batch.runs;
    merged.failures.push(...batch.failures);
    for (const [kind, runs] of Object.entries(batch.kinds))
      merged.kinds[kind] = (merged.kinds[kind] ?? 0) + runs;
    for (const [what, count] of Object.entries(batch.counts)) addCount(merged.counts, what, count);
    hash.update(batch.hash);
  }
  merged.hash = hash.digest('hex');
  return merged;
}

function addCount(counts: Tally['counts'], what: string, more: { total: number; runs: number }): void {
  counts[what] ??= { total: 0, runs: 0 };
  counts[what].total += more.total;
  counts[what].runs += more.runs;
}

export type { Kind };
