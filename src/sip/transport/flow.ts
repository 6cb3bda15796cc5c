import type { Address, DatagramSocket, Flow, StreamConnection, TransportName } from './types.ts';

/** The transports that have connections. */
export type StreamTransport = Exclude<TransportName, 'udp'>;

const text = (address: Address): string => `${address.host}|${address.port}`;

/** UDP: a listener and a remote address. Made anew for each datagram; two with the same `id` are the same path. */
export class DatagramFlow implements Flow {
  readonly transport = 'udp';
  readonly reliable = false;
  readonly secure = false;
  readonly id: string;
  readonly remote: Address;
  readonly advertised: Address;
  readonly #socket: DatagramSocket;
  readonly #isOpen: () => boolean;

  constructor(socket: DatagramSocket, remote: Address, advertised: Address, isOpen: () => boolean) {
    this.id = `udp|${text(socket.local)}|${text(remote)}`;
    this.remote = remote;
    this.advertised = advertised;
    this.#socket = socket;
    this.#isOpen = isOpen;
  }

  get local(): Address {
    return this.#socket.local;
  }

  get isOpen(): boolean {
    return this.#isOpen();
  }

  /** Sends to the flow's remote, or, for responses, where the Via says. */
  write(bytes: Uint8Array, to: Address = this.remote): void {
    if (this.isOpen) this.#socket.send(bytes, to);
  }
}

/** Every transport but UDP: one connection. `closed` comes once; every transaction on it fails then (PITFALLS row 25). */
export class StreamFlow implements Flow {
  readonly transport: StreamTransport;
  readonly reliable = true;
  readonly id: string;
  readonly advertised: Address;
  readonly #connection: StreamConnection;
  #isOpen = true;

  constructor(transport: StreamTransport, connection: StreamConnection, advertised: Address, serial: number) {
    this.transport = transport;
    // The serial tells a connection from an earlier one between the same two ports.
    this.id = `${transport}|${text(connection.local)}|${text(connection.remote)}|${serial}`;
    this.advertised = advertised;
    this.#connection = connection;
  }

  get secure(): boolean {
    return this.transport === 'tls' || this.transport === 'wss';
  }

  get local(): Address {
    return this.#connection.local;
  }

  get remote(): Address {
    return this.#connection.remote;
  }

  get peerNames(): readonly string[] | undefined {
    return this.#connection.peerNames;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOpen) this.#connection.write(bytes);
  }

  /** WebSocket: asks whether the peer is still there. */
  ping(): void {
    if (this.#isOpen) this.#connection.ping?.();
  }

  /** Closes the connection; the owner hears of it by the connection's `onClose`. */
  close(): void {
    this.#connection.close();
  }

  /** Told by the owner when the connection has ended. */
  markClosed(): void {
    this.#isOpen = false;
  }
}
