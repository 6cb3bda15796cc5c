import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSettings } from '../config/load.ts';
import { declaredDirectory } from './declared-directory.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskline-declared-'));
  await writeFile(join(folder, 'own.js'), '// own');
});
afterAll(() => rm(folder, { recursive: true }));

async function declared(application: string) {
  const settings = parseSettings(
    `applications: [{ name: taxi, numbers: ["+442079460123"], ${application} }]`,
    {},
  );
  return (await declaredDirectory(settings, folder)).applications[0];
}

describe('an application with masking', () => {
  it('has the scenario that comes with Maskline, and a rule for what no other rule takes', async () => {
    const { scenarios, rules } = (await declared(
      'masking: true, scenarios: { own: own.js }, rules: [{ name: desk, pattern: "100", scenarios: [own] }]',
    ))!;
    expect(scenarios.map(({ name }) => name).sort()).toEqual(['masking', 'own']);
    expect(scenarios.find(({ name }) => name === 'masking')?.source).toContain('Masking.resolve(call)');
    expect(rules).toMatchObject([
      { name: 'desk', pattern: '100' },
      { name: 'masking', pattern: '.*', scenarios: ['masking'] },
    ]);
  });

  it('may have a script of its own under that name, and rules of its own that start it', async () => {
    const { scenarios, rules } = (await declared(
      'masking: true, scenarios: { masking: own.js }, rules: [{ name: masking, pattern: "\\\\+44.*", scenarios: [masking], customData: "*9" }]',
    ))!;
    expect(scenarios).toEqual([{ name: 'masking', source: '// own' }]);
    expect(rules).toMatchObject([{ pattern: '\\+44.*', customData: '*9' }]);
    const shipped = (await declared('masking: true, rules: [{ name: all, scenarios: [masking] }]'))!;
    expect(shipped.rules.map(({ name }) => name)).toEqual(['all', 'masking']);
  });

  it('is one only when it says so', async () => {
    expect(await declared('rules: []')).toMatchObject({ scenarios: [], rules: [] });
    expect(() =>
      parseSettings('applications: [{ name: taxi, rules: [{ name: a, scenarios: [masking] }] }]', {}),
    ).toThrow(/there is no scenario "masking"/);
  });
});
