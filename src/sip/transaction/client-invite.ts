/** INVITE client transaction: RFC 3261 §17.1.1 figure 5, with the Accepted state of RFC 6026 §7.2. */
import { ackFor, cancelFor } from '../message/build.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { Flow } from '../transport/types.ts';
import type { MachineContext } from './machine-context.ts';
import { StateMachine } from './state-machine.ts';
import { type TransactionTimers, timersFor } from './timers.ts';
import type { ClientHandlers, ClientTransaction, TransactionFailure } from './types.ts';

type State = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

const ARROWS: Record<State, readonly State[]> = {
  calling: ['proceeding', 'completed', 'accepted', 'terminated'],
  proceeding: ['completed', 'accepted', 'terminated'],
  completed: ['terminated'],
  accepted: ['terminated'],
  terminated: [],
};

export interface InviteClientContext extends MachineContext {
  /** Starts the CANCEL as a non-INVITE client transaction of its own (§9.1). */
  sendCancel(cancel: SipRequest, flow: Flow): void;
}

export class InviteClient implements ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #handlers: ClientHandlers;
  readonly #context: InviteClientContext;
  readonly #timers: TransactionTimers;
  readonly #machine: StateMachine<State>;
  #interval: number;
  #cancelWanted = false;
  #cancelSent = false;

  /** `request` has its Via. Nothing is sent before `start()`. */
  constructor(request: SipRequest, flow: Flow, handlers: ClientHandlers, context: InviteClientContext) {
    this.request = request;
    this.flow = flow;
    this.#handlers = handlers;
    this.#context = context;
    this.#timers = timersFor(context.settings, flow.reliable);
    this.#machine = new StateMachine('calling', ARROWS, context.clock);
    this.#interval = this.#timers.T1;
  }

  get state(): State {
    return this.#machine.state;
  }

  get isUnfinished(): boolean {
    return this.state === 'calling' || this.state === 'proceeding';
  }

  start(): void {
    this.#machine.arm('B', this.#timers.B, () => this.#fail('timeout'));
    this.#armA();
    this.#context.send(this.request, this.flow);
  }

  cancel(): void {
    if (this.#cancelWanted) return;
    this.#cancelWanted = true;
    if (this.state === 'proceeding') this.#cancelNow();
  }

  receive(response: SipResponse): void {
    if (this.state === 'accepted') {
      if (isSuccess(response)) this.#handlers.onLate2xx?.(response);
      return;
    }
    if (this.state === 'completed') {
      // A retransmission means that our ACK was lost (PITFALLS row 4).
      if (response.status >= 300) this.#acknowledge(response);
      return;
    }
    if (this.state === 'terminated') return;
    if (response.status < 200) this.#provisional(response);
    else if (isSuccess(response)) this.#accepted(response);
    else this.#rejected(response);
  }

  flowClosed(): void {
    if (this.state === 'calling' || this.state === 'proceeding') this.#fail('transport');
    else this.close();
  }

  /** Ends without a word to anybody. */
  close(): void {
    if (this.state === 'terminated') return;
    this.#machine.enter('terminated');
    this.#context.onTerminated();
  }

  #armA(): void {
    if (this.#timers.A === undefined) return;
    this.#machine.arm('A', this.#interval, () => {
      this.#interval *= 2;
      this.#armA();
      this.#context.send(this.request, this.flow);
    });
  }

  #provisional(response: SipResponse): void {
    if (this.state === 'calling') {
      this.#machine.enter('proceeding');
      // §9.1: the CANCEL that was asked for too early leaves now.
      if (this.#cancelWanted) this.#cancelNow();
    }
    this.#handlers.onResponse(response);
  }

  #accepted(response: SipResponse): void {
    this.#machine.enter('accepted');
    this.#machine.arm('M', this.#timers.M, () => this.close());
    this.#handlers.onResponse(response);
  }

  #rejected(response: SipResponse): void {
    this.#machine.enter('completed');
    this.#acknowledge(response);
    this.#machine.arm('D', this.#timers.D, () => this.close());
    this.#handlers.onResponse(response);
  }

  #acknowledge(response: SipResponse): void {
    this.#context.send(ackFor(this.request, response), this.flow);
  }

  #cancelNow(): void {
    if (this.#cancelSent) return;
    this.#cancelSent = true;
    // §9.1: without a final response 64·T1 after the CANCEL, the INVITE is considered cancelled.
    this.#machine.arm('cancelled', 64 * this.#timers.T1, () => this.#fail('timeout'));
    this.#context.sendCancel(cancelFor(this.request), this.flow);
  }

  #fail(failure: TransactionFailure): void {
    this.close();
    this.#handlers.onFailure(failure);
  }
}

function isSuccess(response: SipResponse): boolean {
  return response.status >= 200 && response.status < 300;
}
