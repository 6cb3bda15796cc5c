import type { HeaderMap } from '../call/types.ts';
import type { ScenarioLimits } from '../scenario/sandbox/limits.ts';
import type { Asked, Reply } from './http-double.ts';

export interface FlowOptions {
  /** What the rule, or whoever starts the scenario, gives to `VoxEngine.customData()`. Anything but text is written as JSON. */
  readonly customData?: unknown;
  /** Service numbers of the application: what it may show. Numbers that are called are among them by themselves. */
  readonly numbers?: readonly string[];
  /** SIP accounts of the application. Default: any name is one. */
  readonly users?: readonly string[];
  /** When the flow begins. Default: noon of 1 January 2026, UTC. */
  readonly now?: Date;
  /** Of the script's dice. Default 1. */
  readonly seed?: number;
  readonly limits?: Partial<ScenarioLimits>;
  /** What the ladder calls the nth phone, from 1. Default: its number. */
  readonly nameOf?: (place: number, number: string) => string;
  /** Answers requests that `http` has no answer for, sooner or later. Default: they fail the test. */
  readonly byHand?: (asked: Asked) => Promise<Reply>;
}

export interface Caller {
  readonly from: string;
  /** The number that is dialled. */
  readonly to: string;
  readonly displayName?: string;
  readonly headers?: HeaderMap;
  /** What the ladder calls this phone. Default: its number. */
  readonly name?: string;
}

/** A request to a session's URL. */
export interface Question {
  /** Default: that of the newest session. */
  readonly url?: string;
  /** Default: POST. */
  readonly method?: string;
  readonly json?: unknown;
  readonly text?: string;
}
