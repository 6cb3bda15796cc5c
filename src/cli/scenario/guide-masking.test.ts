/** The files of docs/guide/scripts-with-masking.md, tested and looked at as a reader would. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { lintScript } from './lint/lint.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const GUIDE = readFileSync(`${ROOT}docs/guide/scripts-with-masking.md`, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'maskline-masking-guide-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Blocks that begin with a file's name are that file.
const files = [...GUIDE.matchAll(/^```\w+\n(?=\/\/ ([\w.]+)\n)([\s\S]*?)^```$/gm)].map(
  ([, name = '', text = '']) => ({ name, text }),
);
for (const { name, text } of files) writeFileSync(join(folder, name), text);

test('its tests pass under maskline scenario test', () => {
  const args = [`${ROOT}src/cli/maskline.ts`, 'scenario', 'test', folder];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stdout).toContain('6 passed');
  expect(status).toBe(0);
});

test('its scripts have no mistake', () => {
  const scripts = files.filter(({ name }) => name.endsWith('.js'));
  expect(scripts.map(({ name }) => name)).toEqual(['short.js', 'group.js']);
  expect(scripts.flatMap(({ name, text }) => lintScript(name, text))).toEqual([]);
});

test('it names every kind of decision', () => {
  const kinds = ['connect', 'choose', 'ask-extension', 'play', 'operator', 'call-back', 'reject'];
  expect(kinds.filter((kind) => !GUIDE.includes(`| \`${kind}\` |`))).toEqual([]);
});
