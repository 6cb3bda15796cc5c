import type {
  Address,
  DatagramSocket,
  Network,
  StreamConnection,
  StreamListener,
} from '../../src/sip/transport/types.ts';
import { WireFramer } from './wire.ts';

export interface AgentSocketsOptions {
  readonly network: Network;
  readonly local: Address;
  readonly server: Address;
  readonly transport: 'udp' | 'tcp';
  /** A message as text, and the way back to where it came from. */
  readonly onMessage: (text: string, via: Way) => void;
  /** Requests that were sent over the connection will not be answered. */
  readonly onBroken: () => void;
}

/** How a message came in; a response goes back the same way while it is there (RFC 3261 §18.2.2). */
export interface Way {
  /** False for a connection that is closed. */
  readonly open: boolean;
  send(text: string): boolean;
}

/** The sockets of a simulated peer: UDP, or TCP with one connection of its own and whatever the server opens. */
export class AgentSockets {
  readonly #options: AgentSocketsOptions;
  #socket: DatagramSocket | undefined;
  #listener: StreamListener | undefined;
  #own: Promise<StreamConnection | undefined> | undefined;
  readonly #connections = new Set<StreamConnection>();
  readonly #udp: Way = { open: true, send: (text) => this.#datagram(text) };
  #closed = false;

  constructor(options: AgentSocketsOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { network, local, transport, onMessage } = this.#options;
    if (transport === 'udp') {
      this.#socket = await network.bindDatagram(local, {
        onMessage: (bytes) => onMessage(Buffer.from(bytes).toString(), this.#udp),
        onError: () => {},
      });
    } else this.#listener = await network.listenStream(local, (connection) => this.#serve(connection));
  }

  /** Sends to the server: by datagram, or over a connection that is opened where there is none. */
  send(text: string): void {
    if (this.#closed) return;
    if (this.#options.transport === 'udp') this.#datagram(text);
    else void this.#stream(text);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
    this.#listener?.close();
    for (const connection of [...this.#connections]) connection.close();
  }

  #datagram(text: string): boolean {
    if (!this.#closed) this.#socket?.send(Buffer.from(text), this.#options.server);
    return !this.#closed;
  }

  async #stream(text: string): Promise<void> {
    this.#own ??= this.#connect();
    const connection = await this.#own;
    if (connection === undefined) this.#options.onBroken();
    else connection.write(Buffer.from(text));
  }

  async #connect(): Promise<StreamConnection | undefined> {
    const { network, server } = this.#options;
    const framer = new WireFramer();
    let opened: StreamConnection | undefined;
    try {
      const handlers = {
        onData: (bytes: Uint8Array) => this.#received(framer, bytes, opened),
        onClose: () => {
          if (opened !== undefined) this.#connections.delete(opened);
          this.#own = undefined;
          if (!this.#closed) this.#options.onBroken();
        },
      };
      opened = await network.connectStream(server, handlers, 5_000);
      this.#connections.add(opened);
      if (this.#closed) opened.close();
      return opened;
    } catch {
      this.#own = undefined;
      return undefined;
    }
  }

  #serve(connection: StreamConnection) {
    const framer = new WireFramer();
    this.#connections.add(connection);
    return {
      onData: (bytes: Uint8Array) => this.#received(framer, bytes, connection),
      onClose: () => void this.#connections.delete(connection),
    };
  }

  #received(framer: WireFramer, bytes: Uint8Array, connection: StreamConnection | undefined): void {
    const connections = this.#connections;
    const way: Way = {
      get open() {
        return connection !== undefined && connections.has(connection);
      },
      send: (text) => {
        if (connection === undefined || !this.#connections.has(connection)) return false;
        connection.write(Buffer.from(text));
        return true;
      },
    };
    for (const text of framer.push(bytes)) if (!this.#closed) this.#options.onMessage(text, way);
  }
}
