import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './usage-error.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** The folder of a shipped example. Throws with the names there are. */
export function exampleFolder(name: string): string {
  const folder = join(EXAMPLES, name);
  if (!/^[a-z-]+$/.test(name) || !existsSync(join(folder, 'maskline.yaml'))) {
    const all = readdirSync(EXAMPLES).filter((one) => existsSync(join(EXAMPLES, one, 'maskline.yaml')));
    throw new UsageError(`There is no example "${name}".`, `There are: ${all.join(', ')}.`);
  }
  return folder;
}
