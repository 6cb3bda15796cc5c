import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';

export interface FolderLock {
  release(): void;
}

/**
 * Takes a folder for this process, or throws `storage/folder-in-use`. The lock names its holder by process id, start
 * time and boot, so that the lock of a process that died (or of another process that got its id since) is recognised
 * as stale and taken over at once.
 */
export function lockFolder(folder: string, random: Random): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'lock');
  const mine = `${process.pid} ${startOf(process.pid) ?? '-'} ${bootId()} ${random.token(8)}\n`;
  for (let attempt = 0; attempt < 5; attempt++) {
    if (create(path, mine)) return { release: () => removeIfMine(path, mine) };
    const theirs = read(path);
    if (theirs === undefined) continue;
    if (isAlive(theirs)) {
      throw new StorageError('storage/folder-in-use', `Process ${theirs.split(' ')[0]} holds ${path}.`);
    }
    takeAway(path, theirs, `${path}.${random.token(8)}`);
  }
  throw new StorageError('storage/folder-in-use', `Several processes compete for ${path}.`);
}

function create(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Moves a stale lock aside. If another process replaced it meanwhile, that one's lock is put back. */
function takeAway(path: string, stale: string, aside: string): void {
  try {
    renameSync(path, aside);
    if (read(aside) !== stale) linkSync(aside, path);
  } catch {
    // Another process was faster; the next attempt sees what it left.
  } finally {
    rmSync(aside, { force: true });
  }
}

function removeIfMine(path: string, mine: string): void {
  if (read(path) === mine) rmSync(path, { force: true });
}

function isAlive(lock: string): boolean {
  const [pid = '', start = '', boot = ''] = lock.trim().split(' ');
  const id = Number(pid);
  // An empty or torn lock: its writer died between creating and writing it.
  if (!Number.isSafeInteger(id) || id <= 0 || boot === '') return false;
  if (boot !== bootId()) return false;
  try {
    process.kill(id, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = startOf(id);
  return now === undefined || start === '-' || now === start;
}

/** Start of a process in clock ticks since boot, field 22 of proc(5) `stat`; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold anything, also spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown-boot';
}
