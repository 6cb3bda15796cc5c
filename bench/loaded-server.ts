/** A server with the load generator beside it, each in a process of its own, on free ports of 127.0.0.1. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadPorts, LoadQuestion } from './sip-load.ts';
import type { LoadOrder, LoadReport } from './sip-load-calls.ts';
import type { TalkReport } from './sip-load-talk.ts';

export abstract class LoadedServer {
  readonly #load: ChildProcess;

  /** `load`: from `startLoad`. */
  protected constructor(load: ChildProcess) {
    this.#load = load;
  }

  /** Of the server's process. */
  abstract readonly pid: number;

  /** Ends both processes. */
  abstract close(): Promise<void>;

  run(order: LoadOrder): Promise<LoadReport> {
    return this.#ask({ kind: 'run', ...order });
  }

  /** New calls, while those that are held talk for `ms`. */
  both(order: LoadOrder, ms: number): Promise<{ readonly calls: LoadReport; readonly talk: TalkReport }> {
    return this.#ask({ kind: 'both', ms, ...order });
  }

  /** Sound in every call that is held. */
  talk(ms: number): Promise<TalkReport> {
    return this.#ask({ kind: 'talk', ms });
  }

  /** The same without a server between: what measuring itself takes. No call may be up. */
  talkToItself(calls: number, ms: number): Promise<TalkReport> {
    return this.#ask({ kind: 'loopback', calls, ms });
  }

  /** Ends all calls that were held without end. */
  hangup(): Promise<LoadReport> {
    return this.#ask({ kind: 'hangup' });
  }

  protected async endLoad(): Promise<void> {
    await this.#ask({ kind: 'close' });
    await gone(this.#load);
  }

  #ask<T>(question: LoadQuestion): Promise<T> {
    return ask<T, LoadQuestion>(this.#load, question);
  }
}

export async function startLoad(): Promise<{ readonly load: ChildProcess; readonly ports: LoadPorts }> {
  const load = spawn('./sip-load.ts', []);
  try {
    return { load, ports: await ask<LoadPorts, LoadQuestion>(load, { kind: 'open' }) };
  } catch (error) {
    load.kill();
    throw error;
  }
}

/** Tells the generator the server's port; before its first call. */
export function aimLoad(load: ChildProcess, server: number): Promise<string> {
  return ask<string, LoadQuestion>(load, { kind: 'aim', server });
}

export function spawn(file: string, execArgv: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [], { execArgv });
}

export function gone(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', resolve));
}

/** One question at a time; a child that dies instead of answering is an error. */
export function ask<T, Q extends { readonly kind: string }>(child: ChildProcess, question: Q): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      then();
    };
    const onMessage = (answer: unknown): void => settle(() => resolve(answer as T));
    const onExit = (code: number | null): void =>
      settle(() => reject(new Error(`a child process ended with ${code} when asked to ${question.kind}`)));
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(question, (error) => {
      if (error !== null) settle(() => reject(error));
    });
  });
}
