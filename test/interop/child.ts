import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A real peer that runs as a process of its own. */
export interface Child {
  readonly process: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** A line to its standard input, if it was started with one. */
  say(line: string): void;
  /** Exit status, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Asks it to end, then makes it, and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

const STOP_MS = 3_000;
const OUTPUT_LIMIT = 1_000_000;

/** Starts a program of Debian's; says how to get it where it is missing. */
export function startChild(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly input?: boolean;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Child {
  const child = spawn(program, args, {
    cwd: options.cwd,
    stdio: [options.input === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'dumb', LC_ALL: 'C', ...options.env },
  });
  let text = '';
  const take = (bytes: Buffer): void => {
    if (text.length < OUTPUT_LIMIT) text += bytes.toString('utf8');
  };
  // The end of the program ends its input too.
  child.stdin?.on('error', () => {});
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      reject(missing ? new Error(`${program} is missing: run script/bootstrap --test`) : error);
    });
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  exited.catch(() => {});
  return {
    process: child,
    output: () => text,
    say: (line) => void child.stdin?.write(`${line}\n`),
    exited,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        await exited.finally(() => clearTimeout(late));
      }
      return exited;
    },
  };
}

/**
 * Looks every few milliseconds whether something outside our process has come true: there is no event for it. Rejects
 * with `describe()` when it has not within `timeoutMs`.
 */
export async function until(
  look: () => boolean | Promise<boolean>,
  describe: () => string,
  timeoutMs = 10_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms: ${describe()}`);
    await pause(10);
  }
}

/**
 * Whether some process has the UDP port bound, or listens on the TCP port (connections that merely have this number at
 * our end do not count), by the kernel's own table; touches nothing.
 */
export function isBound(transport: 'udp' | 'tcp', port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return [`/proc/net/${transport}`, `/proc/net/${transport}6`].some((path) => {
    const rows = readFileSync(path, 'utf8').split('\n').slice(1);
    return rows.some((row) => {
      const [, local, , state] = row.trim().split(/\s+/);
      return local?.endsWith(wanted) === true && (transport === 'udp' || state === TCP_LISTEN);
    });
  });
}

/** `TCP_LISTEN` of the kernel's include/net/tcp_states.h, as /proc/net/tcp writes it. */
const TCP_LISTEN = '0A';

const MEDIA_PORTS = { first: 16_000, last: 21_000 };
let nextMediaPort: number | undefined;

/** The first of `count` neighbouring even ports that nobody has; the next call gets others. */
export function freeMediaPorts(count: number): number {
  nextMediaPort ??= MEDIA_PORTS.first + 2 * ((process.pid * 97) % 2_000);
  for (let attempt = 0; attempt < 100; attempt++) {
    const first: number = nextMediaPort;
    nextMediaPort = first + 2 * count > MEDIA_PORTS.last ? MEDIA_PORTS.first : first + 2 * count;
    const ports = Array.from({ length: 2 * count }, (_, i) => first + i);
    if (first + 2 * count <= MEDIA_PORTS.last && !ports.some((port) => isBound('udp', port))) return first;
  }
  throw new Error(
    `no ${count} neighbouring UDP ports are free from ${MEDIA_PORTS.first} to ${MEDIA_PORTS.last}`,
  );
}
