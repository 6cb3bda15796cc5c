import { parseArgs } from 'node:util';
import { findTests } from '../../scenario-test/find-tests.ts';
import { runTests, type TestResult } from '../../scenario-test/runner.ts';
import { UsageError } from '../usage-error.ts';

const USAGE = `maskline scenario test [FILE|FOLDER …] [--filter TEXT] [--repeat N] [--json]

  FILE|FOLDER  default: this folder; of a folder, all *.test.ts and *.test.js that import maskline/scenario-test
  --filter     only tests whose names have this piece
  --repeat     each test so many times
  --json       results as one JSON document, instead of lines

The exit status is 1 when a test failed, 2 when there is none. docs/guide/test-a-scenario.md shows what a test looks like.
`;

const OPTIONS = {
  filter: { type: 'string' },
  repeat: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** `maskline scenario test`. Resolves with the exit status. */
export async function testCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const repeat = Number(values.repeat);
  if (!Number.isInteger(repeat) || repeat < 1)
    throw new UsageError(`--repeat ${values.repeat}`, 'A whole number from 1.');
  const files = findTests(positionals.length === 0 ? ['.'] : positionals);
  const results: TestResult[] = [];
  const began = performance.now();
  await runTests(files, {
    filter: values.filter,
    repeat,
    onResult: (result) => {
      results.push(result);
      if (!values.json) print(result, results.at(-2)?.file, repeat > 1);
    },
  });
  const seconds = (performance.now() - began) / 1000;
  const count = (outcome: TestResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
  const ok = failed === 0 && passed > 0;
  if (values.json)
    console.log(JSON.stringify({ ok, passed, failed, skipped, seconds, tests: results }, null, 2));
  else if (results.length === 0)
    console.log('There is no test here. docs/guide/test-a-scenario.md shows how to write one.');
  else {
    const more = skipped === 0 ? '' : `, ${skipped} skipped`;
    console.log(`\n${passed} passed, ${failed} failed${more} (${seconds.toFixed(2)} s)`);
  }
  if (failed > 0) return 1;
  return results.length === 0 ? 2 : 0;
}

const MARKS: Readonly<Record<TestResult['outcome'], string>> = { passed: '✓', failed: '✗', skipped: '-' };

/** Repeated tests only speak when they fail. */
function print(
  { file, name, outcome, ms, error }: TestResult,
  before: string | undefined,
  brief: boolean,
): void {
  if (brief && outcome === 'passed') return;
  if (file !== before) console.log(file);
  console.log(`  ${MARKS[outcome]} ${name}${outcome === 'passed' ? ` (${Math.round(ms)} ms)` : ''}`);
  if (error !== undefined) console.log(error.replace(/^/gm, '      '));
}
