/**
 * The transaction layer (RFC 3261 §17, RFC 6026): between the transport, whose user it is, and a `TransactionUser` above.
 *
 *   new TransactionLayer({ transport, clock, random, log, timers?, limits? })
 *
 * The page that the layers above read is types.ts.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { cseq } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { Flow, Transport, TransportUser } from '../transport/types.ts';
import { ClientTransactions } from './client-transactions.ts';
import { DEFAULT_LIMITS, type TransactionLimits } from './limits.ts';
import { ServerTransactions } from './server-transactions.ts';
import { DEFAULT_TIMERS, type TimerSettings } from './timers.ts';
import type {
  ClientHandlers,
  ClientTransaction,
  ServerTransaction,
  Transactions,
  TransactionUser,
} from './types.ts';

export interface TransactionLayerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly timers?: Partial<TimerSettings>;
  readonly limits?: Partial<TransactionLimits>;
}

export class TransactionLayer implements Transactions, TransportUser {
  user: TransactionUser | undefined;
  readonly #transport: Transport;
  readonly #log: Logger;
  readonly #clients: ClientTransactions;
  readonly #servers: ServerTransactions;
  #closed = false;

  constructor(options: TransactionLayerOptions) {
    const { transport, clock, random, log } = options;
    const timers = { ...DEFAULT_TIMERS, ...options.timers };
    this.#transport = transport;
    this.#log = log;
    this.#clients = new ClientTransactions({ transport, clock, random, timers });
    this.#servers = new ServerTransactions({
      transport,
      clock,
      random,
      log,
      timers,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      user: () => this.user,
    });
    transport.user = this;
  }

  send(request: SipRequest, flow: Flow, handlers: ClientHandlers): ClientTransaction {
    return this.#clients.send(request, flow, handlers);
  }

  cancelOn(invite: SipRequest, flow: Flow): void {
    // The way to the peer may have opened while the node stopped.
    if (!this.#closed) this.#clients.cancelOn(invite, flow);
  }

  sendAck(ack: SipRequest, flow: Flow): SipRequest {
    const sent = ack.headers.has('Via') ? ack : this.#clients.withVia(ack, flow);
    this.#transport.send(sent, flow);
    return sent;
  }

  isMerged(transaction: ServerTransaction): boolean {
    return this.#servers.isMerged(transaction);
  }

  get counts(): { readonly live: number; readonly finished: number } {
    return {
      live: this.#clients.live.size + this.#servers.live.size,
      finished: this.#servers.finished.size,
    };
  }

  get unfinished(): number {
    return this.#clients.live.unfinished + this.#servers.live.unfinished;
  }

  close(): void {
    this.#closed = true;
    this.#clients.live.closeAll();
    this.#servers.live.closeAll();
  }

  onRequest(request: SipRequest, flow: Flow): void {
    this.#guarded('request', () => this.#servers.receive(request, flow));
  }

  onResponse(response: SipResponse, flow: Flow): void {
    this.#guarded('response', () => {
      if (this.#clients.receive(response)) return;
      const isSuccess = response.status >= 200 && response.status < 300;
      // §13.2.2.4: a 2xx outlives its transaction; anything else without one is dropped (§18.1.2).
      if (isSuccess && cseq(response).method === 'INVITE') this.user?.onStray2xx(response, flow);
    });
  }

  onFlowClosed(flow: Flow): void {
    this.#clients.live.flowClosed(flow);
    this.#servers.live.flowClosed(flow);
  }

  /** A message from the network must not bring the server down, whatever the layers above make of it. */
  #guarded(what: string, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#log.error({ err: error, what }, 'a message could not be handled; report this with the stack');
    }
  }
}
