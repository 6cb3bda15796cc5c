/** Non-INVITE server transaction: RFC 3261 §17.2.2 figure 8. */
import { response as buildResponse } from '../message/build.ts';
import { toTag } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { Flow } from '../transport/types.ts';
import type { ServerMachineContext } from './machine-context.ts';
import { StateMachine } from './state-machine.ts';
import { type TransactionTimers, timersFor } from './timers.ts';
import type { ReplyOptions, ServerTransaction } from './types.ts';

type State = 'trying' | 'proceeding' | 'completed' | 'terminated';

const ARROWS: Record<State, readonly State[]> = {
  trying: ['proceeding', 'completed', 'terminated'],
  proceeding: ['completed', 'terminated'],
  completed: ['terminated'],
  terminated: [],
};

export class NonInviteServer implements ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly localTag: string;
  readonly #context: ServerMachineContext;
  readonly #timers: TransactionTimers;
  readonly #machine: StateMachine<State>;
  #last: SipResponse | undefined;

  constructor(request: SipRequest, flow: Flow, freshTag: string, context: ServerMachineContext) {
    this.request = request;
    this.flow = flow;
    this.localTag = toTag(request) ?? freshTag;
    this.#context = context;
    this.#timers = timersFor(context.settings, flow.reliable);
    this.#machine = new StateMachine('trying', ARROWS, context.clock);
    this.#machine.arm('unanswered', context.unansweredMs, () => this.reply(500));
  }

  get state(): State {
    return this.#machine.state;
  }

  /** The answer has left, or is the user's business. */
  get isUnfinished(): boolean {
    return false;
  }

  get open(): boolean {
    return this.state === 'trying' || this.state === 'proceeding';
  }

  reply(status: number, options: ReplyOptions = {}): void {
    this.respond(buildReply(this, status, options));
  }

  respond(response: SipResponse): void {
    if (this.#last !== undefined && this.#last.status >= 200)
      throw new Error(`a final response was sent before; ${response.status} comes too late`);
    if (!this.open) return;
    this.#last = response;
    if (response.status < 200) {
      // The user's time to answer runs on.
      if (this.state === 'trying') this.#machine.enter('proceeding', ['unanswered']);
      this.#context.sendResponse(response, this.flow);
      return;
    }
    this.#machine.enter('completed');
    this.#context.sendResponse(response, this.flow);
    this.#machine.arm('J', this.#timers.J, () => this.close());
  }

  /** A retransmission of the request: the last response again, nothing in Trying. */
  receive(_request: SipRequest): void {
    if (this.#last !== undefined && this.state !== 'terminated')
      this.#context.sendResponse(this.#last, this.flow);
  }

  flowClosed(): void {
    this.close();
  }

  close(): void {
    if (this.state === 'terminated') return;
    this.#machine.enter('terminated');
    this.#context.onTerminated();
  }
}

/** A response with the transaction's To tag; 100 and a To that has one get none (§8.2.6.2). */
export function buildReply(
  transaction: ServerTransaction,
  status: number,
  options: ReplyOptions,
): SipResponse {
  return buildResponse(transaction.request, status, { ...options, toTag: transaction.localTag });
}
