/**
 * The part of a test's sandbox image that tells which members of the API scripts use, and the file that it is told to.
 * `run-coverage.ts` gives the folder when a whole run begins and reads it when the run ends; without it nothing is
 * written.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { readModule } from '../../sandbox/api-modules.ts';
import type { Instrument } from '../../sandbox/image.ts';
import { NAMES } from './names.ts';

/** Where a run collects what its files used, from `run-coverage.ts`; one file for each process. */
const folder = process.env.MASKLINE_API_COVERAGE_FOLDER;

const waiting = new Set<string>();
const written = new Set<string>();

export const INSTRUMENT: Instrument = {
  entry: './observe.ts',
  modules: new Map([
    ['maskline:observe', readModule(new URL('observe.ts', import.meta.url))],
    ['maskline:names', `export const NAMES = ${JSON.stringify(NAMES)};`],
  ]),
  report: (line) => {
    if (!written.has(line)) waiting.add(line);
  },
};

if (folder !== undefined) {
  afterAll(() => {
    const file = expect.getState().testPath ?? '';
    // A line that names the file comes first, also when its scripts used nothing: it ran.
    const lines = [...waiting].filter((line) => !line.includes('\n'));
    appendFileSync(join(folder, `${process.pid}.txt`), [`# ${file}`, ...lines, ''].join('\n'));
    for (const line of lines) written.add(line);
    waiting.clear();
  });
}
