/** Results on disk: one JSON file a day and host class, and one page that shows the newest run of each benchmark. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchResult, type Figure, formatAim, formatNumber, isMet, verdict } from './figures.ts';
import { hostClass, type Machine, type Surroundings } from './machine.ts';

const FOLDER = fileURLToPath(new URL('./results/', import.meta.url));
/** With more than this many cores busy with other things, figures say more about them than about us. */
const QUIET = 0.2;
const ORDER = [
  ...['relay', 'conference', 'setup', 'session', 'compare', 'memory', 'parser', 'register', 'flood', 'soak'],
  ...['plan', 'masking-resolve', 'masking-create', 'masking-day', 'masking-replay', 'events'],
];

export interface BenchRun {
  readonly at: string;
  readonly command: string;
  readonly surroundings: Surroundings;
  readonly result: BenchResult;
}

interface Day {
  readonly machine: Machine;
  readonly runs: Record<string, BenchRun>;
}

/** A later run of the day replaces an earlier one of the same benchmark. */
export function saveRun(machine: Machine, run: BenchRun): void {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${run.at.slice(0, 10)}-${hostClass(machine)}.json`);
  const runs = existsSync(path) ? readDay(path).runs : {};
  const day: Day = { machine, runs: { ...runs, [run.result.name]: run } };
  writeFileSync(path, `${JSON.stringify(day, roundNumbers, 2)}\n`);
}

/** Four digits behind the point are more than was measured. */
function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value;
}

/** Written by `saveRun` alone. */
const readDay = (path: string): Day => JSON.parse(readFileSync(path, 'utf8')) as Day;

/** Writes `latest.md` for machines of this class; gives back its path from where we are. */
export function writeLatest(machine: Machine): string {
  const newest: Record<string, BenchRun> = {};
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(`-${hostClass(machine)}.json`));
  for (const file of files.sort()) Object.assign(newest, readDay(join(FOLDER, file)).runs);
  const runs = ORDER.flatMap((name) => newest[name] ?? []);
  const path = join(FOLDER, 'latest.md');
  writeFileSync(path, page(machine, runs));
  return relative(process.cwd(), path);
}

function page(machine: Machine, runs: readonly BenchRun[]): string {
  const { cpu, cores, memoryGigabytes, kernel, node } = machine;
  return `${[
    '# Measured',
    '',
    `Machine: ${cores} × ${cpu}, ${memoryGigabytes} GB, Linux ${kernel}, Node ${node}. Load generator on the same machine. The aims are those of the design for a 2-core machine. Written by \`script/bench\`; a figure here is what one run found, never a promise and never a test.`,
    '',
    '| figure | measured | aim | |',
    '| --- | ---: | ---: | --- |',
    ...runs.flatMap(({ result }) => result.figures.map(row)),
    ...runs.flatMap(section),
  ].join('\n')}\n`;
}

function row(figure: Figure): string {
  const { what, measured, unit, aim } = figure;
  return `| ${what} | ${formatNumber(measured)} ${unit} | ${formatAim(aim, unit)} | ${verdict(figure)} |`;
}

/**
 * `why.json`: what profiling found about missed aims, written by hand, by the beginning of a figure's id, with the day on
 * which it was true. Shown only while such a figure is missed.
 */
function reasons(figures: readonly Figure[]): string[] {
  const path = join(FOLDER, 'why.json');
  if (!existsSync(path)) return [];
  const found = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { day: string; text: string }>;
  const missed = figures.filter((figure) => isMet(figure) === false);
  return Object.entries(found)
    .filter(([id]) => missed.some((figure) => figure.id.startsWith(id)))
    .map(([, { day, text }]) => `- Why, as profiled on ${day}: ${text}`);
}

function section({ at, command, surroundings, result }: BenchRun): string[] {
  const { seconds, loadBefore, loadAfter, coresBusyWithOthers } = surroundings;
  const noted = result.figures.filter(({ note }) => note !== undefined);
  return [
    '',
    `## ${result.name}`,
    '',
    `${at.slice(0, 16).replace('T', ' ')} UTC, \`${command}\`, ${seconds} s. Load average ${loadBefore} before, ${loadAfter} after; other processes kept ${coresBusyWithOthers} cores busy meanwhile.${coresBusyWithOthers > QUIET ? ' **The machine was not quiet: latencies, and CPU to a lesser degree, are worse than its own.**' : ''}`,
    '',
    `- Leaves out: ${result.leavesOut}.`,
    `- Beside it: ${result.peer}.`,
    ...noted.map(
      (figure) => `- ${isMet(figure) === false ? 'Missed: ' : ''}${figure.what}: ${figure.note ?? ''}.`,
    ),
    ...reasons(result.figures),
  ];
}

/** To the terminal, while the rest still runs. */
export function printRun({ surroundings, result }: BenchRun): void {
  const lines = result.figures.map((figure) => {
    const said = verdict(figure).replaceAll('*', '');
    const aim = figure.aim === undefined ? '' : `   (aim ${formatAim(figure.aim, figure.unit)}: ${said})`;
    const note = figure.note === undefined ? '' : `\n      ${figure.note}`;
    return `  ${figure.what}: ${formatNumber(figure.measured)} ${figure.unit}${aim}${note}`;
  });
  const { seconds, coresBusyWithOthers } = surroundings;
  console.log(
    [`${result.name} (${seconds} s, ${coresBusyWithOthers} cores busy with other things)`, ...lines].join(
      '\n',
    ),
  );
}
