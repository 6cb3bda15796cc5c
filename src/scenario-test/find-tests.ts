import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /\.test\.[cm]?[jt]s$/;
const IMPORT = /from\s+['"]maskline\/scenario-test['"]/;

/**
 * Test files among these paths: a file is taken as it is; of a folder, and all below it, those that import
 * `maskline/scenario-test`. Throws what the file system says.
 */
export function findTests(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => (statSync(path).isDirectory() ? inFolder(path) : [path]));
}

function inFolder(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : inFolder(path);
    return NAME.test(entry.name) && IMPORT.test(readFileSync(path, 'utf8')) ? [path] : [];
  });
}
