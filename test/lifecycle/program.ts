import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WAIT_MS = 30_000;

/** A program of the project, run as a person would, in a process group of its own, as a terminal has one. */
export interface Program {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit status, or the name of the signal that ended it; resolves when its output is closed, too. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Waits for a whole line, of either output. */
  line(matches: (line: string) => boolean): Promise<string>;
  /** Signals the process alone, or with `group` everything that it started, as Ctrl-C does. */
  signal(signal: NodeJS.Signals, group?: 'group'): void;
  /** Signals, and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Whether anything of its process group is alive. */
  anythingLeft(): boolean;
}

export function startProgram(
  [command = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Program {
  const { DATABASE_URL: _, MASKLINE_KEY: __, MASKLINE_KEY_FILE: ___, ...inherited } = process.env;
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...inherited, ...environment },
  });
  const text = { stdout: '', stderr: '' };
  let look = (): void => {};
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      text[name] += chunk.toString();
      look();
    });
  }
  const exited = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  const signalGroup = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return child.pid !== undefined && process.kill(-child.pid, signal);
    } catch {
      return false;
    }
  };
  return {
    process: child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    exited,
    line: (matches) =>
      new Promise((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`${why}:\n${text.stdout}${text.stderr}`));
        const late = setTimeout(() => fail(`waited ${WAIT_MS} ms for a line`), WAIT_MS);
        look = () => {
          const lines = [text.stdout, text.stderr].flatMap((all) => all.split('\n').slice(0, -1));
          const found = lines.find(matches);
          if (found === undefined) return;
          clearTimeout(late);
          resolve(found);
        };
        void exited.then((status) => {
          clearTimeout(late);
          fail(`the program ended with ${status}`);
        });
        look();
      }),
    signal: (signal, group) => void (group === undefined ? child.kill(signal) : signalGroup(signal)),
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) signalGroup(signal);
      await exited;
    },
    anythingLeft: () => signalGroup(0),
  };
}
