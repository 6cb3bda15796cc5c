/**
 * One sandbox of one scenario session. Synchronous: each event is one turn, which runs the handlers and then the promise
 * jobs that they led to, on one CPU budget. What a turn leaves is a list of commands, and the error that ended it, if any.
 * After an error the sandbox runs no more.
 */
import type { QuickJSHandle } from 'quickjs-emscripten';
import type { ScenarioSource } from '../../call/types.ts';
import type { HostEvent, ScriptError, Turn } from '../protocol.ts';
import { type Instance, usedBytes } from './image.ts';
import type { ScenarioLimits } from './limits.ts';
import { readError } from './script-error.ts';

export type Started = Extract<HostEvent, { type: 'started' }>;

/** CPU time of this thread in milliseconds. A budget of wall time would punish a script for a busy machine. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

export class SandboxRuntime {
  readonly #instance: Instance;
  readonly #limits: ScenarioLimits;
  readonly #cpuMs: () => number;
  readonly #entry: { prepare: QuickJSHandle; dispatch: QuickJSHandle; loaded: QuickJSHandle };
  readonly #scenarios: string[] = [];
  #commands: string[] = [];
  #chars = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #fault: ScriptError['kind'] | undefined;
  #dead = false;

  /** Takes an instance out of the warm pool; it belongs to this session until `release`. */
  constructor(instance: Instance, limits: ScenarioLimits, cpuMs: () => number = threadCpuMs) {
    this.#instance = instance;
    this.#limits = limits;
    this.#cpuMs = cpuMs;
    instance.hooks.send = (json) => this.#take(json);
    instance.hooks.interrupt = () => this.#overdue();
    const { context } = instance;
    const entry = context.getProp(context.global, '__entry');
    this.#entry = {
      prepare: context.getProp(entry, 'prepare'),
      dispatch: context.getProp(entry, 'dispatch'),
      loaded: context.getProp(entry, 'loaded'),
    };
    entry.dispose();
    context.setProp(context.global, '__entry', context.undefined);
    context.unwrapResult(context.evalCode('delete globalThis.__entry')).dispose();
  }

  /** Runs the scripts in order, then tells them `Started`. All of them share one global scope. */
  load(scripts: readonly ScenarioSource[], started: Started): Turn {
    const chars = scripts.reduce((sum, script) => sum + script.source.length, 0);
    if (chars > this.#limits.scriptChars) {
      this.#dead = true;
      const message = `The scenario has ${chars} characters; at most ${this.#limits.scriptChars} are allowed.`;
      return {
        commands: [],
        error: { message, scenario: scripts[0]?.name ?? '', line: undefined, kind: 'size' },
      };
    }
    this.#scenarios.push(...scripts.map((script) => script.name));
    this.#call(this.#entry.prepare, JSON.stringify(started));
    const commands: string[] = [];
    for (const script of scripts) {
      const turn = this.#turn(() => this.#evaluate(script), script.name);
      commands.push(...turn.commands);
      if (turn.error !== undefined) return { commands, error: turn.error };
    }
    const last = this.dispatch(started);
    return { commands: [...commands, ...last.commands], error: last.error };
  }

  /** One event, one turn. */
  dispatch(event: HostEvent): Turn {
    return this.#turn(() => this.#call(this.#entry.dispatch, JSON.stringify(event)), undefined);
  }

  /** Bytes that the script's heap holds, the API included. */
  get usedBytes(): number {
    return usedBytes(this.#instance);
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** The end of the session. The instance, for another one; undefined after an error, when nobody knows its state. */
  release(): Instance | undefined {
    if (this.#dead) return undefined;
    this.#dead = true;
    return this.#instance;
  }

  #turn(run: () => QuickJSHandle | undefined, loading: string | undefined): Turn {
    this.#commands = [];
    if (this.#dead) return { commands: [], error: undefined };
    this.#chars = 0;
    this.#fault = undefined;
    this.#deadline = this.#cpuMs() + this.#limits.callbackCpuMs;
    let error: ScriptError | undefined;
    try {
      const thrown = run() ?? this.#pump();
      if (thrown !== undefined || this.#fault !== undefined) {
        error = this.#describe(thrown, loading);
        thrown?.dispose();
      }
    } catch (failure) {
      // The instance itself broke: V8's own stack or the ceiling of the WebAssembly memory. Nothing in it is used again.
      error = this.#describe(undefined, loading, failure);
    }
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#dead = error !== undefined;
    return { commands: this.#commands, error };
  }

  #evaluate(script: ScenarioSource): QuickJSHandle | undefined {
    const { context } = this.#instance;
    // QuickJS takes a byte order mark for a blank, and then no `#!` after it for a line for a shell.
    const source = script.source.startsWith('\uFEFF') ? script.source.slice(1) : script.source;
    const result = context.evalCode(source, script.name, { type: 'global' });
    if (result.error) return result.error;
    const name = context.newString(script.name);
    const told = context.callFunction(this.#entry.loaded, context.undefined, result.value, name);
    name.dispose();
    result.value.dispose();
    if (told.error) return told.error;
    told.value.dispose();
    return undefined;
  }

  #call(target: QuickJSHandle, json: string): QuickJSHandle | undefined {
    const { context } = this.#instance;
    const argument = context.newString(json);
    const result = context.callFunction(target, context.undefined, argument);
    argument.dispose();
    if (result.error) return result.error;
    result.value.dispose();
    return undefined;
  }

  /** Promise jobs, in small portions, so that an endless chain of them meets the deadline. */
  #pump(): QuickJSHandle | undefined {
    const { runtime } = this.#instance;
    while (runtime.hasPendingJob()) {
      if (this.#overdue()) return undefined;
      const result = runtime.executePendingJobs(100);
      if (result.error) return result.error;
      result.dispose();
    }
    return undefined;
  }

  #take(json: string): void {
    this.#chars += json.length;
    const { commandsPerTurn, commandCharsPerTurn } = this.#limits;
    if (this.#commands.length >= commandsPerTurn || this.#chars > commandCharsPerTurn) {
      this.#fault = 'flood';
      throw new Error('too many commands in one turn');
    }
    this.#commands.push(json);
  }

  #overdue(): boolean {
    if (this.#fault !== undefined) return true;
    if (this.#cpuMs() < this.#deadline) return false;
    this.#fault = 'cpu';
    return true;
  }

  #describe(thrown: QuickJSHandle | undefined, loading: string | undefined, failure?: unknown): ScriptError {
    // Reading the error may run the script's own code (getters, toJSON): it gets a little time, and no commands.
    this.#deadline = this.#cpuMs() + 20;
    const fault = this.#fault;
    this.#fault = undefined;
    const { context } = this.#instance;
    return readError({
      context,
      thrown,
      failure,
      fault,
      scenarios: this.#scenarios,
      loading,
      limits: this.#limits,
    });
  }
}
