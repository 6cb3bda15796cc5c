import type { Address, DatagramSocket, Flow, StreamConnection } from './types.ts';

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

/** TCP: one connection. `closed` comes once; every transaction on it fails then (PITFALLS row 25). */
export class StreamFlow implements Flow {
  readonly transport = 'tcp';
  readonly reliable = true;
  readonly secure = false;
  readonly id: string;
  readonly advertised: Address;
  readonly #connection: StreamConnection;
  #isOpen = true;

  constructor(connection: StreamConnection, advertised: Address, serial: number) {
    // The serial tells a connection from an earlier one between the same two ports.
    this.id = `tcp|${text(connection.local)}|${text(connection.remote)}|${serial}`;
    this.advertised = advertised;
    this.#connection = connection;
  }

  get local(): Address {
    return this.#connection.local;
  }

  get remote(): Address {
    return this.#connection.remote;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOpen) this.#connection.write(bytes);
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
