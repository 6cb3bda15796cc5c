import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A TypeScript file of `src`, with its path from there, such as `sip/message/parse.ts`. */
export interface SourceFile {
  readonly path: string;
  /** As it is. */
  readonly text: string;
  /** Without comments, so that words in them count for nothing. Line numbers are kept. */
  readonly code: string;
}

export interface Import {
  readonly from: string;
  /** Path from `src`; undefined for packages. */
  readonly target: string | undefined;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** All files that are shipped: neither tests nor their helpers. */
export function shippedFiles(): SourceFile[] {
  return filesUnder(join(ROOT, 'src'))
    .map((path) => relative(join(ROOT, 'src'), path).split(sep).join('/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('test-support/'))
    .map((path) => {
      const text = readFileSync(join(ROOT, 'src', path), 'utf8');
      return { path, text, code: withoutComments(text) };
    });
}

/** Static and dynamic imports, re-exports, type imports, and files that a worker is started from. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const target = specifier.startsWith('.') ? normalize(join(dirname(file.path), specifier)) : undefined;
    found.push({ from: file.path, target, specifier, typeOnly });
  };
  // The formatter puts every import and export at the start of a line.
  for (const match of file.code.matchAll(/^(import|export)\s([^;'"]*?)\bfrom\s+['"]([^'"]+)['"]/gm)) {
    add(match[3]!, isTypeOnly(match[2]!));
  }
  for (const match of file.code.matchAll(/^import\s+['"]([^'"]+)['"]/gm)) add(match[1]!, false);
  for (const match of file.code.matchAll(/(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]/g)) {
    add(match[2]!, match[1] !== undefined);
  }
  for (const match of file.code.matchAll(/new URL\(\s*['"](\.[^'"]+\.ts)['"]/g)) add(match[1]!, false);
  return found;
}

/** `import type { … }`, or braces in which every name says `type`. */
function isTypeOnly(clause: string): boolean {
  if (/^type\s/.test(clause)) return true;
  const names = /^\{([^}]*)\}\s*$/.exec(clause.trim())?.[1];
  if (names === undefined) return false;
  const each = names.split(',').map((name) => name.trim());
  return each.filter((name) => name !== '').every((name) => name.startsWith('type '));
}

/** Blanks comments that stand on lines of their own or after code and two spaces; strings with `//` stay. */
function withoutComments(text: string): string {
  return text
    .replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;{},])\/\/ .*$/gm, '$1');
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
