/**
 * The part of a test's sandbox image that tells which members of the API scripts use, and the file that it is told to.
 * `run-coverage.ts` gives the folder when a whole run begins and reads it when the run ends; without it nothing is written.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readModule } from '../../sandbox/api-modules.ts';
import type { Instrument } from '../../sandbox/image.ts';
import { NAMES } from './names.ts';

/** Where a run collects what its files used, from `run-coverage.ts`; one file for each process. */
const folder = process.env.MASKLINE_API_COVERAGE_FOLDER;
/** Tests may put their own in its place. */
const { setImmediate } = globalThis;

/** Files of tests share a process, and this module; what each of them uses is told once. */
let file: string | undefined;
let told = new Set<string>();
let waiting: string[] = [];

function report(line: string): void {
  if (folder === undefined || line.includes('\n')) return;
  const now = expect.getState().testPath;
  if (now !== file && now !== undefined) {
    file = now;
    told = new Set();
    add(`# ${now}`);
  }
  if (told.has(line)) return;
  told.add(line);
  add(line);
}

function add(line: string): void {
  if (waiting.push(line) === 1) setImmediate(flush);
}

function flush(): void {
  if (folder !== undefined) appendFileSync(join(folder, `${process.pid}.txt`), `${waiting.join('\n')}\n`);
  waiting = [];
}

export const INSTRUMENT: Instrument = {
  entry: './observe.ts',
  modules: new Map([
    ['maskline:observe', readModule(new URL('observe.ts', import.meta.url))],
    ['maskline:names', `export const NAMES = ${JSON.stringify(NAMES)};`],
  ]),
  report,
};
