/**
 * The two halves of the 2xx/ACK handshake (RFC 3261 §13.2.2.4 and §13.3.1.4; PITFALLS row 3). Both are independent of
 * the session: they live on after it has ended.
 */
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { response as buildResponse } from '../message/build.ts';
import { callId, cseq, fromTag, toTag } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { ExpiringMap } from '../transaction/expiring-map.ts';
import type { TimerSettings } from '../transaction/timers.ts';
import type { InviteServerTransaction, ReplyOptions } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';

export interface Accepted2xxOptions {
  /** Every handshake that goes on is a member of this. */
  readonly handshakes: Set<Accepted2xx>;
  readonly clock: Clock;
  readonly timers: TimerSettings;
  readonly transaction: InviteServerTransaction;
  /** The 2xx; sent at once, and again until the ACK. */
  readonly response: SipResponse;
  /** 64·T1 have passed without an ACK. */
  onGiveUp(): void;
}

/** A 200 with the transaction's To tag. */
export function success2xx(transaction: InviteServerTransaction, options: ReplyOptions): SipResponse {
  return buildResponse(transaction.request, 200, { ...options, toTag: transaction.localTag });
}

/** UAS: sends a 2xx and repeats it, on any transport, at T1, 2·T1 … T2, until the ACK comes or 64·T1 have passed. */
export class Accepted2xx {
  readonly #options: Accepted2xxOptions;
  #interval: number;
  #repeat: TimerHandle | undefined;
  #giveUp: TimerHandle | undefined;

  constructor(options: Accepted2xxOptions) {
    this.#options = options;
    this.#interval = options.timers.t1;
    options.handshakes.add(this);
    options.transaction.respond(options.response);
    // Armed once: no retransmission prolongs it.
    this.#giveUp = options.clock.setTimeout(() => {
      this.stop();
      options.onGiveUp();
    }, 64 * options.timers.t1);
    this.#armRepeat();
  }

  /** The ACK came, or the peer's BYE. */
  stop(): void {
    this.#options.clock.clearTimeout(this.#repeat);
    this.#options.clock.clearTimeout(this.#giveUp);
    this.#repeat = undefined;
    this.#giveUp = undefined;
    this.#options.handshakes.delete(this);
  }

  #armRepeat(): void {
    this.#repeat = this.#options.clock.setTimeout(() => {
      this.#interval = Math.min(this.#interval * 2, this.#options.timers.t2);
      this.#armRepeat();
      this.#options.transaction.respond(this.#options.response);
    }, this.#interval);
  }
}

/**
 * UAC: the ACKs of the last 64·T1, by Call-ID, tags and CSeq. Every retransmission of the 2xx gets the very same ACK,
 * also while a re-INVITE runs and after the call is over.
 */
export class AckStore {
  /** Undefined: the ACK is about to be sent, as soon as its way is known. */
  readonly #acks: ExpiringMap<{ readonly ack: SipRequest; readonly flow: Flow } | undefined>;
  readonly #send: (ack: SipRequest, flow: Flow) => void;

  /** `send` passes a finished ACK to the transaction layer. At most `limit` ACKs are kept. */
  constructor(
    clock: Clock,
    timers: TimerSettings,
    limit: number,
    send: (ack: SipRequest, flow: Flow) => void,
  ) {
    this.#acks = new ExpiringMap(clock, 64 * timers.t1, limit);
    this.#send = send;
  }

  get size(): number {
    return this.#acks.size;
  }

  /** An ACK is on its way out: retransmissions of the 2xx that come before it need none of their own. */
  expect(response: SipResponse): void {
    this.#acks.set(keyOf(response), undefined);
  }

  /** There will be no ACK. */
  forget(response: SipResponse): void {
    this.#acks.delete(keyOf(response));
  }

  put(response: SipResponse, ack: SipRequest, flow: Flow): void {
    this.#acks.set(keyOf(response), { ack, flow });
  }

  /** Whether the 2xx had been acknowledged before; then it now was once more. `arrival` is used if the flow is gone. */
  resend(response: SipResponse, arrival?: Flow): boolean {
    const key = keyOf(response);
    if (!this.#acks.has(key)) return false;
    const known = this.#acks.get(key);
    if (known === undefined) return true;
    this.#send(known.ack, known.flow.isOpen || arrival === undefined ? known.flow : arrival);
    return true;
  }

  clear(): void {
    this.#acks.clear();
  }
}

function keyOf(response: SipResponse): string {
  return [callId(response), fromTag(response), toTag(response), cseq(response).sequence].join('\n');
}
