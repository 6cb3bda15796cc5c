import type { Clock } from '../kernel/clock.ts';
import { parseMessage } from '../sip/message/parse.ts';
import type { SipMessage } from '../sip/message/types.ts';
import { formatHostPort } from '../sip/message/uri.ts';
import type {
  Address,
  DatagramSocket,
  Network,
  SecureClient,
  SecureServer,
  StreamConnection,
  StreamConnectOptions,
  StreamHandlers,
  StreamListener,
  TransportName,
} from '../sip/transport/types.ts';
import type { LoggedPacket } from './message-log.ts';

/** Where a message came from, and the way back to it. */
export interface Peer extends Address {
  readonly connection?: StreamConnection;
}

export interface PhoneTls {
  readonly client: SecureClient;
  readonly server?: SecureServer;
}

export interface WireOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly local: Address;
  readonly transport: TransportName;
  /** For tls and wss. Without `server` a TLS phone has no listener: it is reached over the connection that it made. */
  readonly tls?: PhoneTls | undefined;
  /** Host of a browser, which has no address (RFC 7118 §5.2.1): `df7jal23ls0d.invalid`. */
  readonly invalidHost: string;
  /** Called for every message that parses; the rest stays in the log only. */
  readonly onMessage: (message: SipMessage, from: Peer) => void;
  /** Looks at the bytes before they leave: returns other bytes, several datagrams, or nothing at all. */
  readonly tamper?: ((bytes: Uint8Array) => readonly Uint8Array[]) | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** The phone's socket, with a log of all that crossed it. */
export class Wire {
  readonly log: LoggedPacket[] = [];
  readonly #options: WireOptions;
  readonly #connections = new Map<string, Promise<StreamConnection | undefined>>();
  #datagram: DatagramSocket | undefined;
  #listener: StreamListener | undefined;
  #closed = false;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  get local(): Address {
    return this.#datagram?.local ?? this.#listener?.local ?? this.#options.local;
  }

  get transport(): TransportName {
    return this.#options.transport;
  }

  /** Whether nobody repeats what it sends (RFC 3261 §17). */
  get reliable(): boolean {
    return this.transport !== 'udp';
  }

  /** What Via and Contact name. */
  get sentBy(): string {
    const { host, port } = this.local;
    return this.#isWebSocket ? this.#options.invalidHost : formatHostPort(host, port);
  }

  get #isWebSocket(): boolean {
    return this.transport === 'ws' || this.transport === 'wss';
  }

  async open(): Promise<Address> {
    const { network, local, transport, tls } = this.#options;
    if (transport === 'udp') {
      this.#datagram = await network.bindDatagram(local, {
        onMessage: (bytes, from) => this.#received(bytes, from),
        // An ICMP error is what a peer without a socket looks like; the request then times out by itself.
        onError: () => {},
      });
    } else if (transport === 'tcp') {
      this.#listener = await network.listenStream(local, (connection) => this.#adopt(connection));
    } else if (transport === 'tls' && tls?.server !== undefined) {
      this.#listener = await network.listenStream(local, (connection) => this.#adopt(connection), {
        secure: tls.server,
      });
    }
    return this.local;
  }

  /** Ends every connection, as a phone does that loses its network. */
  disconnect(): void {
    for (const connection of this.#connections.values()) void connection.then((open) => open?.close());
    this.#connections.clear();
  }

  send(bytes: Uint8Array, to: Peer): void {
    const pieces = this.#options.tamper?.(bytes) ?? [bytes];
    for (const piece of pieces) this.#sendPiece(piece, to);
  }

  close(): void {
    this.#closed = true;
    this.#datagram?.close();
    this.#listener?.close();
    this.disconnect();
  }

  #sendPiece(bytes: Uint8Array, to: Peer): void {
    if (this.#closed) return;
    this.#note('sent', bytes, to);
    if (this.#datagram !== undefined) {
      this.#datagram.send(bytes, { host: to.host, port: to.port });
    } else if (to.connection !== undefined) {
      to.connection.write(bytes);
    } else {
      void this.#connectionTo(to).then((connection) => connection?.write(bytes));
    }
  }

  #connectionTo(to: Address): Promise<StreamConnection | undefined> {
    const key = `${to.host}:${to.port}`;
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    let adopted: StreamConnection | undefined;
    const received = (bytes: Uint8Array): void => {
      if (adopted !== undefined) this.#received(bytes, { ...to, connection: adopted });
    };
    const framer = new Framer(received);
    const opened = this.#options.network
      .connectStream(
        to,
        {
          // A WebSocket keeps messages apart by itself.
          onData: (bytes) => (this.#isWebSocket ? received(bytes) : framer.push(bytes)),
          onClose: () => this.#connections.delete(key),
        },
        CONNECT_TIMEOUT_MS,
        this.#connectOptions(),
      )
      .then((connection) => {
        adopted = connection;
        return connection;
      })
      .catch(() => {
        this.#connections.delete(key);
        return undefined;
      });
    this.#connections.set(key, opened);
    return opened;
  }

  #connectOptions(): StreamConnectOptions {
    const { transport, tls } = this.#options;
    return {
      ...((transport === 'tls' || transport === 'wss') && tls !== undefined ? { secure: tls.client } : {}),
      ...(this.#isWebSocket ? { webSocket: {} } : {}),
    };
  }

  #adopt(connection: StreamConnection): StreamHandlers {
    const peer: Peer = { ...connection.remote, connection };
    const key = `${peer.host}:${peer.port}`;
    this.#connections.set(key, Promise.resolve(connection));
    const framer = new Framer((bytes) => this.#received(bytes, peer));
    return { onData: (bytes) => framer.push(bytes), onClose: () => this.#connections.delete(key) };
  }

  #received(bytes: Uint8Array, from: Peer): void {
    if (this.#closed) return;
    this.#note('received', bytes, from);
    const parsed = parseMessage(bytes);
    if (parsed.ok) this.#options.onMessage(parsed.message, from);
  }

  #note(direction: 'sent' | 'received', bytes: Uint8Array, remote: Address): void {
    this.log.push({
      at: this.#options.clock.now(),
      direction,
      local: this.local,
      remote: { host: remote.host, port: remote.port },
      transport: this.#options.transport,
      bytes: Uint8Array.from(bytes),
    });
  }
}

/** Cuts a stream into messages by Content-Length (RFC 3261 §18.3), and drops CRLF keep-alives between them. */
class Framer {
  readonly #onMessage: (bytes: Uint8Array) => void;
  #rest = Buffer.alloc(0);

  constructor(onMessage: (bytes: Uint8Array) => void) {
    this.#onMessage = onMessage;
  }

  push(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      let start = 0;
      while (this.#rest[start] === 0x0d || this.#rest[start] === 0x0a) start += 1;
      if (start > 0) this.#rest = this.#rest.subarray(start);
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#rest.toString('latin1', 0, end);
      const length = Number(/^(?:content-length|l)[ \t]*:[ \t]*(\d+)/im.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) return;
      this.#onMessage(this.#rest.subarray(0, end + 4 + length));
      this.#rest = this.#rest.subarray(end + 4 + length);
    }
  }
}
