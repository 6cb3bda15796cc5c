/**
 * Between the main thread and a scenario worker. `sandbox` is a number that the main thread chose. Both sides send arrays of
 * these, each about one sandbox when it goes to the worker: what comes up in one turn of the event loop is one message,
 * because each one wakes a thread. What a script is told is JSON from here on: it gets it so, and a string is cheaper to hand
 * over than an object.
 */
import type { ScenarioSource } from '../../call/types.ts';
import type { ScriptError } from '../protocol.ts';
import type { ScenarioLimits } from './limits.ts';

export interface WorkerSetup {
  readonly limits: ScenarioLimits;
  readonly warm: number;
}

export type ToWorker =
  | {
      readonly type: 'open';
      readonly sandbox: number;
      readonly scripts: readonly ScenarioSource[];
      readonly key: string;
      readonly startedJson: string;
    }
  | { readonly type: 'post'; readonly sandbox: number; readonly json: string }
  | { readonly type: 'close'; readonly sandbox: number };

/** The first message is `'ready'`, all others are turns. Tuples: cheaper to hand over than objects, and there are many. */
export type FromWorker =
  | 'ready'
  | readonly [sandbox: number, commands: readonly string[], error?: ScriptError];
