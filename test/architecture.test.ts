import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, ROOT, type SourceFile, shippedFiles } from './kit/source-files.ts';

const files = shippedFiles();
const imports = files.flatMap(importsOf);
const table = readTable(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8'));

/** folder (or top-level file without `.ts`) → what it may import, or everything. */
type Table = ReadonlyMap<string, ReadonlySet<string> | 'everything'>;

function readTable(markdown: string): Table {
  const rows = new Map<string, ReadonlySet<string> | 'everything'>();
  const start = markdown.indexOf('## What may import what');
  const section = markdown.slice(start, markdown.indexOf('\n## ', start + 1));
  const allowed = (text: string): ReadonlySet<string> | 'everything' =>
    text.includes('everything') ? 'everything' : new Set([...text.matchAll(/`([^`]+)`/g)].map((m) => m[1]!));
  for (const row of section.matchAll(/^\|([^|]+)\|([^|]*)\|$/gm)) {
    for (const name of row[1]!.matchAll(/`([^`]+)`/g)) rows.set(name[1]!, allowed(row[2]!));
  }
  for (const sentence of section.matchAll(/`src\/([\w-]+)\.ts` imports ([^.]+)\./g)) {
    rows.set(sentence[1]!, allowed(sentence[2]!));
  }
  return rows;
}

/** The row of the table that a file belongs to: its deepest folder that has one; `config.ts` belongs to `config`. */
function rowOf(path: string): string | undefined {
  const parts = path.replace(/\.ts$/, '').split('/');
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join('/');
    if (table.has(name)) return name;
  }
  return undefined;
}

const describeImport = (one: Import): string => `src/${one.from} imports src/${one.target}`;
const inside = imports.filter((one) => one.target !== undefined);

describe('the import table of ARCHITECTURE.md', () => {
  test('is there, and names folders that exist or will', () => {
    expect(table.size).toBeGreaterThan(15);
    expect(table.get('kernel')).toEqual(new Set());
    expect(table.get('main')).toBe('everything');
    expect(inside.length).toBeGreaterThan(100);
  });

  test('has a row for every file', () => {
    const homeless = files.filter((file) => rowOf(file.path) === undefined).map((file) => file.path);
    expect(homeless).toEqual([]);
  });

  test('is kept by every import, types and dynamic ones included', () => {
    const wrong = inside.filter((one) => {
      const [from, to] = [rowOf(one.from), rowOf(one.target!)];
      if (from === undefined || to === undefined || from === to) return false;
      const allowed = table.get(from)!;
      return allowed !== 'everything' && !allowed.has(to);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test('storage and http take types, ports.ts and types.ts of other folders, and nothing else', () => {
    const wrong = inside.filter((one) => {
      const [from, to] = [rowOf(one.from), rowOf(one.target!)];
      if (from !== 'storage' && from !== 'http') return false;
      return to !== from && to !== 'kernel' && !one.typeOnly && !/(^|\/)(ports|types)\.ts$/.test(one.target!);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test('imports name files that exist', () => {
    const missing = inside.filter((one) => !existsSync(join(ROOT, 'src', one.target!)));
    expect(missing.map(describeImport)).toEqual([]);
  });
});

test('no file imports itself by a detour, types included', () => {
  expect(cycles(inside)).toEqual([]);
});

/** Cycles as readable paths; depth-first, each reported once. */
function cycles(edges: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, target } of edges) next.set(from, [...(next.get(from) ?? []), target!]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  return found;
}

test('no file is longer than 400 lines', () => {
  const long = files.filter((file) => file.text.split('\n').length > 400).map((file) => file.path);
  expect(long).toEqual([]);
});

test('each folder of the table opens with a README.md', () => {
  const folders = [...table.keys()].filter((name) => files.some((file) => file.path.startsWith(`${name}/`)));
  const without = folders.filter((name) => !existsSync(join(ROOT, 'src', name, 'README.md')));
  expect(without).toEqual([]);
});

describe('time and dice are handed in', () => {
  const pure = ['sip/', 'call/', 'sdp/', 'masking/', 'privacy/', 'phone/'];
  const forbidden: Record<string, RegExp> = {
    'the wall clock': /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/,
    // With a dot before it, it is the handed-in clock's, or the idle time-out of a real socket.
    'timers of its own': /(?<![.\w#])(setTimeout|setInterval|setImmediate)\s*\(/,
    'dice of its own': /\bMath\.random\b|\brandomBytes\b|\brandomInt\b|\brandomUUID\b|\bgetRandomValues\b/,
    'timers of Node': /node:timers/,
  };
  for (const [what, pattern] of Object.entries(forbidden)) {
    test(`${pure.join(', ')} use no ${what}`, () => {
      const users = files
        .filter((file) => pure.some((folder) => file.path.startsWith(folder)))
        .flatMap((file) => linesWith(file, pattern));
      expect(users).toEqual([]);
    });
  }
});

function linesWith(file: SourceFile, pattern: RegExp): string[] {
  return file.code
    .split('\n')
    .flatMap((line, i) => (pattern.test(line) ? [`src/${file.path}:${i + 1}: ${line.trim()}`] : []));
}
