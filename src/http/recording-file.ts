import { type FileHandle, open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { HttpError } from './problems.ts';

/** An open recording. Whoever opened it closes it. */
export interface RecordingFile {
  readonly handle: FileHandle;
  readonly size: number;
  /** Strong: a finished recording changes only when it is repaired, and then its size or time do. */
  readonly etag: string;
}

/**
 * Opens a recording by the path that is stored for it. A path that leads out of the folder, by `..` or by a symbolic
 * link, is treated as a file that is not there: a row of the database must not become a way to read the disk.
 */
export async function openRecording(folder: string, path: string): Promise<RecordingFile> {
  const handle = await openInside(folder, path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new HttpError('recording/gone');
    const etag = `"${stat.size.toString(36)}-${Math.trunc(stat.mtimeMs).toString(36)}"`;
    return { handle, size: stat.size, etag };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openInside(folder: string, path: string): Promise<FileHandle> {
  try {
    const root = await realpath(folder);
    const real = await realpath(resolve(root, path));
    if (real.startsWith(root + sep)) return await open(real, 'r');
  } catch (error) {
    if (!ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  throw new HttpError('recording/gone');
}

const ABSENT: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ERR_INVALID_ARG_VALUE',
]);
