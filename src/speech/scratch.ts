import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Files for programs that read and write nothing else. Their names are numbers. A process that was killed leaves
 * its files behind; whoever opens the folder next removes what belongs to no process.
 */
export class ScratchFolder {
  readonly #folder: string;
  #next = 1;

  constructor(folder: string) {
    this.#folder = join(folder, String(process.pid));
    for (const pid of leftIn(folder)) rmSync(join(folder, pid), { recursive: true, force: true });
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

function leftIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name) && !isAlive(Number(name)));
  } catch {
    return [];
  }
}

/** Our own number may have been another process's before a restart of the container. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
