/**
 * Where SIP bytes come from and go to (RFC 3261 §18). The sockets are handed in as a `Network`, so that a whole
 * server runs on a virtual network in tests.
 */
import type { SipMessage, SipRequest, SipResponse } from '../message/types.ts';

/** An IP address (never a name; IPv6 without brackets) and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `ws` and `wss` are WebSocket without and with TLS (RFC 7118); we are the server there and never connect. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** Where a message is to go, after resolution (RFC 3263). */
export interface Target extends Address {
  readonly transport: TransportName;
}

/** A bound datagram socket. Errors of sending are reported by the callback given at binding, never thrown. */
export interface DatagramSocket {
  readonly local: Address;
  send(bytes: Uint8Array, to: Address): void;
  close(): void;
}

/** One stream connection, either side. */
export interface StreamConnection {
  readonly local: Address;
  readonly remote: Address;
  /** Queues the bytes. What cannot be delivered ends in `onClose`. */
  write(bytes: Uint8Array): void;
  /** Closes now; `onClose` follows. */
  close(): void;
}

export interface StreamHandlers {
  onData(bytes: Uint8Array): void;
  /** Exactly once, however the connection ends. */
  onClose(error?: Error): void;
}

export interface StreamListener {
  readonly local: Address;
  close(): void;
}

/** The sockets of a machine, real (`node-network.ts`) or virtual (`test/kit/virtual-network.ts`). */
export interface Network {
  /** Port 0 takes a free one. Rejects when the address is taken. */
  bindDatagram(
    local: Address,
    handlers: {
      onMessage(bytes: Uint8Array, from: Address): void;
      onError(error: Error, to?: Address): void;
    },
  ): Promise<DatagramSocket>;
  listenStream(
    local: Address,
    onConnection: (connection: StreamConnection) => StreamHandlers,
  ): Promise<StreamListener>;
  /** Rejects when the peer refuses or does not answer within `timeoutMs`. */
  connectStream(remote: Address, handlers: StreamHandlers, timeoutMs: number): Promise<StreamConnection>;
  /**
   * The address that the machine would send from towards `remoteHost`: what a listener bound to a wildcard advertises
   * when no host was set for it. Nothing is sent.
   */
  localAddressFor?(remoteHost: string): Promise<string>;
}

/**
 * The path between us and one peer: a connection, or (listener, remote address) for UDP. A dialog remembers its flow
 * and prefers it while it is open (PITFALLS row 8).
 */
export interface Flow {
  readonly id: string;
  readonly transport: TransportName;
  /** All but UDP: the timers of RFC 3261 table 4 change (PITFALLS row 25). */
  readonly reliable: boolean;
  /** TLS below it: `tls` and `wss`. */
  readonly secure: boolean;
  readonly local: Address;
  readonly remote: Address;
  /** What Via and Contact carry for this flow: the listener's advertised host and port. */
  readonly advertised: Address;
  readonly isOpen: boolean;
}

export interface ListenOptions {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  /** Host that peers can reach, when the bound address is behind NAT or is a wildcard. */
  readonly advertisedHost?: string;
  /** Port that peers can reach; default is the bound one. */
  readonly advertisedPort?: number;
}

/** What the transport tells the layer above. Messages here have been parsed and validated. */
export interface TransportUser {
  /** The top Via already carries `received` and `rport` (§18.2.1, RFC 3581 §4). */
  onRequest(request: SipRequest, flow: Flow): void;
  onResponse(response: SipResponse, flow: Flow): void;
  /** The flow is gone; every transaction on it fails now, not in 32 s. */
  onFlowClosed(flow: Flow, error?: Error): void;
}

/** Counters and hooks for traces; all optional to use. */
export interface TransportObserver {
  onMessage(direction: 'in' | 'out', message: SipMessage, flow: Flow): void;
}

/** `transport-layer.ts` implements this as class `TransportLayer`. */
export interface Transport {
  user: TransportUser | undefined;
  observer: TransportObserver | undefined;
  listen(options: ListenOptions): Promise<Address>;
  /** A flow to the target: the UDP listener with the fitting address family, or a (re-used or new) connection. */
  flowTo(target: Target): Promise<Flow>;
  /** Sends on the flow. A failure arrives as `onFlowClosed` (TCP) or is reported to the observer's log (UDP). */
  send(message: SipMessage, flow: Flow): void;
  /**
   * Where a response goes (§18.2.2, RFC 3581 §4): the request's own connection while it is open; for UDP the
   * address in `received`/`rport` of the top Via through the listener that the request came in on.
   */
  sendResponse(response: SipResponse, requestFlow: Flow): void;
  close(): Promise<void>;
}
