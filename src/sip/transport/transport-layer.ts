import { createHash } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { response } from '../message/build.ts';
import { parseMessage } from '../message/parse.ts';
import { serialize } from '../message/serialize.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/types.ts';
import { validateRequest, validateResponse } from '../message/validate.ts';
import { AdvertisedHosts } from './advertised.ts';
import { Connections } from './connections.ts';
import { newCounters } from './counters.ts';
import { COSTS, FloodGuard } from './flood-guard.ts';
import { DatagramFlow, StreamFlow } from './flow.ts';
import { TRANSPORT_LIMITS, type TransportLimits } from './limits.ts';
import { isScanner } from './scanners.ts';
import { isLargeForUdp } from './size-policy.ts';
import { type Framed, OVER_BUDGET } from './stream-framer.ts';
import type {
  Address,
  Flow,
  ListenOptions,
  Network,
  SecureClient,
  Target,
  Transport,
  TransportObserver,
  TransportUser,
} from './types.ts';
import { UdpListeners } from './udp.ts';
import { datagramResponseTarget, stampReceived, streamResponseTarget } from './via-routing.ts';

/** RFC 5922 §7.1: who was asked for by name must show that name. */
const byDomain = async (target: Target): Promise<SecureClient> => {
  const { domain = target.host } = target;
  return { serverName: domain, expectedName: domain, material: {} };
};

/** The transport layer of RFC 3261 §18: listeners and flows below, one `TransportUser` above. */
export class TransportLayer implements Transport {
  user: TransportUser | undefined;
  observer: TransportObserver | undefined;
  readonly counters = newCounters();
  readonly guard: FloodGuard;
  readonly #log: Logger;
  readonly #advertised: AdvertisedHosts;
  readonly #udp: UdpListeners;
  readonly #connections: Connections;
  /** Makes the To tags of stateless answers the same for retransmissions and unguessable (§8.2.7). */
  readonly #tagSecret: string;

  constructor(options: {
    readonly network: Network;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Logger;
    readonly limits?: Partial<TransportLimits>;
    /** Authorities, certificate and names for TLS towards a target; default: the machine's, and the target's domain. */
    readonly secureClient?: (target: Target) => Promise<SecureClient>;
  }) {
    const limits = { ...TRANSPORT_LIMITS, ...options.limits };
    const { network, clock } = options;
    this.#log = options.log;
    this.#tagSecret = options.random.token(16);
    this.guard = new FloodGuard(clock, limits.flood);
    this.#advertised = new AdvertisedHosts(network, () => clock.monotonic());
    this.#udp = new UdpListeners(network, this.#advertised, {
      admit: (from) => this.guard.admit(from.host),
      onDatagram: (bytes, flow) => this.#onDatagram(bytes, flow),
      onUnroutable: (from) => this.#drop('the route back to the sender is not known', from),
      onError: (error, to) => this.#onDatagramError(error, to),
    });
    this.#connections = new Connections(network, clock, limits, {
      admit: (from, what) => this.guard.admit(from.host, COSTS[what]),
      onFramed: (framed, flow) => this.#onFramed(framed, flow),
      onClosed: (flow, error) => this.#guarded(() => this.user?.onFlowClosed(flow, error)),
      onRefused: () => {
        this.counters.refusedConnections++;
      },
      onHandshakeFailed: (from, reason) => this.#onHandshakeFailed(from, reason),
      secureClient: options.secureClient ?? byDomain,
    });
  }

  /** Connections that are open; the leak check reads it. */
  get openConnections(): number {
    return this.#connections.open;
  }

  /** Resolves with the bound address. Rejects when it is taken, or when a wildcard could not be advertised. */
  async listen(options: ListenOptions): Promise<Address> {
    this.#advertised.check(options);
    const { transport } = options;
    return transport === 'udp'
      ? this.#udp.listen(options)
      : this.#connections.listen({ ...options, transport });
  }

  async flowTo(target: Target): Promise<Flow> {
    const { transport, host, port } = target;
    return transport === 'udp'
      ? this.#udp.flowTo({ host, port })
      : this.#connections.flowTo({ ...target, transport });
  }

  /**
   * The TCP flow for a request that is too large for a datagram: an open connection to the same address, or the one
   * that DNS has named. Undefined where the target is not known to take TCP, or does not (§18.1.1 then asks for UDP).
   */
  async flowForLarge(target: Target): Promise<Flow | undefined> {
    if (target.transport !== 'udp') return undefined;
    const open = this.#connections.openTo({ host: target.host, port: target.port });
    const flow =
      open ??
      (target.tcpPort === undefined
        ? undefined
        : await this.#connections
            .flowTo({ transport: 'tcp', host: target.host, port: target.tcpPort })
            .catch(() => undefined));
    if (flow !== undefined) this.counters.largeOverTcp++;
    return flow;
  }

  send(message: SipMessage, flow: Flow): void {
    this.#write(message, flow);
  }

  sendResponse(response: SipResponse, requestFlow: Flow): void {
    if (requestFlow instanceof DatagramFlow) {
      this.#write(response, requestFlow, datagramResponseTarget(response));
    } else if (requestFlow.isOpen) {
      this.#write(response, requestFlow);
    } else {
      // §18.2.2: the connection is gone, so a new one is opened to where the request came from.
      this.flowTo(streamResponseTarget(response, requestFlow.transport)).then(
        (flow) => this.#write(response, flow),
        () => this.#log.warn({ remote: requestFlow.remote }, 'no connection for a response'),
      );
    }
  }

  async close(): Promise<void> {
    this.#udp.close();
    this.#connections.close();
  }

  #write(message: SipMessage, flow: Flow, to?: Address): void {
    const bytes = serialize(message);
    this.counters.sent++;
    this.observer?.onMessage('out', message, flow);
    if (flow instanceof DatagramFlow) {
      if (isLargeForUdp(bytes.length)) this.#noteLarge(bytes.length, flow);
      flow.write(bytes, to ?? flow.remote);
    } else if (flow instanceof StreamFlow) {
      this.#connections.write(flow, bytes);
    } else {
      throw new TypeError('the flow is of another transport');
    }
  }

  #noteLarge(bytes: number, flow: Flow): void {
    this.counters.largeDatagrams++;
    this.#log.warn(
      { bytes, remote: flow.remote },
      'a SIP message over UDP is large and may be lost on its way',
    );
  }

  #onDatagramError(error: unknown, remote: Address | undefined): void {
    this.counters.datagramErrors++;
    this.#log.warn({ err: error, remote }, 'a datagram could not be handled');
  }

  #onDatagram(bytes: Uint8Array, flow: DatagramFlow): void {
    const parsed = parseMessage(bytes);
    if (parsed.ok) {
      this.#receive(parsed.message, flow);
      return;
    }
    this.#junk(flow.remote);
    this.#log.debug({ reason: parsed.reason, remote: flow.remote }, 'a datagram is not SIP');
  }

  #onFramed(framed: Exclude<Framed, { kind: 'ping' }>, flow: StreamFlow): void {
    if (framed.kind === 'message') {
      this.#receive(framed.message, flow);
      return;
    }
    const { message, status, reason } = framed;
    if (reason !== OVER_BUDGET) this.#junk(flow.remote);
    this.#log.debug({ reason, remote: flow.remote }, 'a connection lost its framing and is closed');
    if (message?.kind === 'request' && status !== undefined) this.#refuse(message, flow, status, reason);
    flow.close();
  }

  #receive(message: SipMessage, flow: Flow): void {
    this.counters.received++;
    this.observer?.onMessage('in', message, flow);
    this.#guarded(() => {
      if (message.kind === 'request') this.#onRequest(message, flow);
      else this.#onResponse(message, flow);
    });
  }

  /** What an honest peer hardly ever sends costs its source dearly; nobody is told. */
  #junk(remote: Address): void {
    this.counters.unparsable++;
    this.guard.charge(remote.host, COSTS.junk);
  }

  #onHandshakeFailed(from: Address, reason: string): void {
    this.counters.failedHandshakes++;
    this.guard.charge(from.host, COSTS.failedHandshake);
    this.#log.debug({ reason, remote: from }, 'a handshake has failed');
  }

  #onRequest(request: SipRequest, flow: Flow): void {
    if (isScanner(request)) {
      this.counters.scanners++;
      this.guard.charge(flow.remote.host, COSTS.junk);
      return;
    }
    const verdict = validateRequest(request);
    if (verdict.kind === 'drop') {
      this.#drop(verdict.reason, flow.remote);
      return;
    }
    if (verdict.kind === 'reject') {
      this.#refuse(request, flow, verdict.status, verdict.reason);
      return;
    }
    stampReceived(request, flow.remote);
    this.user?.onRequest(request, flow);
  }

  /** That a response is to a request of ours (§18.1.2) is seen by its branch, which nobody else can know. */
  #onResponse(response: SipResponse, flow: Flow): void {
    if (validateResponse(response)) this.user?.onResponse(response, flow);
    else this.#drop('a response is malformed', flow.remote);
  }

  #drop(reason: string, remote: Address): void {
    this.counters.dropped++;
    this.#log.debug({ reason, remote }, 'a message was dropped');
  }

  /**
   * Answers without a transaction (§8.2.7). What cannot even be answered is dropped, and so is what a stranger sent: an
   * answer would tell a scanner that something is here (PITFALLS row 42).
   */
  #refuse(request: SipRequest, flow: Flow, status: number, reason: string): void {
    try {
      this.guard.charge(flow.remote.host, COSTS.junk);
      if (request.method === 'ACK' || this.user?.isKnown?.(flow) === false) {
        this.#drop(reason, flow.remote);
        return;
      }
      stampReceived(request, flow.remote);
      const answer = response(request, status, { reason, toTag: this.#statelessTag(request) });
      this.counters.rejected++;
      this.#write(answer, flow, flow instanceof DatagramFlow ? datagramResponseTarget(answer) : undefined);
    } catch {
      this.#drop(reason, flow.remote);
    }
  }

  #statelessTag(request: SipRequest): string {
    const { headers } = request;
    const same = [this.#tagSecret, headers.get('Via'), headers.get('Call-ID'), headers.get('CSeq')];
    return createHash('sha256').update(JSON.stringify(same)).digest('hex').slice(0, 16);
  }

  /** A fault above must not end the process because a stranger sent the right bytes. */
  #guarded(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.counters.handlerErrors++;
      this.#log.error({ err: error }, 'handling a message failed');
    }
  }
}
