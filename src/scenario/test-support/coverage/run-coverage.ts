/**
 * Around a whole run of tests: collects which members of the API the scripts of tests used, and compares with what
 * `api-coverage.json` claims. The claims are what docs/reference/voxengine.md calls supported, so that a member whose last
 * test goes away makes the run fail. Runs of some files only are not judged: of what the others use nothing is known.
 *
 * `node script/api-coverage.ts` runs the tests and writes the file anew.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { TestProject } from 'vitest/node';
import { keysOf, members } from '../../types/api-members.ts';

const ROOT = join(import.meta.dirname, '../../../..');
export const CLAIMS = join(ROOT, 'src/scenario/api-coverage.json');
const FOLDER_VARIABLE = 'MASKLINE_API_COVERAGE_FOLDER';
/** Set to `update`, the claims are written and not judged. */
const MODE_VARIABLE = 'MASKLINE_API_COVERAGE';

interface Claims {
  readonly about: string;
  /** Member → a test file whose scripts use it. */
  readonly members: Readonly<Record<string, string>>;
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'maskline-api-coverage-'));
  process.env[FOLDER_VARIABLE] = folder;
  const named = project.config.testNamePattern !== undefined;
  return () => {
    const used = collect(folder);
    rmSync(folder, { recursive: true, force: true });
    const claims = readClaims();
    if (process.env[MODE_VARIABLE] === 'update') writeClaims(claims, used);
    else if (!named) judge(claims, used);
  };
}

interface Used {
  readonly files: ReadonlySet<string>;
  /** Member → the files that use it. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
}

/** @internal exported for its test */
export function collect(folder: string): Used {
  const files = new Set<string>();
  const byMember = new Map<string, Set<string>>();
  for (const name of readdirSync(folder)) {
    let file = '';
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (line.startsWith('# ')) {
        file = relative(ROOT, line.slice(2));
        files.add(file);
        continue;
      }
      for (const key of line === '' ? [] : keysOf(line)) {
        const users = byMember.get(key) ?? new Set();
        byMember.set(key, users.add(file));
      }
    }
  }
  return { files, members: byMember };
}

/** @internal exported for its test: what is claimed and was not used, when every file that claims stand on has run. */
export function unfounded(claims: Claims['members'], used: Used): readonly string[] {
  const claimed = Object.entries(claims);
  if (!claimed.every(([, file]) => used.files.has(file) || !existsSync(join(ROOT, file)))) return [];
  return claimed.filter(([member]) => !used.members.has(member)).map(([member]) => member);
}

function judge({ members: claims }: Claims, used: Used): void {
  const missing = unfounded(claims, used);
  if (missing.length === 0) return;
  throw new Error(
    `src/scenario/api-coverage.json claims members that no script of a test uses any more: ${missing.join(', ')}. ` +
      'Write a test, or run node script/api-coverage.ts and say in src/scenario/api-status.ts why they are gone.',
  );
}

function readClaims(): Claims {
  return existsSync(CLAIMS)
    ? (JSON.parse(readFileSync(CLAIMS, 'utf8')) as Claims)
    : { about: '', members: {} };
}

function writeClaims(before: Claims, used: Used): void {
  const kept = members().flatMap(({ key }) => {
    const users = [...(used.members.get(key) ?? [])].sort();
    const file = users.find((one) => one === before.members[key]) ?? users[0];
    return file === undefined ? [] : [[key, file] as const];
  });
  const about =
    'Which test has a script that uses which member of the VoxEngine API. Written by node script/api-coverage.ts; a whole run of the tests is compared with it.';
  const claims: Claims = { about, members: Object.fromEntries(kept) };
  writeFileSync(CLAIMS, `${JSON.stringify(claims, undefined, 2)}\n`);
}
