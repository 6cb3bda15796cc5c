import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { declarations } from './declarations.ts';

const ROOT = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'maskline-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each file is a scope of its own, as a scenario is beside the scenarios of other rules. */
const OPTIONS = {
  lib: ['es2023'],
  target: 'es2023',
  types: [],
  moduleDetection: 'force',
  noEmit: true,
  allowJs: true,
  checkJs: true,
  strict: false,
};

/** What tsc says of these files, without where it was said. */
function complaints(name: string, files: Readonly<Record<string, string>>, options: object = {}): string[] {
  writeFileSync(join(folder, 'voxengine.d.ts'), declarations());
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const project = {
    compilerOptions: { ...OPTIONS, ...options },
    files: ['voxengine.d.ts', ...Object.keys(files)],
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(project));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = spawnSync(tsc, ['-p', join(folder, `${name}.json`)], { encoding: 'utf8', cwd: folder });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('voxengine.d.ts', () => {
  it('is TypeScript by itself, with every check on', () => {
    expect(complaints('alone', {}, { strict: true, skipLibCheck: false })).toEqual([]);
  });

  it('the shipped scenarios and the examples are right by it', () => {
    const paths = globSync(['scenarios/*.js', 'examples/*/*.js'], { cwd: ROOT }).sort();
    expect(paths.length).toBeGreaterThan(4);
    const texts = paths.map(
      (path) => [path.replaceAll('/', '-'), readFileSync(join(ROOT, path), 'utf8')] as const,
    );
    // Scripts of one rule use what the others declare; for tsc these names are not there.
    const isOfAnother = /error TS2304|error TS2552/;
    const said = complaints('shipped', Object.fromEntries(texts));
    expect(said.filter((line) => !isOfAnother.test(line))).toEqual([]);
  });

  it('what is not here is struck through, with its reason', () => {
    expect(declarations()).toMatch(/@deprecated Not in Maskline: a REFER .*\n +transferTo\(/);
    expect(declarations()).toMatch(
      /@deprecated Does not happen here: there is no video here \*\/ VideoTrackCreated =/,
    );
  });

  it('finds what is misspelled, and takes older forms', () => {
    const said = complaints('wrong', {
      'wrong.ts': `VoxEngine.addEventListener(AppEvents.CallAlertin, () => {});
VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => { e.call.answr(); e.destination.length; e.nothing; });
VoxEngine.createAMD({ model: AMD.Model.RU }); require(Modules.Net);
VoxEngine.callPSTN('1', '2').say('a', { voice: 7 });
VoxEngine.callPSTN('+7912'); VoxEngine.callPSTN('+7912', '+7495', null, {}, {}); VoxEngine.callPSTN('1', '2').record();
VoxEngine.callUser({ username: 'anna', callerid: '+7495' }); VoxEngine.callUser('anna', '+7495', 'Taxi', { 'X-A': '1' });
setTimeout(VoxEngine.terminate, 1000); const o = new Net.HttpRequestOptions(); Net.httpRequest('http://a/', (r) => r.text?.length);
const c = VoxEngine.callPSTN('1', '2'); c.say('x', Language.RU_RUSSIAN_FEMALE); c.addEventListener(CallEvents.Disconnected, (e) => e.duration.toFixed());
`,
    });
    expect(said.map((line) => /^wrong\.ts\((\d+),/.exec(line)?.[1])).toEqual(['1', '2', '2']);
  });
});
