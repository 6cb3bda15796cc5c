import { rm, rmdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Logger } from '../kernel/logger.ts';
import type { FileRemoval, FileRemovals } from './ports.ts';
import { searchWords } from './search-words.ts';

const AT_ONCE = 200;

export interface DeleteFilesOptions {
  readonly removals: FileRemovals;
  readonly node: string;
  /** Absolute; nothing outside it is ever deleted. */
  readonly recordingsFolder: string;
  readonly log: Logger;
  /** Transcripts that are read for erasures before files are deleted; default: as many as there are. */
  readonly transcripts?: number;
}

/**
 * Deletes the files whose rows are gone: recordings with their transcripts, or transcripts alone, and folders that become
 * empty. Before that, transcripts are read for numbers that are being erased. A file that is not there counts as deleted; one that cannot be deleted stays on the list, and is told.
 *
 * @returns how many are left because they could not be deleted.
 */
export async function deleteFiles(options: DeleteFilesOptions): Promise<number> {
  const { removals, node, recordingsFolder, log, transcripts = Number.POSITIVE_INFINITY } = options;
  await searchWords(removals.words, node, recordingsFolder, transcripts);
  for (;;) {
    const files = await removals.list(node, AT_ONCE);
    const outcomes = await Promise.all(files.map((file) => tryToDelete(recordingsFolder, file)));
    const done = files.filter((_, index) => outcomes[index] === undefined).map(({ id }) => id);
    await removals.done(done);
    const failed = files.length - done.length;
    if (failed > 0) {
      const codes = [...new Set(outcomes.filter((code) => code !== undefined))];
      log.error(
        { files: failed, codes },
        'recordings that must go cannot be deleted; look at who may write to their folder',
      );
    }
    if (files.length < AT_ONCE || failed > 0) return failed;
  }
}

/** Undefined: it is gone. */
async function tryToDelete(folder: string, { path, what }: FileRemoval): Promise<string | undefined> {
  const file = resolve(folder, path);
  const stem = file.replace(/\.wav$/, '');
  // A path that leads out of the folder is none of ours, whatever wrote it.
  if (relative(folder, file).startsWith('..') || stem === file) return 'EOUTSIDE';
  const transcripts = ['json', 'txt', 'json.part', 'txt.part'].map(
    (ending) => `${stem}.transcript.${ending}`,
  );
  try {
    for (const one of what === 'recording' ? [file, ...transcripts] : transcripts)
      await rm(one, { force: true });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
  await removeEmpty(folder, dirname(file));
  return undefined;
}

/** `2026/01/31/<session>` and what is above it. */
async function removeEmpty(top: string, folder: string): Promise<void> {
  for (let at = folder; at !== top && at.startsWith(join(top, '/')); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}
