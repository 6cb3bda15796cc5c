/** Reads transcripts for a number that was said in anybody's call. They are files, and only their own node has them. */
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { Mentions } from '../kernel/number-spellings.ts';
import type { WordSearches } from './ports.ts';

const AT_ONCE = 50;

/**
 * Goes on with what waits for this node.
 *
 * @param most transcripts that are read; the rest is for the next time.
 */
export async function searchWords(
  words: WordSearches,
  node: string,
  recordingsFolder: string,
  most: number,
): Promise<void> {
  let left = most;
  for (const search of await words.list(node)) {
    for (let { after } = search; left > 0; left -= AT_ONCE) {
      const some = await words.next({ ...search, after }, AT_ONCE);
      const found: string[] = [];
      for (const { recordingId, path } of some)
        if (await isSaid(recordingsFolder, path, search.mentions)) found.push(recordingId);
      const last = some.length < AT_ONCE ? undefined : some.at(-1)?.recordingId;
      await words.read(search, found, last);
      if (last === undefined) break;
      after = last;
    }
  }
}

async function isSaid(folder: string, path: string, mentions: Mentions): Promise<boolean> {
  const stem = resolve(folder, path).replace(/\.wav$/, '');
  // A path that leads out of the folder is none of ours, whatever wrote it.
  if (relative(folder, stem).startsWith('..')) return false;
  for (const ending of ['txt', 'json']) {
    try {
      if (mentions(await readFile(`${stem}.transcript.${ending}`, 'utf8'))) return true;
    } catch (error) {
      // A file that is not there says nothing.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return false;
}
