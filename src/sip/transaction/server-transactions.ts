/** The server half of the transaction layer: matches requests, answers CANCEL, absorbs what is over (§17.2). */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import type { SipRequest } from '../message/types.ts';
import type { Flow, Transport } from '../transport/types.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { TransactionLimits } from './limits.ts';
import { LiveTransactions } from './live-transactions.ts';
import type { ServerMachineContext } from './machine-context.ts';
import { sameToTag, serverKey } from './matching.ts';
import { OpenRequests } from './open-requests.ts';
import { InviteServer } from './server-invite.ts';
import { NonInviteServer } from './server-non-invite.ts';
import type { TimerSettings } from './timers.ts';
import type { ServerTransaction, TransactionUser } from './types.ts';

/** Bytes of our To tags: 64 bits, twice what §19.3 asks for. */
const TAG_BYTES = 8;

export interface ServerSideOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly timers: TimerSettings;
  readonly limits: TransactionLimits;
  readonly user: () => TransactionUser | undefined;
}

export class ServerTransactions {
  readonly live = new LiveTransactions<InviteServer | NonInviteServer>();
  /** What ended less than 64·T1 ago. `accepted`: an INVITE with a 2xx, whose ACK belongs to a dialog. */
  readonly finished: ExpiringMap<{ readonly accepted: boolean }>;
  readonly open = new OpenRequests();
  readonly #options: ServerSideOptions;

  constructor(options: ServerSideOptions) {
    this.#options = options;
    this.finished = new ExpiringMap(options.clock, 64 * options.timers.t1, options.limits.finished);
  }

  receive(request: SipRequest, flow: Flow): void {
    const key = serverKey(request);
    const transaction = this.live.find(key);
    if (request.method === 'ACK') {
      this.#receiveAck(request, flow, key, transaction);
      return;
    }
    if (transaction !== undefined) {
      if (sameToTag(request, transaction)) transaction.receive(request);
      return;
    }
    // PITFALLS row 6: a copy that comes after the transaction has ended is dropped.
    if (this.finished.get(key) !== undefined) return;
    if (request.method === 'CANCEL') this.#receiveCancel(request, flow, key);
    else if (request.method === 'INVITE') this.#begin(this.#invite(request, flow, key));
    else this.#begin(this.#nonInvite(request, flow, key));
  }

  isMerged(transaction: ServerTransaction): boolean {
    return this.open.isMerged(transaction);
  }

  #receiveAck(
    request: SipRequest,
    flow: Flow,
    key: string,
    transaction: InviteServer | NonInviteServer | undefined,
  ): void {
    if (transaction instanceof InviteServer && sameToTag(request, transaction)) {
      // Peers that reuse the INVITE's branch for the ACK to a 2xx, as RFC 2543 did (§17.2.3, RFC 6026 §7.1).
      if (transaction.accepted) this.#options.user()?.onAck(request, flow);
      else transaction.receive(request);
      return;
    }
    if (this.finished.get(key)?.accepted === false) return;
    this.#options.user()?.onAck(request, flow);
  }

  #receiveCancel(request: SipRequest, flow: Flow, key: string): void {
    const invite = this.live.find(serverKey(request, 'INVITE'));
    const matched = invite instanceof InviteServer;
    // §9.2: the To tag of both answers is the same.
    const cancel = this.#nonInvite(request, flow, key, matched ? invite.localTag : undefined);
    cancel.reply(matched ? 200 : 481);
    if (matched) invite.cancelled();
  }

  /** Hands a new request to the user. One that throws, or is not there, costs the peer a 500 or 503 and us nothing. */
  #begin(transaction: InviteServer | NonInviteServer): void {
    const user = this.#options.user();
    if (user === undefined) {
      transaction.reply(503);
      return;
    }
    this.open.add(transaction);
    try {
      if (transaction instanceof InviteServer) user.onInvite(transaction);
      else user.onRequest(transaction);
    } catch (error) {
      this.#options.log.error({ err: error }, 'a request could not be handled; report this with the stack');
      if (transaction.open) transaction.reply(500);
    }
  }

  #invite(request: SipRequest, flow: Flow, key: string): InviteServer {
    const unansweredMs = this.#options.limits.inviteUnansweredMs;
    const transaction: InviteServer = new InviteServer(
      request,
      flow,
      this.#options.random.token(TAG_BYTES),
      this.#context(unansweredMs, () => this.#ended(key, transaction, transaction.accepted)),
    );
    this.live.add(key, transaction);
    return transaction;
  }

  #nonInvite(request: SipRequest, flow: Flow, key: string, tag?: string): NonInviteServer {
    const unansweredMs = this.#options.limits.requestUnansweredMs;
    const transaction: NonInviteServer = new NonInviteServer(
      request,
      flow,
      tag ?? this.#options.random.token(TAG_BYTES),
      this.#context(unansweredMs, () => this.#ended(key, transaction, false)),
    );
    this.live.add(key, transaction);
    return transaction;
  }

  #context(unansweredMs: number, onTerminated: () => void): ServerMachineContext {
    const { transport, clock, timers } = this.#options;
    return {
      clock,
      settings: timers,
      unansweredMs,
      sendResponse: (response, flow) => transport.sendResponse(response, flow),
      onTerminated,
    };
  }

  #ended(key: string, transaction: ServerTransaction, accepted: boolean): void {
    this.live.remove(key);
    this.open.remove(transaction);
    this.finished.set(key, { accepted });
  }
}
