/** INVITE server transaction: RFC 3261 §17.2.1 figure 7, with the Accepted state of RFC 6026 §7.1. */
import { toTag } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { Flow } from '../transport/types.ts';
import type { ServerMachineContext } from './machine-context.ts';
import { buildReply } from './server-non-invite.ts';
import { StateMachine } from './state-machine.ts';
import { type TransactionTimers, timersFor } from './timers.ts';
import type { InviteServerTransaction, ReplyOptions, TransactionFailure } from './types.ts';

type State = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

const ARROWS: Record<State, readonly State[]> = {
  proceeding: ['completed', 'accepted', 'terminated'],
  completed: ['confirmed', 'terminated'],
  confirmed: ['terminated'],
  accepted: ['terminated'],
  terminated: [],
};

/** §17.2.1: 100 unless the user answers within 200 ms. */
const TRYING_MS = 200;

export class InviteServer implements InviteServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly localTag: string;
  onCancelled: (() => void) | undefined;
  onFailure: ((failure: TransactionFailure) => void) | undefined;
  onSettled: (() => void) | undefined;
  readonly #context: ServerMachineContext;
  readonly #timers: TransactionTimers;
  readonly #machine: StateMachine<State>;
  #last: SipResponse | undefined;
  #interval: number;

  constructor(request: SipRequest, flow: Flow, freshTag: string, context: ServerMachineContext) {
    this.request = request;
    this.flow = flow;
    this.localTag = toTag(request) ?? freshTag;
    this.#context = context;
    this.#timers = timersFor(context.settings, flow.reliable);
    this.#machine = new StateMachine('proceeding', ARROWS, context.clock);
    this.#interval = this.#timers.T1;
    this.#machine.arm('trying', TRYING_MS, () => this.reply(100));
    this.#machine.arm('unanswered', context.unansweredMs, () => this.#giveUp());
  }

  get state(): State {
    return this.#machine.state;
  }

  /** A refusal that waits for its ACK. */
  get isUnfinished(): boolean {
    return this.state === 'completed';
  }

  get open(): boolean {
    return this.state === 'proceeding';
  }

  /** Whether the final response was a 2xx. */
  get accepted(): boolean {
    return this.#last !== undefined && isSuccess(this.#last);
  }

  /** The To tag of the last response that had one: what an RFC 2543 ACK is matched by (§17.2.3). */
  get responseTag(): string | undefined {
    return this.#last === undefined ? undefined : toTag(this.#last);
  }

  reply(status: number, options: ReplyOptions = {}): void {
    this.respond(buildReply(this, status, options));
  }

  respond(response: SipResponse): void {
    if (this.accepted && isSuccess(response)) {
      // RFC 6026 §7.1: retransmission of the 2xx is the user's business, and passes through while Accepted.
      if (this.state === 'accepted') this.#context.sendResponse(response, this.flow);
      return;
    }
    if (this.#last !== undefined && this.#last.status >= 200)
      throw new Error(`a final response was sent before; ${response.status} comes too late`);
    if (!this.open) return;
    this.#last = response;
    if (response.status < 200) this.#machine.disarm('trying');
    else if (isSuccess(response)) this.#accept();
    else this.#complete();
    this.#context.sendResponse(response, this.flow);
  }

  /** A retransmission of the INVITE, or its ACK. */
  receive(request: SipRequest): void {
    if (request.method === 'ACK') {
      if (this.state !== 'completed') return;
      this.#machine.enter('confirmed');
      this.#machine.arm('I', this.#timers.I, () => this.close());
      this.#settled();
      return;
    }
    // Accepted: the user retransmits the 2xx itself; Confirmed: the ACK is here already.
    if ((this.state === 'proceeding' || this.state === 'completed') && this.#last !== undefined)
      this.#context.sendResponse(this.#last, this.flow);
  }

  /** §9.2: a CANCEL came; changes nothing after a final response (PITFALLS rows 1 and 2). */
  cancelled(): void {
    if (!this.open) return;
    this.reply(487);
    this.onCancelled?.();
  }

  flowClosed(): void {
    const failed = this.state === 'proceeding' || this.state === 'completed';
    this.close();
    if (failed) this.onFailure?.('transport');
  }

  close(): void {
    if (this.state === 'terminated') return;
    this.#machine.enter('terminated');
    this.#context.onTerminated();
    this.#settled();
  }

  #settled(): void {
    const told = this.onSettled;
    this.onSettled = undefined;
    told?.();
  }

  #accept(): void {
    this.#machine.enter('accepted');
    this.#machine.arm('L', this.#timers.L, () => this.close());
  }

  #complete(): void {
    this.#machine.enter('completed');
    this.#machine.arm('H', this.#timers.H, () => {
      this.close();
      this.onFailure?.('timeout');
    });
    this.#armG();
  }

  #armG(): void {
    if (this.#timers.G === undefined) return;
    this.#machine.arm('G', this.#interval, () => {
      this.#interval = Math.min(this.#interval * 2, this.#timers.T2);
      this.#armG();
      if (this.#last !== undefined) this.#context.sendResponse(this.#last, this.flow);
    });
  }

  #giveUp(): void {
    const told = this.onFailure;
    // Told once: a missing ACK to this 500 (timer H) is nothing new.
    this.onFailure = undefined;
    this.reply(500);
    told?.('timeout');
  }
}

function isSuccess(response: SipResponse): boolean {
  return response.status >= 200 && response.status < 300;
}
