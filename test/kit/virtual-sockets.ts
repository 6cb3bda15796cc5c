import type {
  Address,
  DatagramSocket,
  StreamConnection,
  StreamHandlers,
  TransportName,
} from '../../src/sip/transport/types.ts';

/** A bound datagram socket of the virtual network. */
export class VirtualDatagram implements DatagramSocket {
  readonly local: Address;
  readonly #onMessage: (bytes: Uint8Array, from: Address) => void;
  readonly #hub: { send(bytes: Uint8Array, to: Address): void; closed(): void };
  #open = true;

  constructor(
    local: Address,
    onMessage: (bytes: Uint8Array, from: Address) => void,
    hub: { send(bytes: Uint8Array, to: Address): void; closed(): void },
  ) {
    this.local = local;
    this.#onMessage = onMessage;
    this.#hub = hub;
  }

  send(bytes: Uint8Array, to: Address): void {
    if (this.#open) this.#hub.send(bytes, to);
  }

  receive(bytes: Uint8Array, from: Address): void {
    if (this.#open) this.#onMessage(bytes, from);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#hub.closed();
  }
}

/** What a stream asks of the network that carries it. */
export interface StreamHub {
  carry(from: VirtualStream, bytes: Uint8Array): void;
  hangUp(from: VirtualStream): void;
  forget(stream: VirtualStream): void;
  ping(from: VirtualStream): void;
}

/** One end of a stream of the virtual network. */
export class VirtualStream implements StreamConnection {
  readonly local: Address;
  readonly remote: Address;
  peer: VirtualStream | undefined;
  handlers: StreamHandlers | undefined;
  transport: TransportName = 'tcp';
  /** Tells the listener that admitted the connection that it is gone. */
  release: () => void = () => {};
  peerNames: readonly string[] | undefined;
  readonly #hub: StreamHub;
  #open = true;

  constructor(local: Address, remote: Address, hub: StreamHub, peerNames?: readonly string[]) {
    this.local = local;
    this.remote = remote;
    this.peerNames = peerNames;
    this.#hub = hub;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether writes arrive as they were made. */
  get isMessages(): boolean {
    return this.transport === 'ws' || this.transport === 'wss';
  }

  ping(): void {
    if (this.#open && this.isMessages) this.#hub.ping(this);
  }

  write(bytes: Uint8Array): void {
    if (this.#open && bytes.length > 0) this.#hub.carry(this, bytes);
  }

  receive(bytes: Uint8Array): void {
    if (this.#open) this.handlers?.onData(bytes);
  }

  close(): void {
    if (!this.#open) return;
    this.#hub.hangUp(this);
    this.ended();
  }

  /** `onClose` comes in a turn of its own, as a real socket's does. */
  ended(error?: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#hub.forget(this);
    this.release();
    queueMicrotask(() => this.handlers?.onClose(error));
  }
}
