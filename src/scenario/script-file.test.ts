import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plainScripts, readScript } from './script-file.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

it('a file in TypeScript is read as JavaScript, with its lines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'maskline-script-'));
  try {
    writeFileSync(join(folder, 'taxi.ts'), 'type A = 1;\nconst a: A = 1;\n');
    expect(readScript(join(folder, 'taxi.ts'))).toEqual({
      name: 'taxi.ts',
      source: '           \nconst a    = 1;\n',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('stored scripts are told by their name; what cannot be stripped is left for the sandbox to refuse', () => {
  const script = { name: 'a', source: 'const a: number = 1' };
  expect(plainScripts([script])).toEqual([script]);
  expect(plainScripts([script, { name: 'b.ts', source: 'let b: string;' }])).toEqual([
    script,
    { name: 'b.ts', source: 'let b        ;' },
  ]);
  expect(plainScripts([{ name: 'c.ts', source: 'enum C { D }' }])).toEqual([
    { name: 'c.ts', source: 'enum C { D }' },
  ]);
});

it('a session runs them; a mistake is named with its line', async () => {
  const kit = await SessionKit.create();
  const taxi = {
    ...route(''),
    scenarios: [
      { name: 'taxi.ts', source: 'const n: number = 7;\nLogger.write(String(n));\nVoxEngine.terminate();' },
    ],
  };
  await kit.service.start({ route: taxi, customData: '', inbound: undefined });
  const wrong = { ...taxi, scenarios: [{ name: 'wrong.ts', source: 'const n = 7;\nconst m: = 8;' }] };
  await kit.service.start({ route: wrong, customData: '', inbound: undefined });
  await turns();
  await kit.advance(10_000);
  expect(kit.logs).toContain('7');
  expect(kit.ended).toContainEqual(
    expect.objectContaining({ error: expect.objectContaining({ scenario: 'wrong.ts', line: 2 }) as unknown }),
  );
  kit.expectNothingLeft();
});
