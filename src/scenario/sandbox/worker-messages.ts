/**
 * Between the main thread and a scenario worker. `sandbox` is a number that the main thread chose. Both sides send arrays of
 * these, each about one sandbox when it goes to the worker: what comes up in one turn of the event loop is one message,
 * because each one wakes a thread.
 */
import type { ScenarioSource } from '../../call/types.ts';
import type { HostEvent, Turn } from '../protocol.ts';
import type { ScenarioLimits } from './limits.ts';
import type { Started } from './runtime.ts';

export interface WorkerSetup {
  readonly limits: ScenarioLimits;
  readonly warm: number;
}

export type ToWorker =
  | {
      readonly type: 'open';
      readonly sandbox: number;
      readonly scripts: readonly ScenarioSource[];
      readonly started: Started;
    }
  | { readonly type: 'post'; readonly sandbox: number; readonly event: HostEvent }
  | { readonly type: 'close'; readonly sandbox: number };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'turn'; readonly sandbox: number; readonly turn: Turn };
