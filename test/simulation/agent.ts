import type { Clock } from '../../src/kernel/clock.ts';
import type { Address, Network } from '../../src/sip/transport/types.ts';
import { type AgentCall, type AgentCallContext, belongsTo } from './agent-call.ts';
import type { AgentServerTransaction } from './agent-server-transaction.ts';
import { AgentSockets } from './agent-sockets.ts';
import { AgentTransactions } from './agent-transactions.ts';
import type { Dice } from './dice.ts';
import type { PeerPlan, TalkAction } from './plan.ts';
import { toTag, type Wire } from './wire.ts';

export interface AgentOptions {
  /** `caller`, `carrier 1`, … */
  readonly name: string;
  readonly clock: Clock;
  readonly network: Network;
  readonly local: Address;
  readonly server: Address;
  readonly plan: PeerPlan;
  readonly dice: Dice;
  /** Where its phones want RTP. */
  readonly media: Address;
  /** Stands in all that it says about itself. */
  readonly secret: string;
  readonly neverAcks?: boolean;
  readonly count: (what: string) => void;
  readonly fault: (what: string) => void;
}

/** A simulated peer: its sockets, its transactions, its dialogs. Roles are added by `Phone` and `Carrier`. */
export abstract class Agent {
  readonly name: string;
  readonly calls: AgentCall[] = [];
  readonly transactions: AgentTransactions;
  /** Why what is left on its side says nothing about the server. */
  excuse: string | undefined;
  protected readonly options: AgentOptions;
  protected readonly context: AgentCallContext;
  readonly #sockets: AgentSockets;

  constructor(options: AgentOptions) {
    this.options = options;
    this.name = options.name;
    const { clock, network, local, server, plan, dice } = options;
    this.#sockets = new AgentSockets({
      network,
      local,
      server,
      transport: plan.transport,
      onMessage: (text, way) => this.transactions.receive(text, way),
      onBroken: () => this.transactions.broken(),
    });
    this.transactions = new AgentTransactions({
      clock,
      sockets: () => this.#sockets,
      local,
      transport: plan.transport,
      dice,
      onRequest: (transaction) => this.#onRequest(transaction),
      onAck: (ack) => this.calls.find((call) => belongsTo(call, ack))?.acked(ack),
      onStray2xx: (response) => this.onStray2xx(response),
      fault: (what) => this.fault(what),
    });
    this.context = {
      transactions: this.transactions,
      contact: this.contact,
      media: options.media,
      secret: options.secret,
      reOffers: plan.reOffers,
      neverAcks: options.neverAcks === true,
      count: options.count,
      fault: (what) => this.fault(what),
      onUp: (call) => this.#talk(call),
    };
  }

  protected get contact(): string {
    const { local, secret, plan } = this.options;
    const transport = plan.transport === 'udp' ? '' : ';transport=tcp';
    return `<sip:${secret}-contact@${local.host}:${local.port}${transport}>`;
  }

  /** Opens the sockets and sets the alarms of its plan. */
  async open(): Promise<void> {
    await this.#sockets.open();
    const { diesAt } = this.options.plan;
    if (diesAt !== undefined) {
      this.transactions.after(diesAt, () => {
        this.excuse = 'it went silent';
        this.transactions.fallSilent();
      });
    }
  }

  /** What is not over on its side, in words. */
  leftovers(): string[] {
    if (this.excuse !== undefined) return [];
    const calls = this.calls.filter((call) => !call.isOver && !call.excused());
    const open = calls.map((call) => `${this.name}: a call is still ${call.state} (${call.callId})`);
    const pending = this.transactions.open;
    return pending === 0 ? open : [...open, `${this.name}: ${pending} requests have had no answer`];
  }

  /** Ends everything that still goes on, the way its state asks for. */
  abstract hangUpAll(): void;

  /** Stops at once, without a word. */
  close(): void {
    this.transactions.fallSilent();
    this.#sockets.close();
  }

  protected fault(what: string): void {
    if (this.excuse === undefined) this.options.fault(`${this.name}: ${what}`);
  }

  protected abstract onInvite(transaction: AgentServerTransaction): void;
  protected abstract onStray2xx(response: Wire): void;

  #onRequest(transaction: AgentServerTransaction): void {
    const { request } = transaction;
    if (toTag(request) === '') {
      if (request.method === 'INVITE') this.onInvite(transaction);
      else transaction.reply(request.method === 'OPTIONS' ? 200 : 481);
      return;
    }
    const call = this.calls.find((known) => belongsTo(known, request));
    if (call === undefined) transaction.reply(481);
    else call.receive(transaction);
  }

  #talk(call: AgentCall): void {
    for (const action of this.options.plan.actions) {
      this.transactions.after(action.after, () => act(call, action));
    }
  }
}

function act(call: AgentCall, { kind }: TalkAction): void {
  if (call.state !== 'up') return;
  const gone = (status: number): void => {
    if (status === 481 || status === 408) call.bye();
  };
  switch (kind) {
    case 're-invite':
      call.reInvite('sendrecv', false);
      return;
    case 'hold':
      call.reInvite('sendonly', false);
      return;
    case 'late-re-invite':
      call.reInvite('sendrecv', true);
      return;
    case 'update':
      call.ask('UPDATE', gone, call.sdpFields(), call.sdp());
      return;
    case 'info':
      call.ask('INFO', gone, [['Content-Type', 'application/dtmf-relay']], 'Signal=5\r\nDuration=100\r\n');
      return;
    case 'options':
      call.ask('OPTIONS', gone);
      return;
    case 'refer':
      call.ask('REFER', gone, [['Refer-To', '<sip:+79031234567@192.0.2.1>']]);
      return;
    case 'message':
      call.ask('MESSAGE', () => {}, [['Content-Type', 'text/plain']], 'hello there');
  }
}
