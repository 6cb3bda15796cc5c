import { mkdirSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Files for programs that read and write nothing else. Their names are numbers; the folder is emptied when it is opened,
 * since a process that was killed leaves its files behind.
 */
export class ScratchFolder {
  readonly #folder: string;
  #next = 1;

  constructor(folder: string) {
    this.#folder = join(folder, String(process.pid));
    rmSync(folder, { recursive: true, force: true });
  }

  /** Calls with a path that is used by nobody else, and removes whatever is there afterwards. */
  async withFile<T>(
    suffix: string,
    data: Uint8Array | undefined,
    use: (path: string) => Promise<T>,
  ): Promise<T> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, `${this.#next++}${suffix}`);
    try {
      if (data !== undefined) await writeFile(path, data, { mode: 0o600 });
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }
}
