import type { Tally } from './tally.ts';

export interface Result extends Tally {
  readonly machine: string;
  readonly seed: number;
  readonly jobs: number;
  readonly only: string;
  readonly seconds: number;
}

/** The page for people that stands beside the JSON. */
export function report(result: Result): string {
  const { machine, seed, runs, jobs, seconds, failures, hash } = result;
  const kinds = Object.entries(result.kinds).sort(([a], [b]) => (a < b ? -1 : 1));
  const counts = Object.entries(result.counts).sort(([, a], [, b]) => b.runs - a.runs);
  return `${[
    '# Simulation',
    '',
    `\`script/simulate --seed ${seed} --runs ${runs}\`: **${runs - failures.length} of ${runs} runs kept every rule** of`,
    '`test/simulation/README.md`.',
    '',
    `| | |`,
    `| --- | --- |`,
    `| machine | ${machine} |`,
    `| seeds | ${seed} to ${seed + runs - 1} |`,
    `| time | ${seconds} s with ${jobs} jobs, ${(runs / Math.max(1, seconds)).toFixed(0)} runs a second |`,
    `| hash of everything that was sent | \`${hash}\` |`,
    '',
    ...failures.slice(0, 50).map((one) => `* seed ${one.seed}: ${one.violations.join('; ')}`),
    ...(failures.length === 0 ? [] : ['']),
    '## What the runs were mainly about',
    '',
    '| kind | runs |',
    '| --- | ---: |',
    ...kinds.map(([kind, count]) => `| ${kind} | ${count} |`),
    '',
    '## What happened in them',
    '',
    '| what | times | in so many runs |',
    '| --- | ---: | ---: |',
    ...counts.map(([what, count]) => `| ${what} | ${count.total} | ${count.runs} |`),
    '',
  ].join('\n')}`;
}
