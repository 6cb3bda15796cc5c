/** Judges scripts without running them. It speaks up where it is certain: what it cannot follow, it lets pass. */
import { checkCalls } from './calls.ts';
import { Facts } from './facts.ts';
import { checkHandlers } from './handlers.ts';
import { Kinds } from './kinds.ts';
import { checkMembers } from './members.ts';
import { type Problem, Script } from './script.ts';

let facts: Facts | undefined;

/** What is wrong with a script, in the order of its lines. TypeScript has lost its types before. */
export function lintScript(path: string, text: string): readonly Problem[] {
  facts ??= new Facts();
  let script: Script;
  try {
    script = new Script(path, text);
  } catch (error) {
    return [syntaxProblem(path, error)];
  }
  const kinds = new Kinds(script, facts);
  checkMembers(script, facts, kinds);
  checkHandlers(script, facts, kinds);
  checkCalls(script, facts, kinds);
  return script.problems.sort((a, b) => a.line - b.line || a.column - b.column || rank(a) - rank(b));
}

function syntaxProblem(file: string, error: unknown): Problem {
  const { loc, message } = error as {
    readonly loc?: { line: number; column: number };
    readonly message: string;
  };
  const { line = 1, column = 0 } = loc ?? {};
  const text = message.replace(/ \(\d+:\d+\)$/, '');
  return { file, line, column: column + 1, level: 'error', rule: 'syntax', message: text };
}

const rank = ({ level }: Problem): number => (level === 'error' ? 0 : 1);
