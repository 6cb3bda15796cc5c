/** Non-INVITE client transaction: RFC 3261 §17.1.2 figure 6. CANCEL is one of these too. */
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { Flow } from '../transport/types.ts';
import type { MachineContext } from './machine-context.ts';
import { StateMachine } from './state-machine.ts';
import { type TransactionTimers, timersFor } from './timers.ts';
import type { ClientHandlers, ClientTransaction, TransactionFailure } from './types.ts';

type State = 'trying' | 'proceeding' | 'completed' | 'terminated';

const ARROWS: Record<State, readonly State[]> = {
  trying: ['proceeding', 'completed', 'terminated'],
  proceeding: ['completed', 'terminated'],
  completed: ['terminated'],
  terminated: [],
};

export class NonInviteClient implements ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #handlers: ClientHandlers;
  readonly #context: MachineContext;
  readonly #timers: TransactionTimers;
  readonly #machine: StateMachine<State>;
  #interval: number;

  /** `request` has its Via. Nothing is sent before `start()`. */
  constructor(request: SipRequest, flow: Flow, handlers: ClientHandlers, context: MachineContext) {
    this.request = request;
    this.flow = flow;
    this.#handlers = handlers;
    this.#context = context;
    this.#timers = timersFor(context.settings, flow.reliable);
    this.#machine = new StateMachine('trying', ARROWS, context.clock);
    this.#interval = this.#timers.T1;
  }

  get state(): State {
    return this.#machine.state;
  }

  /** Of all requests, a BYE that is lost leaves somebody with a call. */
  get isUnfinished(): boolean {
    return this.request.method === 'BYE' && (this.state === 'trying' || this.state === 'proceeding');
  }

  start(): void {
    this.#machine.arm('F', this.#timers.F, () => this.#fail('timeout'));
    this.#armE();
    this.#context.send(this.request, this.flow);
  }

  /** §9.1: CANCEL is for INVITE only. */
  cancel(): void {
    throw new Error('only an INVITE can be cancelled');
  }

  receive(response: SipResponse): void {
    if (this.state === 'completed' || this.state === 'terminated') return;
    if (response.status < 200) {
      // Timers E and F run on through Proceeding (figure 6).
      if (this.state === 'trying') this.#machine.enter('proceeding', ['E', 'F']);
    } else {
      this.#machine.enter('completed');
      this.#machine.arm('K', this.#timers.K, () => this.close());
    }
    this.#handlers.onResponse(response);
  }

  flowClosed(): void {
    if (this.state === 'trying' || this.state === 'proceeding') this.#fail('transport');
    else this.close();
  }

  /** Ends without a word to anybody. */
  close(): void {
    if (this.state === 'terminated') return;
    this.#machine.enter('terminated');
    this.#context.onTerminated();
  }

  #armE(): void {
    if (this.#timers.E === undefined) return;
    this.#machine.arm('E', this.#interval, () => {
      // §17.1.2.2: doubled up to T2 in Trying, T2 at once in Proceeding.
      const { T2 } = this.#timers;
      this.#interval = this.state === 'proceeding' ? T2 : Math.min(this.#interval * 2, T2);
      this.#armE();
      this.#context.send(this.request, this.flow);
    });
  }

  #fail(failure: TransactionFailure): void {
    this.close();
    this.#handlers.onFailure(failure);
  }
}
