import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { lintCommand } from './lint-command.ts';
import { runCommand } from './run-command.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const GUIDE = readFileSync(`${ROOT}docs/guide/test-a-scenario.md`, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'maskline-guide-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Blocks that begin with a file's name are that file.
for (const [, name = '', text] of GUIDE.matchAll(/^```\w+\n(?=\/\/ ([\w.]+)\n)([\s\S]*?)^```$/gm))
  writeFileSync(join(folder, name), text ?? '');

/** The command of a console block, what it reads, and what it prints. */
function session(command: string): { input: string; output: string } {
  const block =
    [...GUIDE.matchAll(/^```console\n([\s\S]*?)^```$/gm)].find(([, text]) => text?.includes(command))?.[1] ??
    '';
  const [, input = '', output = ''] = /^\$ .*?(?: <<END\n([\s\S]*?)END)?\n([\s\S]*)$/.exec(block) ?? [];
  return { input, output };
}

async function printedBy(work: () => Promise<unknown>): Promise<string> {
  let text = '';
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => {
    text += `${line}\n`;
  });
  await work().finally(() => log.mockRestore());
  return text;
}

test('its test passes under maskline scenario test, and fails as it says', () => {
  const bad = `import { scenario, test } from 'maskline/scenario-test';
    test('unexpected', async () => {
      const anna = await scenario('./shop.js').callsIn({ from: '+447700900101', to: '+442079460123', name: 'anna' });
      await anna.presses('1');
    });`;
  writeFileSync(join(folder, 'unexpected.test.ts'), bad);
  const args = [`${ROOT}src/cli/maskline.ts`, 'scenario', 'test', folder];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stdout).toContain('3 passed, 1 failed');
  expect(status).toBe(1);
  const shown = /^```text\n([\s\S]*?)^```$/m.exec(GUIDE)?.[1] ?? '?';
  expect(stdout.replace(/^ {6}/gm, '')).toContain(shown.trimEnd());
});

test('be the phones: what is typed leads to what is shown', async () => {
  const { input, output } = session('scenario run');
  const stdin = Readable.from([input]) as unknown as NodeJS.ReadStream;
  let status: number | undefined;
  const printed = await printedBy(async () => {
    status = await runCommand([join(folder, 'shop.js')], stdin);
  });
  expect(printed).toBe(output);
  expect(status).toBe(0);
});

test('lint: what it says', async () => {
  const printed = await printedBy(() => lintCommand([join(folder, 'careless.js')]));
  expect(printed.replaceAll(`${folder}/`, '')).toBe(session('scenario lint').output);
});
