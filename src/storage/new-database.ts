import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';

/**
 * Where an empty database is kept, to be copied for each new one: making one takes seconds of CPU, a copy a fraction of
 * one. It is a cache: where it cannot be written, new databases take longer.
 */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/maskline', import.meta.url));

/** Makes an empty database in `folder`, aside and renamed, so that a process killed in the middle leaves no half-made one. */
export async function makeDatabase(folder: string, cache: string = CACHE): Promise<void> {
  const unfinished = `${folder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const template = templateIn(cache);
  if (template !== undefined && existsSync(template)) {
    cpSync(template, unfinished, { recursive: true });
  } else {
    const fresh = await PGlite.create({ dataDir: unfinished });
    await fresh.close();
    if (template !== undefined) keep(unfinished, template);
  }
  renameSync(unfinished, folder);
}

/** One for each version of PGlite; undefined when the version cannot be found. */
function templateIn(cache: string): string | undefined {
  try {
    const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'));
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    return join(cache, `pglite-${version}`);
  } catch {
    return undefined;
  }
}

function keep(database: string, template: string): void {
  const unfinished = `${template}.${process.pid}.new`;
  try {
    mkdirSync(unfinished, { recursive: true, mode: 0o700 });
    cpSync(database, unfinished, { recursive: true });
    renameSync(unfinished, template);
  } catch {
    // Another process was faster, or the folder is read-only.
    rmSync(unfinished, { recursive: true, force: true });
  }
}
