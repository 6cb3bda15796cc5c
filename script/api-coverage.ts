/**
 * Runs the tests whose scripts use the scenario API and writes src/scenario/api-coverage.json anew:
 * `node script/api-coverage.ts`. Then `node script/generate-docs.ts` writes docs/reference/voxengine.md from it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'src/scenario', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, MASKLINE_API_COVERAGE: 'update' } },
);
process.exitCode = status ?? 1;
