/** The machine that figures were taken on, and how busy others kept it meanwhile. Linux, for /proc. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** For the file name: machines of the same kind, without telling which one. */
export function hostClass(machine: Machine): string {
  const cpu = machine.cpu
    .toLowerCase()
    .replace(/\((r|tm)\)|processor|cpu/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `${machine.cores}-core-${cpu}`;
}

export interface Surroundings {
  readonly seconds: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** Cores that processes other than ours kept busy on average, stolen time of the hypervisor included. */
  readonly coresBusyWithOthers: number;
}

/** Starts watching; the function that comes back tells what happened since. Call it when all children have ended. */
export function watchSurroundings(): () => Surroundings {
  const tick = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const before = { at: performance.now(), all: busyTicks(), own: ownTicks(), load: loadavg()[0]! };
  return () => {
    const seconds = (performance.now() - before.at) / 1000;
    const others = busyTicks() - before.all - (ownTicks() - before.own);
    return {
      seconds: Math.round(seconds),
      loadBefore: round(before.load),
      loadAfter: round(loadavg()[0]!),
      coresBusyWithOthers: round(Math.max(0, others / tick / seconds)),
    };
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** proc(5): user, nice, system, idle, iowait, irq, softirq, steal. */
function busyTicks(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return user + nice + system + irq + softirq + steal;
}

/** Of this process and of the children that have ended. */
function ownTicks(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // utime, stime, cutime, cstime are fields 14 to 17; the slice begins at field 3.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0);
}

/** CPU of our descendants of that name so far, ms: a PostgreSQL server's processes, for example. */
export function cpuOfDescendants(name: string): number {
  const tick = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stats = readdirSync('/proc').flatMap((entry) => (/^\d+$/.test(entry) ? (readStat(entry) ?? []) : []));
  const parents = new Map(stats.map(({ pid, parent }) => [pid, parent]));
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)) {
      if (at === process.pid) return true;
    }
    return false;
  };
  const ours = stats.filter((stat) => stat.name === name && isOurs(stat.pid));
  return (ours.reduce((sum, { ticks }) => sum + ticks, 0) / tick) * 1000;
}

/** CPU of all threads of a process so far, those that have ended included, ms, in steps of 10. NaN: it has ended. */
export function cpuOfProcess(pid: number): number {
  const tick = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((readStat(String(pid))?.ticks ?? Number.NaN) / tick) * 1000;
}

interface ProcessStat {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly ticks: number;
}

/** Undefined for a process that has just ended. */
function readStat(pid: string): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const close = stat.lastIndexOf(')');
    const fields = stat
      .slice(close + 2)
      .split(' ')
      .map(Number);
    const name = stat.slice(stat.indexOf('(') + 1, close);
    return { pid: Number(pid), name, parent: fields[1]!, ticks: fields[11]! + fields[12]! };
  } catch {
    return undefined;
  }
}
