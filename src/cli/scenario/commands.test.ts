import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { scenarioCommand } from './command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskline-scenario-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Exit status, and what was printed. */
async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const log = vi.spyOn(console, 'log').mockImplementation((text: string) => {
    printed.out += `${text}\n`;
  });
  const error = vi.spyOn(console, 'error').mockImplementation((text: string) => {
    printed.err += `${text}\n`;
  });
  try {
    return { status: await scenarioCommand(args), ...printed };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test('without a command, or with one that is not there: what there is', async () => {
  expect(await run()).toMatchObject({
    status: 2,
    err: expect.stringContaining('maskline scenario COMMAND') as string,
  });
  expect((await run('fly')).err).toContain('There is no command "scenario fly".');
});

test('lint: places, status, JSON, TypeScript', async () => {
  const good = file('good.ts', "VoxEngine.forwardCallToPSTN((n: string): string => n.replace('+', ''));\n");
  const careless = file(
    'careless.js',
    "VoxEngine.addEventListener(AppEvents.Started, () => { VoxEngine.callPSTN('1', '2'); VoxEngine.terminate(); });",
  );
  const bad = file('bad.ts', 'const a: number = 1;\nVoxEngine.callPTSN(a);\n');
  expect(await run('lint', good)).toEqual({ status: 0, out: '', err: '' });
  expect(await run('lint', careless)).toMatchObject({
    status: 0,
    out: expect.stringContaining('warning') as string,
  });
  expect((await run('lint', '--strict', careless)).status).toBe(1);
  const { status, out } = await run('lint', good, bad);
  expect(status).toBe(1);
  expect(out).toContain(
    `${bad}:2:11: error: VoxEngine.callPTSN does not exist: did you mean callPSTN? [unknown-member]`,
  );
  expect(JSON.parse((await run('lint', '--json', bad)).out)).toMatchObject({
    ok: false,
    problems: [
      { line: 2, rule: 'nothing-begins' },
      { line: 2, column: 11, rule: 'unknown-member' },
    ],
  });
  expect(await run('lint', file('enum.ts', 'enum A { b }'))).toMatchObject({ status: 1 });
  expect((await run('lint')).status).toBe(2);
});
