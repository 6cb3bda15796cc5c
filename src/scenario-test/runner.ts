/**
 * Runs test files of scenarios without vitest, in this process: a flow waits for no time, so there is nothing to gain
 * from processes side by side. Whatever folder a test stands in, `maskline/scenario-test` is this one.
 */
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Registered, takeTests } from './test.ts';

export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Real milliseconds. */
  readonly ms: number;
  /** What is wrong, with the ladders of its flows. */
  readonly error: string | undefined;
}

export interface RunOptions {
  /** Only tests whose names have this piece. */
  readonly filter?: string | undefined;
  /** Each test so many times. */
  readonly repeat?: number;
  readonly onResult: (result: TestResult) => void;
}

const OURS = new URL('./index.ts', import.meta.url).href;

export async function runTests(files: readonly string[], options: RunOptions): Promise<void> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'maskline/scenario-test'
        ? { url: OURS, format: 'module-typescript', shortCircuit: true }
        : next(specifier, context),
  });
  try {
    for (const file of files) await runFile(file, options);
  } finally {
    hooks.deregister();
  }
}

async function runFile(file: string, { filter, repeat = 1, onResult }: RunOptions): Promise<void> {
  takeTests();
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    onResult({ file, name: '(the file itself)', outcome: 'failed', ms: 0, error: textOf(error) });
    return;
  }
  const tests = takeTests();
  const only = tests.some(({ kind }) => kind === 'only');
  for (const test of tests) {
    const { name, kind } = test;
    if (filter !== undefined && !name.includes(filter)) continue;
    if (kind === 'skip' || (only && kind !== 'only'))
      onResult({ file, name, outcome: 'skipped', ms: 0, error: undefined });
    else for (let round = 0; round < repeat; round++) onResult(await runOne(file, test));
  }
}

async function runOne(file: string, { name, run }: Registered): Promise<TestResult> {
  const began = performance.now();
  const error = await run().then(
    () => undefined,
    (thrown: unknown) => textOf(thrown),
  );
  const outcome = error === undefined ? 'passed' : 'failed';
  return { file, name, outcome, ms: performance.now() - began, error };
}

/** The sentence, the ladder, and the lines of the test; not the way through our own files. */
function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = new URL('.', import.meta.url).href;
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const outside = frames.filter((line) => !line.includes(own) && !/\(?node:/.test(line));
  return [`${thrown.name}: ${thrown.message}`, ...outside.slice(0, 5)].join('\n');
}
