/** Scenario files. Those in TypeScript have their types stripped first: blanks take their place, so that lines and columns stay. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename } from 'node:path';
import type { ScenarioSource } from '../call/types.ts';

/** Reads a script. Throws what the file system says, and a SyntaxError for TypeScript that cannot be stripped (enums, namespaces). */
export function readScript(path: string): ScenarioSource {
  return { name: basename(path), source: plainScript(path, readFileSync(path, 'utf8')) };
}

/** The script as the sandbox takes it: JavaScript. */
export function plainScript(path: string, source: string): string {
  return path.endsWith('.ts') ? stripTypeScriptTypes(source, { mode: 'strip' }) : source;
}
