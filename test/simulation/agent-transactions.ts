/**
 * Transactions of the simulated peers, after RFC 3261 §17 and RFC 6026, written apart from ours. What is not as the RFC
 * says on our side is told to `fault`.
 */
import type { Clock, TimerHandle } from '../../src/kernel/clock.ts';
import type { Address } from '../../src/sip/transport/types.ts';
import { AgentServerTransaction } from './agent-server-transaction.ts';
import type { AgentSockets, Way } from './agent-sockets.ts';
import type { Dice } from './dice.ts';
import {
  branchOf,
  callIdOf,
  field,
  fieldsOf,
  type Lines,
  methodOf,
  readWire,
  type Wire,
  writeWire,
} from './wire.ts';

export const T1 = 500;
const T2 = 4000;
export const LIFE = 64 * T1;

export interface AgentTransactionsOptions {
  readonly clock: Clock;
  readonly sockets: () => AgentSockets;
  readonly local: Address;
  readonly transport: 'udp' | 'tcp';
  readonly dice: Dice;
  readonly onRequest: (transaction: AgentServerTransaction) => void;
  /** ACK of a 2xx. */
  readonly onAck: (ack: Wire) => void;
  /** A 2xx that belongs to no transaction any more. */
  readonly onStray2xx: (response: Wire) => void;
  /** The server has broken a rule. */
  readonly fault: (what: string) => void;
}

export interface AgentHandlers {
  onResponse(response: Wire): void;
  onFailure(): void;
}

/** A request of the peer's on its way. */
export interface AgentClientTransaction {
  readonly branch: string;
  readonly method: string;
  readonly uri: string;
  readonly lines: Lines;
  readonly done: boolean;
}

interface Client extends AgentClientTransaction {
  done: boolean;
  readonly text: string;
  readonly handlers: AgentHandlers;
  provisional: boolean;
  /** The ACK of its non-2xx final, for retransmissions of that. */
  ack: string | undefined;
  repeat: TimerHandle | undefined;
  timeout: TimerHandle | undefined;
}

export class AgentTransactions {
  readonly #options: AgentTransactionsOptions;
  readonly #clients = new Map<string, Client>();
  readonly #servers = new Map<string, AgentServerTransaction>();
  readonly #timers = new Set<TimerHandle>();
  #silent = false;

  constructor(options: AgentTransactionsOptions) {
    this.#options = options;
  }

  /** Client transactions that wait for a final response. */
  get open(): number {
    return [...this.#clients.values()].filter(({ done }) => !done).length;
  }

  /** From now on nobody is there. */
  fallSilent(): void {
    this.#silent = true;
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
    for (const client of this.#clients.values()) client.done = true;
  }

  get silent(): boolean {
    return this.#silent;
  }

  newBranch(): string {
    return `z9hG4bK${this.#options.dice.random.token(6)}`;
  }

  via(branch: string): readonly [string, string] {
    const { transport, local } = this.#options;
    return ['Via', `SIP/2.0/${transport.toUpperCase()} ${local.host}:${local.port};branch=${branch};rport`];
  }

  /** A timer that dies with the peer. */
  after(ms: number, callback: () => void): TimerHandle {
    const { clock } = this.#options;
    const handle = clock.setTimeout(() => {
      this.#timers.delete(handle);
      callback();
    }, ms);
    this.#timers.add(handle);
    return handle;
  }

  clear(handle: TimerHandle | undefined): void {
    if (handle === undefined) return;
    this.#timers.delete(handle);
    this.#options.clock.clearTimeout(handle);
  }

  send(text: string): void {
    if (!this.#silent) this.#options.sockets().send(text);
  }

  /** Sends a request and repeats it as table 4 says. CANCEL takes the branch of its INVITE. */
  request(
    method: string,
    uri: string,
    lines: Lines,
    handlers: AgentHandlers,
    options: { readonly body?: string; readonly branch?: string } = {},
  ): AgentClientTransaction {
    const branch = options.branch ?? this.newBranch();
    const text = writeWire(
      `${method} ${uri} SIP/2.0`,
      [this.via(branch), ['Max-Forwards', '70'], ...lines],
      options.body,
    );
    const client: Client = {
      branch,
      method,
      uri,
      lines,
      text,
      handlers,
      done: this.#silent,
      provisional: false,
      ack: undefined,
      repeat: undefined,
      timeout: undefined,
    };
    if (this.#silent) return client;
    this.#clients.set(`${branch}|${method}`, client);
    this.send(text);
    if (this.#options.transport === 'udp') this.#repeatAfter(client, T1);
    client.timeout = this.after(LIFE, () => this.#failed(client));
    return client;
  }

  /** Sends the request once more, as a peer that does not stop when it should. */
  repeat(transaction: AgentClientTransaction): void {
    const client = this.#clients.get(`${transaction.branch}|${transaction.method}`);
    if (client !== undefined && !client.done) this.send(client.text);
  }

  /** Waits no more for a final response (§9.1). */
  abandon({ branch, method }: AgentClientTransaction): void {
    const client = this.#clients.get(`${branch}|${method}`);
    if (client !== undefined) this.#finish(client);
  }

  /** The connection broke: what was under way on it will not be answered (§17.1.4). */
  broken(): void {
    for (const client of [...this.#clients.values()]) if (!client.done) this.#failed(client);
  }

  receive(text: string, way: Way): void {
    if (this.#silent) return;
    const wire = readWire(text);
    if (wire === undefined) return;
    if (wire.status > 0) this.#response(wire);
    else this.#request(wire, way);
  }

  #repeatAfter(client: Client, interval: number): void {
    client.repeat = this.after(interval, () => {
      if (client.done || (client.provisional && client.method === 'INVITE')) return;
      this.send(client.text);
      const longer = client.provisional ? T2 : interval * 2;
      this.#repeatAfter(client, client.method === 'INVITE' ? longer : Math.min(longer, T2));
    });
  }

  #failed(client: Client): void {
    if (client.done) return;
    this.#finish(client);
    client.handlers.onFailure();
  }

  #finish(client: Client): void {
    client.done = true;
    this.clear(client.repeat);
    this.clear(client.timeout);
  }

  #response(response: Wire): void {
    const client = this.#clients.get(`${branchOf(response)}|${methodOf(response)}`);
    if (client === undefined || client.done) {
      this.#late(client, response);
      return;
    }
    if (response.status < 200) {
      client.provisional = true;
      // Timer B is for an INVITE that nobody has seen; who rings may ring for long (§17.1.1.2).
      if (client.method === 'INVITE') this.clear(client.timeout);
    } else {
      this.#finish(client);
      if (client.method === 'INVITE' && response.status >= 300) this.#acknowledge(client, response);
    }
    client.handlers.onResponse(response);
  }

  #late(client: Client | undefined, response: Wire): void {
    if (methodOf(response) !== 'INVITE' || response.status < 200) return;
    if (response.status < 300) this.#options.onStray2xx(response);
    else if (client?.ack !== undefined) this.send(client.ack);
    else if (client !== undefined) this.#acknowledge(client, response);
  }

  /** §17.1.1.3 */
  #acknowledge(client: Client, response: Wire): void {
    const kept = client.lines.filter((line) => line !== undefined && /^(from|call-id|route)$/i.test(line[0]));
    const sequence = client.lines.find((line) => line?.[0] === 'CSeq')?.[1].split(' ')[0] ?? '1';
    client.ack = writeWire(`ACK ${client.uri} SIP/2.0`, [
      this.via(client.branch),
      ['Max-Forwards', '70'],
      ...kept,
      ['To', field(response, 'to')],
      ['CSeq', `${sequence} ACK`],
    ]);
    this.send(client.ack);
  }

  #request(request: Wire, way: Way): void {
    const { method } = request;
    const key = `${branchOf(request)}|${method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method}`;
    const known = this.#servers.get(key);
    if (method === 'ACK') {
      if (known === undefined || known.final < 300) this.#options.onAck(request);
      else known.acked = true;
      return;
    }
    if (method === 'CANCEL') {
      this.#cancel(request, known, way);
      return;
    }
    if (known !== undefined) {
      if (known.last !== undefined && !(method === 'INVITE' && known.final >= 200 && known.final < 300))
        known.repeat(known.last);
      return;
    }
    if (fieldsOf(request, 'max-forwards').length !== 1) this.#options.fault('a request without Max-Forwards');
    const transaction = this.#server(request, way);
    this.#servers.set(key, transaction);
    this.#options.onRequest(transaction);
  }

  #server(request: Wire, way: Way): AgentServerTransaction {
    return new AgentServerTransaction(
      request,
      this.#options.dice.random.token(5),
      () => way.open,
      (text) => {
        if (this.#silent) return;
        if (!way.send(text)) this.send(text);
      },
      (transaction, text) => this.#untilAck(transaction, way, text, T1, LIFE),
    );
  }

  #cancel(request: Wire, known: AgentServerTransaction | undefined, way: Way): void {
    const answer = this.#server(request, way);
    answer.reply(known === undefined ? 481 : 200);
    if (known === undefined) return;
    if (known.last === undefined) this.#options.fault('CANCEL before any provisional response was sent');
    if (known.final === 0) {
      this.after(LIFE, () => {
        known.givenUp = known.final === 0;
      });
      known.cancelled?.();
    }
  }

  /** Timers G and H. */
  #untilAck(
    transaction: AgentServerTransaction,
    way: Way,
    text: string,
    interval: number,
    left: number,
  ): void {
    const wait = Math.min(interval, left);
    this.after(wait, () => {
      // §17.2.4: a connection that broke takes its transactions with it.
      if (transaction.acked || transaction.givenUp || !way.open) return;
      if (left <= wait) {
        this.#options.fault(
          `no ACK came for ${transaction.final} to INVITE (${callIdOf(transaction.request)})`,
        );
        return;
      }
      if (this.#options.transport === 'udp') transaction.repeat(text);
      this.#untilAck(transaction, way, text, Math.min(interval * 2, T2), left - wait);
    });
  }
}
