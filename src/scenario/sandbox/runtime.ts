/**
 * One sandbox of one scenario session. Synchronous: each event is one turn, which runs the handlers and then the promise
 * jobs that they led to, on one CPU budget. What a turn leaves is a list of commands, and the error that ended it, if any.
 * After an error the sandbox runs no more.
 */
import type { QuickJSHandle } from 'quickjs-emscripten';
import type { ScenarioSource } from '../../call/types.ts';
import type { HostEvent, ScriptError, Turn } from '../protocol.ts';
import { type Delta, type Instance, type SandboxImage, usedBytes } from './image.ts';
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
  }

  /** Runs the scripts in order, then tells them `Started`. All of them share one global scope. */
  load(scripts: readonly ScenarioSource[], started: Started): Turn {
    return this.loadJson(scripts, JSON.stringify(started));
  }

  loadJson(scripts: readonly ScenarioSource[], startedJson: string): Turn {
    const tooLong = this.#tooLong(scripts);
    if (tooLong !== undefined) {
      this.#dead = true;
      return { commands: [], error: tooLong };
    }
    this.#call(this.#instance.entry.prepare, startedJson);
    const ran = this.#run(scripts);
    if (ran.error !== undefined) return ran;
    const last = this.dispatchJson(startedJson);
    return { commands: [...ran.commands, ...last.commands], error: last.error };
  }

  /**
   * Runs the scripts before there is a session. Returns what they have made of memory, where that will be the same for every
   * session: they asked nothing about theirs and said nothing. Nothing else is to be done with this sandbox afterwards.
   */
  preload(scripts: readonly ScenarioSource[], image: SandboxImage): Delta | undefined {
    if (this.#tooLong(scripts) !== undefined) return undefined;
    const { commands, error } = this.#run(scripts);
    const { context, entry, runtime } = this.#instance;
    if (error !== undefined || commands.length > 0 || runtime.hasPendingJob()) return undefined;
    const result = context.callFunction(entry.wasAsked, context.undefined);
    if (result.error) return undefined;
    const asked = context.typeof(result.value) !== 'boolean' || context.dump(result.value) !== false;
    result.value.dispose();
    return asked ? undefined : image.delta(this.#instance);
  }

  /** As `loadJson`, where the instance holds what the scripts have made of memory (`preload`). */
  loadAgain(scripts: readonly ScenarioSource[], startedJson: string): Turn {
    this.#scenarios.push(...scripts.map((script) => script.name));
    return this.#turn(() => this.#call(this.#instance.entry.begin, startedJson), undefined);
  }

  /** One event, one turn. */
  dispatch(event: HostEvent): Turn {
    return this.dispatchJson(JSON.stringify(event));
  }

  dispatchJson(json: string): Turn {
    return this.#turn(() => this.#call(this.#instance.entry.dispatch, json), undefined);
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

  #tooLong(scripts: readonly ScenarioSource[]): ScriptError | undefined {
    const chars = scripts.reduce((sum, script) => sum + script.source.length, 0);
    if (chars <= this.#limits.scriptChars) return undefined;
    const message = `The scenario has ${chars} characters; at most ${this.#limits.scriptChars} are allowed.`;
    return { message, scenario: scripts[0]?.name ?? '', line: undefined, kind: 'size' };
  }

  #run(scripts: readonly ScenarioSource[]): Turn {
    this.#scenarios.push(...scripts.map((script) => script.name));
    const commands: string[] = [];
    for (const script of scripts) {
      const turn = this.#turn(() => this.#evaluate(script), script.name);
      commands.push(...turn.commands);
      if (turn.error !== undefined) return { commands, error: turn.error };
    }
    return { commands, error: undefined };
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
    const told = context.callFunction(this.#instance.entry.loaded, context.undefined, result.value, name);
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
