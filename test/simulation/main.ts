/** `script/simulate`: plays runs by seed, tells what happened, and shows the ladder of the first that went wrong. */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { runBatches } from './batches.ts';
import { drawPlan } from './draw-plan.ts';
import { ladder } from './ladder.ts';
import { KINDS, type Kind } from './plan.ts';
import { report } from './report.ts';
import { play } from './run.ts';
import { shrink } from './shrink.ts';
import { mergeTallies, type Tally } from './tally.ts';

const USAGE = `script/simulate [--seed N] [--runs N] [--jobs N] [--only KIND] [--show] [--shrink] [--json FILE] [--report FILE]
  --seed N     first seed; default 1
  --runs N     how many seeds from there; default 20000
  --jobs N     threads; default: as many as there are cores
  --only KIND  what every run is mainly about: ${KINDS.join(', ')}
  --show       prints the ladder of the seed, also when all is well
  --shrink     leaves out of a failing run what it can do without
  --json FILE  results as JSON
  --report FILE  results as Markdown`;

/** So many failing seeds are listed; the ladder is that of the first. */
const LISTED = 20;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
    json: { type: 'string' },
    report: { type: 'string' },
    show: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) fail(`--${name} is a whole number from 1.`);
  return value;
}

function fail(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function kindOf(text: string | undefined): Kind | undefined {
  if (text === undefined) return undefined;
  const kind = KINDS.find((known) => known === text);
  return kind ?? fail(`There is no kind ${text}.`);
}

if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const seed = number('seed', values.seed);
const runs = number('runs', values.runs ?? (values.show ? '1' : '20000'));
const jobs = number('jobs', values.jobs);
const only = kindOf(values.only);

if (values.show) {
  const { world, outcome } = await play(drawPlan(seed, only));
  console.log(`${JSON.stringify(world.plan, undefined, 1)}\n${ladder(world)}\n`);
  console.log(Object.fromEntries(outcome.counts), outcome.hash, outcome.violations);
  process.exit(outcome.violations.length === 0 ? 0 : 1);
}

const began = performance.now();
let done = 0;
const onBatch = (batch: Tally): void => {
  done += batch.runs;
  if (process.stderr.isTTY === true) process.stderr.write(`\r${done} of ${runs}`);
};
const tally = mergeTallies(await runBatches({ seed, runs, jobs, only, onBatch }));
const seconds = (performance.now() - began) / 1000;
if (process.stderr.isTTY === true) process.stderr.write('\r');
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
const result = { machine, seed, jobs, only: only ?? 'all', seconds: Math.round(seconds), ...tally };
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
if (values.report !== undefined) writeFileSync(values.report, report(result));
const speed = (runs / seconds).toFixed(0);
console.log(
  `${runs} runs from seed ${seed} in ${seconds.toFixed(1)} s (${speed} a second, ${jobs} jobs): ${tally.failures.length} failed`,
);
console.log(`hash ${tally.hash}`);

if (tally.failures.length > 0) {
  const option = only === undefined ? '' : ` --only ${only}`;
  for (const failure of tally.failures.slice(0, LISTED)) {
    console.log(
      `script/simulate --seed ${failure.seed} --show${option}\n    ${failure.violations.join('\n    ')}`,
    );
  }
  const plan = drawPlan(tally.failures[0]?.seed ?? seed, only);
  const shown = values.shrink ? await shrink(plan) : plan;
  const { world } = await play(shown);
  console.log(
    `\nThe ladder of seed ${plan.seed}${values.shrink ? ', without what it can do without' : ''}:\n`,
  );
  if (values.shrink) console.log(JSON.stringify(shown, undefined, 1));
  console.log(ladder(world));
  process.exit(1);
}
