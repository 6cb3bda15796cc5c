import type { Clock } from '../../kernel/clock.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { Flow } from '../transport/types.ts';
import type { TimerSettings } from './timers.ts';

/** What a client machine needs of the layer around it. */
export interface MachineContext {
  readonly clock: Clock;
  readonly settings: TimerSettings;
  send(request: SipRequest, flow: Flow): void;
  /** Once, on entering the state Terminated. */
  onTerminated(): void;
}

/** What a server machine needs of the layer around it. */
export interface ServerMachineContext {
  readonly clock: Clock;
  readonly settings: TimerSettings;
  sendResponse(response: SipResponse, flow: Flow): void;
  onTerminated(): void;
  /** How long the user may take to answer, ms; afterwards the machine answers 500 itself. */
  readonly unansweredMs: number;
}
