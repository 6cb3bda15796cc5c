import type { AgentCall } from './agent-call.ts';
import type { AgentServerTransaction } from './agent-server-transaction.ts';
import { LIFE, T1 } from './agent-transactions.ts';
import { CARRIERS } from './numbers.ts';
import type { CalleePlan, CalleeStep, PeerPlan } from './plan.ts';
import { callIdOf, fieldsOf, type Lines, sequenceOf } from './wire.ts';

/** What an INVITE at a carrier asks of it. */
export interface IncomingHost {
  readonly newCall: (tag: string) => AgentCall;
  readonly after: (ms: number, callback: () => void) => void;
  readonly sdpFields: Lines;
  readonly contact: string;
  readonly secret: string;
  readonly count: (what: string) => void;
  readonly up: (call: AgentCall) => void;
  readonly order: 1 | 2;
  readonly sessionTimer: PeerPlan['sessionTimer'];
  readonly fault: (what: string) => void;
  /** No phone rings for it any more. */
  readonly over: () => void;
}

/** How long a phone takes that thinks about a CANCEL, and one whose 200 crosses it, ms. */
const SLOW_CANCEL_MS = 2_000;
const CROSSING_MS = 3;
const PRACK_WAIT_MS = 100;
/** The least that RFC 4028 §4 allows. */
const SESSION_SECONDS = 90;

/** One INVITE of the server's at a carrier, with all phones that it forks to. */
export class Incoming {
  readonly callId: string;
  /** A phone has said that it rings. */
  rang = false;
  /** Rings on although it was cancelled: that is its own fault. */
  excused = false;
  readonly #transaction: AgentServerTransaction;
  readonly #plan: CalleePlan;
  readonly #host: IncomingHost;
  readonly #forks = new Map<number, AgentCall>();
  readonly #unacknowledged = new Set<AgentCall>();
  readonly #rseq = new Map<AgentCall, number>();
  #done = false;

  constructor(transaction: AgentServerTransaction, plan: CalleePlan, host: IncomingHost) {
    this.#transaction = transaction;
    this.#plan = plan;
    this.#host = host;
    this.callId = callIdOf(transaction.request);
  }

  get reachable(): boolean {
    return this.#transaction.reachable();
  }

  begin(): void {
    this.#transaction.cancelled = () => this.#cancelled();
    if (this.#plan.sendsTrying) this.#transaction.reply(100);
    for (const step of this.#plan.steps) this.#host.after(step.after, () => this.#step(step));
  }

  /** The test is over; whoever still rings is made to stop. */
  refuse(): void {
    if (this.#done || this.#transaction.final > 0) return;
    if (this.#transaction.last === undefined) {
      // Nobody has ever heard of this INVITE, and who sent it has given it up.
      this.#done = true;
      this.#host.over();
    } else this.#finish(480);
  }

  #fork(index: number): AgentCall {
    let call = this.#forks.get(index);
    if (call === undefined) {
      call = this.#host.newCall(index === 0 ? this.#transaction.tag : `${this.#transaction.tag}f${index}`);
      const made = call;
      made.excused = () => made.state === 'ringing' && !this.reachable;
      this.#forks.set(index, made);
      if (index > 0) this.#host.count('a fork speaks');
    }
    return call;
  }

  #step(step: CalleeStep): void {
    const { final } = this.#transaction;
    // Behind a 2xx only another fork's 2xx makes sense; behind a refusal nothing does.
    const late2xx = final >= 200 && final < 300 && step.status >= 200 && step.status < 300;
    const taken = this.#forks.get(step.fork)?.state;
    if (this.#done || (final > 0 && !late2xx) || (late2xx && taken !== undefined && taken !== 'ringing'))
      return;
    if (step.status < 200) this.#provisional(step);
    else if (step.status < 300) this.#answer(step.fork);
    // Whoever was sent here is here.
    else if (step.status < 400 && this.#host.order === 2) this.#answer(step.fork);
    else this.#finish(step.status);
  }

  /** Whether the server understands the extension. */
  #supports(tag: string): boolean {
    return fieldsOf(this.#transaction.request, 'supported').some((list) =>
      list.split(/\s*,\s*/).includes(tag),
    );
  }

  #provisional(step: CalleeStep): void {
    const call = this.#fork(step.fork);
    this.rang = true;
    const lines: Lines = [['Contact', this.#host.contact], ...(step.sdp ? this.#host.sdpFields : [])];
    const body = step.sdp ? call.sdp() : '';
    const reliably = step.reliable && this.#supports('100rel') && !this.#unacknowledged.has(call);
    if (reliably) this.#reliable(step.status, call, lines, body);
    else this.#transaction.reply(step.status, lines, body, call.localTag);
  }

  /** RFC 3262 §3: repeated until its PRACK, at T1, 2·T1 … */
  #reliable(status: number, call: AgentCall, lines: Lines, body: string): void {
    const rseq = (this.#rseq.get(call) ?? 100 * (status % 7)) + 1;
    this.#rseq.set(call, rseq);
    this.#unacknowledged.add(call);
    this.#host.count('reliable response of a peer');
    const more: Lines = [...lines, ['Require', '100rel'], ['RSeq', `${rseq}`]];
    const text = this.#transaction.reply(status, more, body, call.localTag);
    call.onPrack = (rack) => {
      this.#unacknowledged.delete(call);
      return rack === `${rseq} ${sequenceOf(this.#transaction.request)} INVITE`;
    };
    const repeatIn = (interval: number, left: number): void =>
      this.#host.after(Math.min(interval, left), () => {
        if (!this.#unacknowledged.has(call) || call.state !== 'ringing') return;
        if (this.#transaction.final > 0 || !this.reachable) return;
        if (left <= interval) {
          this.#host.fault(`no PRACK came for ${status} (${this.callId})`);
          this.#finish(504);
          return;
        }
        this.#transaction.repeat(text);
        repeatIn(interval * 2, left - interval);
      });
    repeatIn(T1, LIFE);
  }

  #answer(fork: number): void {
    const call = this.#fork(fork);
    if (this.#unacknowledged.has(call) && this.#transaction.final === 0) {
      // RFC 3262 §3: no 2xx before the PRACK of a response with SDP.
      this.#host.after(PRACK_WAIT_MS, () => {
        if (this.#done || call.state !== 'ringing') return;
        if (this.#transaction.final === 0) this.#answer(fork);
        else call.over();
      });
      return;
    }
    if (this.#transaction.final > 0) this.#host.count('a second fork answers');
    call.state = 'answered';
    this.#host.over();
    const lines: Lines = [
      ['Contact', this.#host.contact],
      ['Server', `${this.#host.secret}-server`],
      ['P-Asserted-Identity', `"${this.#host.secret}" <sip:${this.#host.secret}@home.invalid>`],
      ...this.#host.sdpFields,
      ...this.#timerFields(),
    ];
    const text = this.#transaction.reply(200, lines, call.sdp(), call.localTag);
    call.awaitAck(this.#transaction, text, () => {
      if (call.state !== 'answered') return;
      call.state = 'up';
      if (this.#host.sessionTimer === 'itself' && this.#supports('timer'))
        call.refreshEvery((SESSION_SECONDS / 2) * 1000);
      this.#host.up(call);
    });
    if (this.#plan.byeBeforeAck) call.bye();
    const { hangsUpAfter } = this.#plan;
    if (hangsUpAfter !== undefined) this.#host.after(hangsUpAfter, () => this.#hangUp(call));
    for (const [index, other] of this.#forks) {
      if (index !== fork && other.state === 'ringing' && !this.#answersLater(index)) other.over();
    }
  }

  /** RFC 4028 §9 */
  #timerFields(): Lines {
    const { sessionTimer } = this.#host;
    if (sessionTimer === 'none' || !this.#supports('timer')) return [];
    const refresher = sessionTimer === 'server' ? 'uac' : 'uas';
    return [
      ['Require', 'timer'],
      ['Session-Expires', `${SESSION_SECONDS};refresher=${refresher}`],
    ];
  }

  /** A phone cannot hang up before its 2xx was acknowledged. */
  #hangUp(call: AgentCall): void {
    if (call.state === 'up') call.bye();
    else if (call.state === 'answered') this.#host.after(200, () => this.#hangUp(call));
  }

  #answersLater(fork: number): boolean {
    return this.#plan.steps.some((step) => step.fork === fork && step.status >= 200 && step.status < 300);
  }

  #cancelled(): void {
    this.#host.count('CANCEL of the server');
    switch (this.#plan.onCancel) {
      case 'obey':
        this.#finish(487);
        return;
      case 'slow':
        this.#host.after(SLOW_CANCEL_MS, () => this.#finish(487));
        return;
      case 'late-200':
        this.#host.count('200 crossed the CANCEL of the server');
        this.#host.after(CROSSING_MS, () => {
          if (this.#transaction.final === 0) this.#answer(0);
        });
        return;
      case 'deaf':
        this.excused = true;
        // It would ring for ever; the phone's owner gives up in the end.
        this.#host.after(2 * LIFE, () => this.#finish(480));
    }
  }

  /** The second carrier has the number too; what is at the other address does not answer. */
  #movedTo(): string {
    const user = /^sips?:([^@]*)@/.exec(this.#transaction.request.uri)?.[1] ?? '';
    return this.#plan.sendsTrying
      ? `<sip:${user}@${CARRIERS[1].host}:${CARRIERS[1].port}>`
      : '<sip:moved@203.0.113.99>';
  }

  #finish(status: number): void {
    if (this.#done || this.#transaction.final > 0) return;
    this.#done = true;
    for (const call of this.#forks.values()) call.over();
    const contact: Lines = status >= 300 && status < 400 ? [['Contact', this.#movedTo()]] : [];
    this.#transaction.reply(status, contact);
    this.#host.over();
  }
}
