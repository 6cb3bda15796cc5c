/** The client half of the transaction layer: starts transactions and gives them their responses (§17.1). */
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { cancelFor } from '../message/build.ts';
import { cseq } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { formatVia } from '../message/via.ts';
import type { Flow, Transport } from '../transport/types.ts';
import { InviteClient } from './client-invite.ts';
import { NonInviteClient } from './client-non-invite.ts';
import { LiveTransactions } from './live-transactions.ts';
import type { MachineContext } from './machine-context.ts';
import { clientKey, MAGIC_COOKIE } from './matching.ts';
import type { TimerSettings } from './timers.ts';
import type { ClientHandlers, ClientTransaction } from './types.ts';

/** Of a CANCEL nobody needs to know the outcome: the INVITE's own final response tells (§9.1). */
const NOBODY: ClientHandlers = { onResponse: () => {}, onFailure: () => {} };

export interface ClientSideOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerSettings;
}

export class ClientTransactions {
  readonly live = new LiveTransactions<InviteClient | NonInviteClient>();
  readonly #options: ClientSideOptions;

  constructor(options: ClientSideOptions) {
    this.#options = options;
  }

  send(request: SipRequest, flow: Flow, handlers: ClientHandlers): ClientTransaction {
    if (request.method === 'ACK') throw new Error('an ACK has no transaction; use sendAck');
    return this.#start(this.withVia(request, flow), flow, handlers);
  }

  /** §9.1: by branch and sent-by it belongs to the INVITE, whichever connection it comes over. */
  cancelOn(invite: SipRequest, flow: Flow): void {
    this.#start(cancelFor(invite), flow, NOBODY);
  }

  /** Whether a transaction was waiting for the response. */
  receive(response: SipResponse): boolean {
    const transaction = this.live.find(clientKey(response));
    transaction?.receive(response);
    return transaction !== undefined;
  }

  /** A copy of the request with our Via on top: fresh branch, and `rport` always (RFC 3581 §3, PITFALLS row 21). */
  withVia(request: SipRequest, flow: Flow): SipRequest {
    const headers = request.headers.clone();
    headers.prepend(
      'Via',
      formatVia({
        transport: flow.transport.toUpperCase(),
        host: flow.advertised.host,
        port: flow.advertised.port,
        params: new Map([
          ['branch', `${MAGIC_COOKIE}${this.#options.random.token(10)}`],
          ['rport', null],
        ]),
      }),
    );
    return { ...request, headers };
  }

  #start(request: SipRequest, flow: Flow, handlers: ClientHandlers): ClientTransaction {
    const key = clientKey(request);
    const context: MachineContext = {
      clock: this.#options.clock,
      settings: this.#options.timers,
      send: (message, path) => this.#options.transport.send(message, path),
      onTerminated: () => this.live.remove(key),
    };
    const transaction =
      cseq(request).method === 'INVITE'
        ? new InviteClient(request, flow, handlers, {
            ...context,
            sendCancel: (cancel, path) => this.#start(cancel, path, NOBODY),
          })
        : new NonInviteClient(request, flow, handlers, context);
    this.live.add(key, transaction);
    transaction.start();
    // A flow that is closed already has told its end to those who were there; a newcomer is told by us, but not before
    // the caller holds the transaction.
    if (!flow.isOpen) this.#options.clock.setTimeout(() => transaction.flowClosed(), 0);
    return transaction;
  }
}
