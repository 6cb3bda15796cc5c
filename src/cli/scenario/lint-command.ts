import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { plainScript } from '../../scenario/script-file.ts';
import { lintScript } from './lint/lint.ts';
import type { Problem } from './lint/script.ts';

const USAGE = `maskline scenario lint FILE … [--strict] [--json]

  --strict  warnings count as errors
  --json    problems as one JSON document, instead of lines

Prints file:line:column and what is wrong there. The exit status is 1 when there is an error.
`;

const OPTIONS = {
  strict: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** `maskline scenario lint`. Resolves with the exit status. */
export async function lintCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.help || positionals.length === 0) {
    (values.help ? console.log : console.error)(USAGE);
    return values.help ? 0 : 2;
  }
  const problems = positionals.flatMap(lintFile);
  const failed = problems.some(({ level }) => level === 'error' || values.strict);
  if (values.json) console.log(JSON.stringify({ ok: !failed, problems }, null, 2));
  else for (const problem of problems) console.log(lineOf(problem));
  return failed ? 1 : 0;
}

function lintFile(file: string): readonly Problem[] {
  const text = readFileSync(file, 'utf8');
  try {
    return lintScript(file, plainScript(file, text));
  } catch (error) {
    // TypeScript that has no plain JavaScript inside it: enums, namespaces.
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return [{ file, line: 1, column: 1, level: 'error', rule: 'syntax', message }];
  }
}

function lineOf({ file, line, column, level, rule, message }: Problem): string {
  return `${file}:${line}:${column}: ${level}: ${message} [${rule}]`;
}
