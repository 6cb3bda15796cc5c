/**
 * Reliable provisional responses of ours (RFC 3262 §3; PITFALLS row 13): sent again until their PRACK comes.
 *
 * - One at a time: the next leaves when the one before has its PRACK, so that order is never in question.
 * - Repeated after T1, 2·T1, 4·T1 … without a cap; after 64·T1 without PRACK the INVITE is to be refused with a 5xx.
 * - A PRACK belongs to a response by RAck: its RSeq, and the CSeq of the INVITE. Any other gets 481.
 * - A final response ends the repeating, but a PRACK that comes after it is still right, and gets its 200.
 * - While one with SDP waits for its PRACK, no 2xx may leave: whoever sends it asks `holdsAnswer`.
 */
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { cseq } from '../message/fields.ts';
import type { SipRequest } from '../message/types.ts';
import type { TimerSettings } from '../transaction/timers.ts';
import type { ExtraHeaders } from './types.ts';

export interface Provisional {
  readonly status: number;
  readonly sdp: string | undefined;
  readonly headers: ExtraHeaders;
}

export interface ReliableProvisionalsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerSettings;
  readonly invite: SipRequest;
  /** Puts it on the wire, with these fields besides its own. Called again for each repetition. */
  send(provisional: Provisional, fields: ExtraHeaders): void;
  /** It leaves for the first time. Returns the provisional as it may leave now: SDP only where it has not been said before. */
  prepare(provisional: Provisional): Provisional;
  /** 64·T1 without PRACK. */
  onGiveUp(): void;
}

/** §3: the first number is below 2^31; the rest of the 32 bits is more than any call counts through. */
const FIRST_RSEQ_BELOW = 2 ** 31 - 1;

export class ReliableProvisionals {
  readonly #options: ReliableProvisionalsOptions;
  readonly #waiting: Provisional[] = [];
  #rseq: number;
  #open: { readonly rseq: number; readonly provisional: Provisional } | undefined;
  #repeat: TimerHandle | undefined;
  #giveUp: TimerHandle | undefined;
  #final = false;

  constructor(options: ReliableProvisionalsOptions) {
    this.#options = options;
    this.#rseq = options.random.int(FIRST_RSEQ_BELOW);
  }

  /** Whether any has left that no PRACK has come for yet. */
  get outstanding(): boolean {
    return this.#open !== undefined;
  }

  /** Whether a 2xx has to wait (§3, §5). */
  get holdsAnswer(): boolean {
    return this.#open?.provisional.sdp !== undefined;
  }

  send(provisional: Provisional): void {
    if (this.#final) return;
    this.#waiting.push(provisional);
    this.#next();
  }

  /** Those that have not left never will: a 2xx is about to take their place. */
  dropWaiting(): void {
    this.#waiting.length = 0;
  }

  /** A PRACK: the provisional that it acknowledges, or undefined where it matches none (481). */
  acknowledged(prack: SipRequest): Provisional | undefined {
    const open = this.#open;
    const { sequence, method } = cseq(this.#options.invite);
    const rack = (prack.headers.get('RAck') ?? '').trim().split(/\s+/);
    if (open === undefined || rack.join(' ') !== `${open.rseq} ${sequence} ${method}`) return undefined;
    this.#stopRepeating();
    this.#open = undefined;
    return open.provisional;
  }

  /** After the PRACK was answered: the next one, if any waits. */
  resume(): void {
    this.#next();
  }

  /** A final response was sent, or the session ended. */
  finish(): void {
    this.#final = true;
    this.dropWaiting();
    this.#stopRepeating();
  }

  #next(): void {
    if (this.#open !== undefined || this.#final) return;
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    const provisional = this.#options.prepare(asked);
    this.#rseq += 1;
    this.#open = { rseq: this.#rseq, provisional };
    const { clock, timers, onGiveUp } = this.#options;
    this.#giveUp = clock.setTimeout(() => {
      this.finish();
      onGiveUp();
    }, 64 * timers.t1);
    this.#transmit(provisional, timers.t1);
  }

  #transmit(provisional: Provisional, interval: number): void {
    this.#repeat = this.#options.clock.setTimeout(() => this.#transmit(provisional, interval * 2), interval);
    this.#options.send(provisional, [
      ['Require', '100rel'],
      ['RSeq', String(this.#rseq)],
    ]);
  }

  #stopRepeating(): void {
    this.#options.clock.clearTimeout(this.#repeat);
    this.#options.clock.clearTimeout(this.#giveUp);
    this.#repeat = undefined;
    this.#giveUp = undefined;
  }
}
