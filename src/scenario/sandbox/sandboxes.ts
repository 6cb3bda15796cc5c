/**
 * Where sandboxes live, seen from a session: in this thread (tests, the simulator) or in worker threads (the server).
 * Both have one contract and one suite of tests.
 */
import type { ScenarioSource } from '../../call/types.ts';
import type { HostEvent, Turn } from '../protocol.ts';
import type { Started } from './runtime.ts';

export interface Sandbox {
  /** One event; exactly one turn follows, later, in order. */
  post(event: HostEvent): void;
  /** Throws the sandbox away; no turn follows any more. */
  close(): void;
}

export interface OpenSandbox {
  readonly scripts: readonly ScenarioSource[];
  readonly started: Started;
  /** The first turn is that of loading the scripts and of `started`. A turn with an error is the last. */
  readonly onTurn: (turn: Turn) => void;
}

export interface Sandboxes {
  /** Resolves when a session can begin without waiting; rejects when the sandbox cannot be built at all. */
  readonly ready: Promise<void>;
  open(options: OpenSandbox): Sandbox;
  readonly count: number;
  close(): Promise<void>;
}
