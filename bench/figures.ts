/** What a benchmark hands back, and the words for it: one shape for all, so that one table can show them. */

/** What a figure should reach on a machine with two cores. */
export interface Aim {
  readonly at: 'most' | 'least';
  readonly value: number;
}

export interface Figure {
  /** Unique over all benchmarks: what a later run is compared by. */
  readonly id: string;
  readonly what: string;
  readonly measured: number;
  readonly unit: string;
  /** Absent: the figure stands beside the aims, for comparison. */
  readonly aim?: Aim;
  /** Why the figure says nothing this time, although it was taken: then it neither meets nor misses its aim. */
  readonly inconclusive?: string;
  /** Where an aim is missed, why, as far as it was measured; otherwise what the reader should know. */
  readonly note?: string;
}

export interface BenchResult {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** One line: what a reader must not take the figures for. */
  readonly leavesOut: string;
  /** What stands beside it for comparison, or why nothing does. */
  readonly peer: string;
  /** Everything that was measured, for later questions. */
  readonly details: unknown;
}

export interface BenchOptions {
  /** Folder for CPU profiles of the server; absent: none are taken. */
  readonly profiles?: string;
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** What it takes is not on this machine; the message says how to get it. Not a failure. */
export class BenchSkipped extends Error {}

export function isMet(figure: Figure): boolean | undefined {
  const { aim, measured } = figure;
  if (aim === undefined || figure.inconclusive !== undefined) return undefined;
  return aim.at === 'most' ? measured <= aim.value : measured >= aim.value;
}

/** `met`, by how much it was missed, or why that cannot be said; empty where there is no aim. */
export function verdict(figure: Figure): string {
  if (figure.inconclusive !== undefined) return `not conclusive: ${figure.inconclusive}`;
  const met = isMet(figure);
  if (met === undefined || figure.aim === undefined) return '';
  if (met) return 'met';
  const { measured, aim } = figure;
  const off = aim.at === 'most' ? measured / aim.value - 1 : 1 - measured / aim.value;
  return `**missed by ${Math.round(off * 100)} %**`;
}

export function formatAim(aim: Aim | undefined, unit: string): string {
  if (aim === undefined) return '';
  return `${aim.at === 'most' ? '≤' : '≥'} ${formatNumber(aim.value)} ${unit}`;
}

/** Three significant digits are what measuring on a shared machine can honestly claim. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US').replaceAll(',', ' ');
}

/** The share-th of the values (0…1), by nearest rank; NaN of none. */
export function percentile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
