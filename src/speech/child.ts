/**
 * One run of a program: input by standard input, output read up to a bound, killed when it is given up. No shell; what
 * is said is never among the arguments unless a program takes it no other way (other users of the machine read those).
 */
import { spawn } from 'node:child_process';
import { SpeechError } from './speech-error.ts';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly input?: string | Uint8Array;
  /** Bytes; a program that writes more is killed. */
  readonly maxOutput: number;
  readonly signal: AbortSignal;
  /** What people call it. */
  readonly name: string;
  /** What to do when it is not there. */
  readonly install: string;
  /** Programs that write their result to standard error. */
  readonly withErrors?: boolean;
}

/** Resolves with what the program wrote when it ended with status 0; rejects with a `SpeechError`. */
export function runProgram(run: ProgramRun): Promise<Buffer> {
  const { program, args, input, maxOutput, signal, name, install, withErrors = false } = run;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // PATH and nothing else: no secret of ours is in the environment of a child.
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', withErrors ? 'pipe' : 'ignore'],
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8' },
  });
  const chunks: Buffer[] = [];
  let size = 0;
  let fault: SpeechError | undefined;
  const kill = (error: SpeechError): void => {
    fault ??= error;
    child.kill('SIGKILL');
  };
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxOutput) kill(new SpeechError(`${name} gave more than was to be expected.`));
    else chunks.push(chunk);
  };
  const onAbort = (): void => kill(new SpeechError(`${name} was stopped.`, 'request'));
  signal.addEventListener('abort', onAbort);
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  child.on('error', (error: NodeJS.ErrnoException) => {
    const message = error.code === 'ENOENT' ? install : `${name} did not start: ${error.code ?? 'error'}.`;
    kill(new SpeechError(message));
    // No 'close' follows when it never began.
    reject(fault);
  });
  child.on('close', (code) => {
    signal.removeEventListener('abort', onAbort);
    if (fault !== undefined) reject(fault);
    else if (code === 0) resolve(Buffer.concat(chunks));
    else reject(new SpeechError(`${name} ended with status ${String(code)}.`));
  });
  // A child that is gone already must not bring us down.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input ?? '');
  if (signal.aborted) onAbort();
  return promise;
}
