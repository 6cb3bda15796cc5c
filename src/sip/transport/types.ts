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
  /**
   * The host of the URI that led here, before any look-up: what the certificate at the other end must name (RFC 5922
   * §7.1). Without it no TLS connection is made; an open one, which a phone made to us, is used.
   */
  readonly domain?: string;
  /** UDP: DNS says that the same machine takes TCP too, at this port; used for what is too large (§18.1.1). */
  readonly tcpPort?: number;
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
  /** TLS: the names of the peer's certificate, if it showed one, on either side, and it was found good (RFC 5922 §7.1). */
  readonly peerNames?: readonly string[] | undefined;
  /** WebSocket: sends a ping; `onPong` follows if the peer is there. */
  ping?(): void;
}

export interface StreamHandlers {
  onData(bytes: Uint8Array): void;
  /** Exactly once, however the connection ends. */
  onClose(error?: Error): void;
  /** WebSocket: the peer sent a ping, which has been answered. */
  onPing?(): void;
  /** WebSocket: our ping was answered. */
  onPong?(): void;
}

/** Certificates as PEM texts; what is absent is the machine's. In the virtual network `certificate` is a list of names. */
export interface TlsMaterial {
  readonly certificate?: string;
  readonly key?: string;
  /** Authorities that may sign the certificate of the other side. */
  readonly ca?: string;
}

/** How a listener speaks TLS, 1.2 at least. */
export interface SecureServer {
  /** Asked at each handshake: what has changed holds for the next connection and leaves the open ones alone. */
  readonly material: () => TlsMaterial;
  /** `require`: nobody gets in without a certificate that an authority signed. */
  readonly clientCertificates: 'off' | 'request' | 'require';
}

/** How a connection of ours speaks TLS. */
export interface SecureClient {
  /** What the server is asked for (SNI), when it is a name. */
  readonly serverName: string;
  /** The name that its certificate must carry; absent: any certificate will do. */
  readonly expectedName?: string;
  readonly material: TlsMaterial;
}

/** A listener for WebSocket (RFC 7118): `onData` and `write` carry one message each. */
export interface WebSocketServerSettings {
  /** Origins that are let in; absent: any. */
  readonly origins?: readonly string[];
  /** Judged on what a frame declares, before it is stored (PITFALLS row 19). */
  readonly maxMessageBytes: number;
}

export interface StreamListenOptions {
  readonly secure?: SecureServer;
  readonly webSocket?: WebSocketServerSettings;
  /**
   * Asked for each connection before any handshake. Undefined: it is closed without a word; else what to call, once,
   * when the connection is gone, whether or not its handshake ended well. `hangUp` ends a handshake that takes too long.
   */
  readonly admit?: (from: Address, hangUp: () => void) => (() => void) | undefined;
  readonly onHandshakeFailed?: (from: Address, reason: string) => void;
}

export interface StreamConnectOptions {
  readonly secure?: SecureClient;
  /** Speak WebSocket with the sub-protocol `sip`. For phones: the transport layer itself never does. */
  readonly webSocket?: { readonly origin?: string };
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
    options?: StreamListenOptions,
  ): Promise<StreamListener>;
  /** Rejects when the peer refuses, is not who it should be, or does not answer within `timeoutMs`, handshakes included. */
  connectStream(
    remote: Address,
    handlers: StreamHandlers,
    timeoutMs: number,
    options?: StreamConnectOptions,
  ): Promise<StreamConnection>;
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
  /** TLS: the names of the peer's certificate, if it showed one and it was found good. */
  readonly peerNames?: readonly string[] | undefined;
}

export interface ListenOptions {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  /** Host that peers can reach, when the bound address is behind NAT or is a wildcard. */
  readonly advertisedHost?: string;
  /** Port that peers can reach; default is the bound one. */
  readonly advertisedPort?: number;
  /** For `tls` and `wss`, which cannot do without. */
  readonly secure?: SecureServer;
  /** For `ws` and `wss`: pages that may connect; default: any. */
  readonly origins?: readonly string[];
}

/** What the transport tells the layer above. Messages here have been parsed and validated. */
export interface TransportUser {
  /** The top Via already carries `received` and `rport` (§18.2.1, RFC 3581 §4). */
  onRequest(request: SipRequest, flow: Flow): void;
  onResponse(response: SipResponse, flow: Flow): void;
  /** The flow is gone; every transaction on it fails now, not in 32 s. */
  onFlowClosed(flow: Flow, error?: Error): void;
  /** Whether the peer is owed an answer to a malformed request; strangers learn nothing. Absent: everybody is. */
  isKnown?(flow: Flow): boolean;
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
  /** RFC 3261 §18.1.1: a flow over TCP for a request that is too large for UDP, if the target is known to take TCP. */
  flowForLarge?(target: Target): Promise<Flow | undefined>;
  /** Sends on the flow. A failure arrives as `onFlowClosed` (TCP) or is reported to the observer's log (UDP). */
  send(message: SipMessage, flow: Flow): void;
  /**
   * Where a response goes (§18.2.2, RFC 3581 §4): the request's own connection while it is open; for UDP the
   * address in `received`/`rport` of the top Via through the listener that the request came in on.
   */
  sendResponse(response: SipResponse, requestFlow: Flow): void;
  close(): Promise<void>;
}
