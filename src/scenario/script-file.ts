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

/** Scripts in TypeScript that were stripped last, by their text: a rule's scripts are the same for every call. */
const stripped = new Map<string, string>();
const REMEMBERED = 32;

/**
 * Stored scripts as the sandbox takes them: one in TypeScript is known by its name. What cannot be stripped is left as it
 * is, and the sandbox names the line.
 */
export function plainScripts(scripts: readonly ScenarioSource[]): readonly ScenarioSource[] {
  if (!scripts.some(({ name }) => name.endsWith('.ts'))) return scripts;
  return scripts.map(({ name, source }) => ({
    name,
    source: name.endsWith('.ts') ? remembered(source) : source,
  }));
}

function remembered(source: string): string {
  const known = stripped.get(source);
  if (known !== undefined) return known;
  const [oldest] = stripped.keys();
  if (stripped.size >= REMEMBERED && oldest !== undefined) stripped.delete(oldest);
  let plain = source;
  try {
    plain = plainScript('.ts', source);
  } catch {
    // Enums, namespaces, or a mistake.
  }
  stripped.set(source, plain);
  return plain;
}
