import { readFileSync } from 'node:fs';
import { mkdir, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { type Check, type Finding, messageOf, ok, problem, warning } from './diagnosis.ts';

const NEWEST_TESTED_MAJOR = 24;
const MEBIBYTE = 1024 * 1024;
/** A node without calls, and one call more (bench/results/latest.md). */
const BASE_MEMORY = 300 * MEBIBYTE;
const CALL_MEMORY = MEBIBYTE;
/** Files and sockets of a node without calls; each leg has two sockets and may have a recording. */
const BASE_FILES = 100;
const FILES_PER_LEG = 3;

/** Node's version, memory and open files: enough for what `limits.calls` lets in? */
export const checkMachine: Check = async ({ settings }) => {
  const legs = settings.limits.calls;
  return [nodeVersion(process.versions.node), memory(legs, totalmem()), openFiles(legs, processLimits())];
};

export function nodeVersion(version: string): Finding {
  const major = Number(version.split('.')[0]);
  if (major === NEWEST_TESTED_MAJOR) return ok('node', `Node ${version}.`);
  return warning(
    'node',
    `Node ${version}; Maskline is tested with Node ${NEWEST_TESTED_MAJOR}.`,
    'Start it by script/server, which brings the right one.',
  );
}

export function memory(legs: number, bytes: number): Finding {
  const needed = BASE_MEMORY + (legs / 2) * CALL_MEMORY;
  const have = `${Math.round(bytes / MEBIBYTE)} MB of memory`;
  if (bytes >= needed) return ok('memory', `${have}.`);
  return warning(
    'memory',
    `${have}, but limits.calls: ${legs} needs about ${Math.round(needed / MEBIBYTE)} MB when all of them talk.`,
    'Lower limits.calls, or give the machine more memory.',
  );
}

export function openFiles(legs: number, limits: string | undefined): Finding {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')?.[1];
  if (soft === undefined) return ok('open files', 'The limit of open files is not known on this system.');
  const needed = BASE_FILES + legs * FILES_PER_LEG;
  if (soft === 'unlimited' || Number(soft) >= needed) return ok('open files', `${soft} may be open.`);
  return problem(
    'open files',
    `${soft} may be open, but limits.calls: ${legs} needs about ${needed}.`,
    'Raise the limit (ulimit -n, or LimitNOFILE= of the systemd unit), or lower limits.calls.',
  );
}

function processLimits(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined; // not Linux
  }
}

const GIGABYTE = 1e9;
/** 16 bit, 8 kHz, two channels. */
const RECORDED_BYTES_PER_HOUR = 2 * 8_000 * 2 * 3_600;

/** Room for recordings, and whether we may write at all. A folder that the first start would make is not made. */
export const checkDisk: Check = async ({ data }) => {
  const made = await mkdir(data, { recursive: true, mode: 0o700 }).catch(() => undefined);
  const probe = join(data, `.doctor-${process.pid}`);
  try {
    await writeFile(probe, 'x');
    const { bavail, bsize, ffree, files } = await statfs(data);
    return [room(data, bavail * bsize, { free: ffree, all: files })];
  } catch (error) {
    const todo = 'Correct `data`, or who may write there.';
    return [problem('disk', `${data} cannot be written: ${messageOf(error)}`, todo)];
  } finally {
    await rm(probe, { force: true }).catch(() => {});
    if (made !== undefined) await rmdir(data).catch(() => {});
  }
};

export function room(
  data: string,
  freeBytes: number,
  inodes: { readonly free: number; readonly all: number },
): Finding {
  const hours = Math.floor(freeBytes / RECORDED_BYTES_PER_HOUR);
  const says = `${(freeBytes / GIGABYTE).toFixed(1)} GB are free in ${data}: room for ${hours} hours of recording.`;
  const todo = 'Free some, move old recordings away, or point `data` at a larger disk.';
  // Some file systems have no table of inodes and say 0.
  if (inodes.all > 0 && inodes.free < 1_000)
    return problem('disk', `${data} has room for ${inodes.free} more files only.`, todo);
  if (freeBytes < 0.2 * GIGABYTE) return problem('disk', says, todo);
  if (freeBytes < 5 * GIGABYTE) return warning('disk', says, todo);
  return ok('disk', says);
}
