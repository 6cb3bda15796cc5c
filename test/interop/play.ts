import type { TrunkEntry } from '../../src/config/schema.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import type { ScenarioSettings } from './scenario-text.ts';
import type { SippResult } from './sipp.ts';

/** What one SIPp, or two with the whole server between them, are to play. */
export interface Play {
  /** Scenario of who calls the service number, or asks something else of us. */
  readonly caller: string;
  /** Scenario of whom the call is led to; absent: the caller's request must lead to nobody. */
  readonly callee?: string;
  /** How many calls the callee gets of it, one after the other; default 1. */
  readonly calleeCalls?: number;
  readonly callerSettings?: ScenarioSettings;
  readonly calleeSettings?: ScenarioSettings;
  readonly transport?: 'udp' | 'tcp';
  /** Of the trunk to the callee, where it is not as usual. */
  readonly trunk?: Partial<TrunkEntry>;
  /** The number that is dialled, of another script than the taxi example's. */
  readonly dials?: string;
  /** The caller is not known by address, but has an account: SIPp's `[authentication]` with this name. */
  readonly account?: string;
  /** What the call record says; `none`: there is none. */
  readonly record: { readonly status: CallRecord['status']; readonly reason: string | RegExp } | 'none';
}

export interface Played {
  readonly caller: SippResult;
  readonly callee: SippResult | undefined;
  readonly record: CallRecord | undefined;
}
