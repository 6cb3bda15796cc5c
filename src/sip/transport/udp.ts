import { type AdvertisedHosts, isSameFamily, isWildcard } from './advertised.ts';
import { DatagramFlow } from './flow.ts';
import type { Address, DatagramSocket, ListenOptions, Network } from './types.ts';

export interface DatagramEvents {
  /** Before anything is parsed: false drops the datagram. */
  admit(from: Address): boolean;
  onDatagram(bytes: Uint8Array, flow: DatagramFlow): void;
  /** The local address towards the peer could not be found, so that its datagram was dropped. */
  onUnroutable(from: Address): void;
  onError(error: Error, to?: Address): void;
}

/** Double CRLF and other keep-alives over UDP (RFC 5626 §3.5.1 asks for STUN there, but phones send these). */
const KEEP_ALIVE_BYTES = 4;

/** The UDP listeners. What comes in becomes (bytes, flow); a flow goes out by the listener it belongs to. */
export class UdpListeners {
  readonly #network: Network;
  readonly #advertised: AdvertisedHosts;
  readonly #events: DatagramEvents;
  readonly #listeners: { readonly socket: DatagramSocket; readonly options: ListenOptions }[] = [];
  #closed = false;
  readonly #isOpen = (): boolean => !this.#closed;

  constructor(network: Network, advertised: AdvertisedHosts, events: DatagramEvents) {
    this.#network = network;
    this.#advertised = advertised;
    this.#events = events;
  }

  async listen(options: ListenOptions): Promise<Address> {
    // Assigned before the first datagram can come: binding resolves first.
    let listener: { readonly socket: DatagramSocket; readonly options: ListenOptions } | undefined;
    const socket = await this.#network.bindDatagram(
      { host: options.host, port: options.port },
      {
        onMessage: (bytes, from) => {
          if (listener !== undefined) this.#receive(listener, bytes, from);
        },
        onError: (error, to) => this.#events.onError(error, to),
      },
    );
    listener = { socket, options };
    if (this.#closed) socket.close();
    else this.#listeners.push(listener);
    return socket.local;
  }

  /** The flow to a target: of several listeners of its family the one that its route leaves by. */
  async flowTo(remote: Address): Promise<DatagramFlow> {
    const fitting = this.#listeners.filter((one) => isSameFamily(one.socket.local.host, remote.host));
    const listener = fitting.length > 1 ? await this.#byRoute(fitting, remote.host) : fitting[0];
    if (listener === undefined) {
      const family = remote.host.includes(':') ? 'IPv6' : 'IPv4';
      throw new Error(`There is no UDP listener for ${family}; add one to reach that target.`);
    }
    const { socket, options } = listener;
    const advertised = await this.#advertised.towards(options, socket.local, remote.host);
    return new DatagramFlow(socket, remote, advertised, this.#isOpen);
  }

  close(): void {
    this.#closed = true;
    for (const { socket } of this.#listeners) socket.close();
    this.#listeners.length = 0;
  }

  async #byRoute(
    fitting: readonly { readonly socket: DatagramSocket; readonly options: ListenOptions }[],
    remoteHost: string,
  ): Promise<(typeof fitting)[number] | undefined> {
    const local = await this.#advertised.localAddressFor(remoteHost).catch(() => undefined);
    return (
      fitting.find((one) => one.socket.local.host === local) ??
      fitting.find((one) => isWildcard(one.socket.local.host)) ??
      fitting[0]
    );
  }

  #receive(
    listener: { readonly socket: DatagramSocket; readonly options: ListenOptions },
    bytes: Uint8Array,
    from: Address,
  ): void {
    if (this.#closed || bytes.length <= KEEP_ALIVE_BYTES || !this.#events.admit(from)) return;
    const { socket, options } = listener;
    const deliver = (advertised: Address): void => {
      if (!this.#closed)
        this.#events.onDatagram(bytes, new DatagramFlow(socket, from, advertised, this.#isOpen));
    };
    const advertised = this.#advertised.towards(options, socket.local, from.host);
    if (!(advertised instanceof Promise)) deliver(advertised);
    else advertised.then(deliver, () => this.#events.onUnroutable(from));
  }
}
