import type { TimerHandle } from '../../src/kernel/clock.ts';
import type { Address } from '../../src/sip/transport/types.ts';
import type { AgentServerTransaction } from './agent-server-transaction.ts';
import { type AgentTransactions, LIFE, T1 } from './agent-transactions.ts';
import type { ReOfferManner } from './plan.ts';
import {
  callIdOf,
  field,
  fromTag,
  type Lines,
  sequenceOf,
  toTag,
  uriOf,
  type Wire,
  writeWire,
} from './wire.ts';

/** `leaving`: our BYE is under way. */
export type AgentCallState = 'inviting' | 'ringing' | 'answered' | 'up' | 'leaving' | 'over';

/** What the calls of one peer share. */
export interface AgentCallContext {
  readonly transactions: AgentTransactions;
  readonly contact: string;
  readonly media: Address;
  /** Stands in o= and s=, where the other side must not read it. */
  readonly secret: string;
  readonly reOffers: ReOfferManner;
  readonly neverAcks: boolean;
  readonly count: (what: string) => void;
  readonly fault: (what: string) => void;
  /** Talks now; what it does meanwhile can begin. */
  readonly onUp: (call: AgentCall) => void;
}

const T2 = 4000;
/** A peer that thinks about an offer for so long, ms. */
const SLOW_MS = 1_500;

/** One dialog of a simulated peer, early or confirmed. */
export class AgentCall {
  state: AgentCallState = 'inviting';
  readonly callId: string;
  readonly localTag: string;
  remoteTag = '';
  /** The URI where the server wants requests of this dialog. */
  target: string;
  /** Address fields without tag. */
  readonly local: string;
  readonly remote: string;
  localSequence: number;
  remoteSequence = 0;
  readonly #context: AgentCallContext;
  /** ACKs of 2xx that came, by CSeq: a 2xx that comes again gets the same. */
  readonly #acks = new Map<number, string>();
  readonly #awaiting = new Map<number, { stop(): void }>();
  #version = 0;
  #offering = false;

  constructor(
    context: AgentCallContext,
    facts: {
      callId: string;
      localTag: string;
      local: string;
      remote: string;
      target: string;
      sequence: number;
    },
  ) {
    this.#context = context;
    this.callId = facts.callId;
    this.localTag = facts.localTag;
    this.local = facts.local;
    this.remote = facts.remote;
    this.target = facts.target;
    this.localSequence = facts.sequence;
  }

  /**
   * Rings for an INVITE whose connection is gone. Its CANCEL comes over another one, unless no provisional response had got
   * through: then none may be sent (RFC 3261 §9.1).
   */
  excused: () => boolean = () => false;

  get isOver(): boolean {
    return this.state === 'over';
  }

  sdp(direction = 'sendrecv'): string {
    const { media, secret } = this.#context;
    this.#version += 1;
    return [
      'v=0',
      `o=${secret} ${secret.length}7654321 ${this.#version} IN IP4 ${media.host}`,
      `s=${secret}-session`,
      `c=IN IP4 ${media.host}`,
      't=0 0',
      `m=audio ${media.port} RTP/AVP 8 0 101`,
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      `a=${direction}`,
      '',
    ].join('\r\n');
  }

  sdpFields(): Lines {
    return [['Content-Type', 'application/sdp']];
  }

  /** A dialog of a 2xx or 18x to an INVITE of this peer's. */
  learn(response: Wire): void {
    this.remoteTag = toTag(response);
    const contact = field(response, 'contact');
    if (contact !== '') this.target = uriOf(contact);
  }

  /** Sends a request inside the dialog. */
  ask(method: string, done: (status: number, response?: Wire) => void, lines: Lines = [], body = ''): string {
    this.localSequence += 1;
    const all = this.#lines(this.localSequence, method, [['Contact', this.#context.contact], ...lines]);
    const transaction = this.#context.transactions.request(
      method,
      this.target,
      all,
      {
        onResponse: (response) => {
          if (response.status >= 200) done(response.status, response);
        },
        onFailure: () => done(408),
      },
      { body },
    );
    return transaction.branch;
  }

  bye(): void {
    if (this.state === 'over' || this.state === 'leaving') return;
    this.state = 'leaving';
    this.#stopWaiting();
    this.ask('BYE', () => {
      this.over();
    });
  }

  over(): void {
    this.state = 'over';
    this.#stopWaiting();
  }

  /** ACK of a 2xx to an INVITE or re-INVITE with that CSeq; `sdp` is the answer where the 2xx had the offer. */
  acknowledge(response: Wire, sdp: string | undefined): void {
    if (this.#context.neverAcks) return;
    const sequence = sequenceOf(response);
    let ack = this.#acks.get(sequence);
    if (ack === undefined) {
      const { transactions } = this.#context;
      const lines = this.#lines(sequence, 'ACK', sdp === undefined ? [] : this.sdpFields());
      const via = transactions.via(transactions.newBranch());
      ack = writeWire(`ACK ${this.target} SIP/2.0`, [via, ['Max-Forwards', '70'], ...lines], sdp);
      this.#acks.set(sequence, ack);
    } else this.#context.count('2xx repeated by the server');
    this.#context.transactions.send(ack);
  }

  hasAcked(response: Wire): boolean {
    return this.#acks.has(sequenceOf(response));
  }

  /** A re-INVITE of this peer's. */
  reInvite(direction: string, late: boolean): void {
    if (this.state !== 'up' || this.#offering) return;
    this.#offering = true;
    const body = late ? '' : this.sdp(direction);
    const done = (status: number, response?: Wire): void => {
      this.#offering = false;
      this.#context.count(`re-INVITE of a peer: ${status}`);
      if (response !== undefined && status < 300) {
        this.acknowledge(response, late ? this.sdp(direction) : undefined);
      } else if (status === 481 || status === 408) this.bye();
    };
    this.ask('INVITE', done, late ? [] : this.sdpFields(), body);
  }

  /** Repeats a 2xx until its ACK comes (§13.3.1.4). */
  awaitAck(transaction: AgentServerTransaction, text: string, onAck: () => void): void {
    const sequence = sequenceOf(transaction.request);
    const { transactions, fault } = this.#context;
    let timer: TimerHandle | undefined;
    const repeatIn = (interval: number, left: number): void => {
      timer = transactions.after(Math.min(interval, left), () => {
        if (left <= interval) {
          this.#awaiting.delete(sequence);
          fault(`no ACK came for 200 to INVITE (${this.callId}, CSeq ${sequence})`);
          this.bye();
          return;
        }
        transaction.repeat(text);
        repeatIn(Math.min(interval * 2, T2), left - interval);
      });
    };
    repeatIn(T1, LIFE);
    const stop = (): void => transactions.clear(timer);
    this.#awaiting.set(sequence, { stop });
    this.#onAck.set(sequence, onAck);
  }

  readonly #onAck = new Map<number, () => void>();

  /** An ACK that the server sent inside this dialog. */
  acked(ack: Wire): void {
    const sequence = sequenceOf(ack);
    const waiting = this.#awaiting.get(sequence);
    if (waiting === undefined) {
      this.#context.count('ACK repeated by the server');
      return;
    }
    waiting.stop();
    this.#awaiting.delete(sequence);
    this.#onAck.get(sequence)?.();
  }

  /** RFC 4028 §7.2 and §10: refreshes at half the interval, as long as it is up. */
  refreshEvery(ms: number): void {
    this.#context.transactions.after(ms, () => {
      if (this.state !== 'up') return;
      this.#context.count('session refreshed by a peer');
      const lines: Lines = [
        ['Supported', 'timer'],
        ['Session-Expires', `${(2 * ms) / 1000};refresher=uac`],
      ];
      this.ask(
        'UPDATE',
        (status) => {
          if (status === 481 || status === 408) this.bye();
        },
        lines,
      );
      this.refreshEvery(ms);
    });
  }

  /** Takes a PRACK that the server sent in this dialog; false when it fits nothing. */
  onPrack: ((rack: string) => boolean) | undefined;

  /** A request that the server sent inside this dialog. */
  receive(transaction: AgentServerTransaction): void {
    const { request } = transaction;
    const { method } = request;
    const sequence = sequenceOf(request);
    if (sequence <= this.remoteSequence) {
      transaction.reply(500);
      return;
    }
    this.remoteSequence = sequence;
    const contact = field(request, 'contact');
    if (method === 'BYE') {
      transaction.reply(200);
      this.#context.count(this.state === 'leaving' ? 'BYE crossed BYE' : 'BYE of the server');
      this.over();
    } else if (this.state === 'over' || this.state === 'leaving') transaction.reply(481);
    else if (method === 'INVITE') this.#reOffered(transaction, contact);
    else if (method === 'UPDATE') this.#updated(transaction, contact);
    else if (method === 'PRACK') {
      const fits = this.onPrack?.(field(request, 'rack')) === true;
      if (!fits) this.#context.fault(`a PRACK for nothing: ${field(request, 'rack')}`);
      transaction.reply(fits ? 200 : 481);
    } else if (method === 'REFER') transaction.reply(603);
    else transaction.reply(200);
  }

  #reOffered(transaction: AgentServerTransaction, contact: string): void {
    const { reOffers, count, transactions } = this.#context;
    count('re-INVITE of the server');
    if (this.#offering || this.#awaiting.size > 0) {
      count('glare: the server sent a re-INVITE into ours');
      transaction.reply(491);
      return;
    }
    if (contact !== '') this.target = uriOf(contact);
    let answered = false;
    transaction.cancelled = () => {
      answered = true;
      transaction.reply(487);
    };
    const answer = (): void => {
      if (answered) return;
      if (this.state === 'over') {
        transaction.reply(487);
        return;
      }
      const lines: Lines = [['Contact', this.#context.contact], ...this.sdpFields()];
      const text = transaction.reply(200, lines, this.sdp(), this.localTag);
      this.awaitAck(transaction, text, () => {});
    };
    if (reOffers === 'refuse') transaction.reply(488);
    else if (reOffers === 'glare') transaction.reply(491);
    else if (reOffers === 'slow') {
      transaction.reply(100);
      transactions.after(SLOW_MS, answer);
    } else answer();
  }

  #updated(transaction: AgentServerTransaction, contact: string): void {
    if (contact !== '') this.target = uriOf(contact);
    const lines: Lines = [['Contact', this.#context.contact]];
    if (transaction.request.body === '') transaction.reply(200, lines);
    else if (this.#offering) transaction.reply(491);
    else transaction.reply(200, [...lines, ...this.sdpFields()], this.sdp());
  }

  #stopWaiting(): void {
    for (const waiting of this.#awaiting.values()) waiting.stop();
    this.#awaiting.clear();
  }

  #lines(sequence: number, method: string, more: Lines): Lines {
    const remote = this.remoteTag === '' ? this.remote : `${this.remote};tag=${this.remoteTag}`;
    return [
      ['From', `${this.local};tag=${this.localTag}`],
      ['To', remote],
      ['Call-ID', this.callId],
      ['CSeq', `${sequence} ${method}`],
      ...more,
    ];
  }
}

/** Whether the request belongs to the dialog: Call-ID and both tags (§12). */
export function belongsTo(call: AgentCall, request: Wire): boolean {
  return (
    call.callId === callIdOf(request) &&
    call.localTag === toTag(request) &&
    (call.remoteTag === '' || call.remoteTag === fromTag(request))
  );
}

export const addressOf = (value: string): string => value.replace(/;\s*tag=[^;\s]+/i, '');
