import type { Clock } from '../../kernel/clock.ts';
import { isSameFamily } from './advertised.ts';
import { StreamFlow } from './flow.ts';
import type { TransportLimits } from './limits.ts';
import type { Framed } from './stream-framer.ts';
import { TcpConnection } from './tcp-connection.ts';
import type {
  Address,
  ListenOptions,
  Network,
  StreamConnection,
  StreamHandlers,
  StreamListener,
} from './types.ts';

export interface StreamEvents {
  /** Whether one more connection from the address may be taken. */
  admit(from: Address): boolean;
  onFramed(framed: Exclude<Framed, { kind: 'ping' }>, flow: StreamFlow): void;
  onClosed(flow: StreamFlow, error?: Error): void;
  onRefused(from: Address): void;
}

const REFUSED: StreamHandlers = { onData: () => {}, onClose: () => {} };
const keyOf = (address: Address): string => `${address.host}|${address.port}`;

/** All TCP connections, accepted and made. One target has one connection, shared by whoever asks (RFC 3261 §18.1.1). */
export class TcpConnections {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #limits: TransportLimits;
  readonly #events: StreamEvents;
  readonly #listeners: { readonly listener: StreamListener; readonly options: ListenOptions }[] = [];
  readonly #connections = new Map<StreamFlow, TcpConnection>();
  /** The open connection to each remote address, newest first wins. */
  readonly #byRemote = new Map<string, StreamFlow>();
  readonly #connecting = new Map<string, Promise<StreamFlow>>();
  readonly #perSource = new Map<string, number>();
  #serial = 0;
  #closed = false;

  constructor(network: Network, clock: Clock, limits: TransportLimits, events: StreamEvents) {
    this.#network = network;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  get open(): number {
    return this.#connections.size;
  }

  async listen(options: ListenOptions): Promise<Address> {
    let bound: Address | undefined;
    const listener = await this.#network.listenStream(
      { host: options.host, port: options.port },
      (connection) => this.#accept(connection, options, bound ?? connection.local),
    );
    bound = listener.local;
    if (this.#closed) listener.close();
    else this.#listeners.push({ listener, options });
    return bound;
  }

  /** The open connection to the target, or the one that is being made, or a new one. */
  flowTo(remote: Address): Promise<StreamFlow> {
    const key = keyOf(remote);
    const open = this.#byRemote.get(key);
    if (open !== undefined) return Promise.resolve(open);
    const pending = this.#connecting.get(key);
    if (pending !== undefined) return pending;
    const made = this.#connect(remote).finally(() => this.#connecting.delete(key));
    this.#connecting.set(key, made);
    return made;
  }

  /** Writes, and keeps the connection from being idle. */
  write(flow: StreamFlow, bytes: Uint8Array): void {
    this.#connections.get(flow)?.touch();
    flow.write(bytes);
  }

  close(): void {
    this.#closed = true;
    for (const { listener } of this.#listeners) listener.close();
    this.#listeners.length = 0;
    for (const flow of [...this.#connections.keys()]) flow.close();
  }

  async #connect(remote: Address): Promise<StreamFlow> {
    let connection: TcpConnection | undefined;
    let ended: { readonly error: Error | undefined } | undefined;
    const stream = await this.#network.connectStream(
      remote,
      {
        onData: (bytes) => connection?.receive(bytes),
        onClose: (error) => {
          ended = { error };
          if (connection !== undefined) this.#end(connection, error);
        },
      },
      this.#limits.connectMs,
    );
    if (ended !== undefined) throw ended.error ?? new Error('the connection was closed at once');
    if (this.#closed) {
      stream.close();
      throw new Error('the transport is closed');
    }
    connection = this.#add(stream, false, this.#reachableAt(stream.local));
    return connection.flow;
  }

  /** A connection of ours advertises the listener, where there is one: its own port is not one to call back to. */
  #reachableAt(local: Address): Address {
    const found = this.#listeners.find((one) => isSameFamily(one.listener.local.host, local.host));
    if (found === undefined) return local;
    return {
      host: found.options.advertisedHost ?? local.host,
      port: found.options.advertisedPort ?? found.listener.local.port,
    };
  }

  #accept(stream: StreamConnection, options: ListenOptions, bound: Address): StreamHandlers {
    const source = stream.remote.host;
    const held = this.#perSource.get(source) ?? 0;
    const cap = this.#limits.flood.isTrusted(source)
      ? Number.POSITIVE_INFINITY
      : this.#limits.connectionsPerSource;
    const full = held >= cap || this.#connections.size >= this.#limits.connections;
    if (this.#closed || full || !this.#events.admit(stream.remote)) {
      this.#events.onRefused(stream.remote);
      stream.close();
      return REFUSED;
    }
    this.#perSource.set(source, held + 1);
    const connection = this.#add(stream, true, {
      host: options.advertisedHost ?? stream.local.host,
      port: options.advertisedPort ?? bound.port,
    });
    return {
      onData: (bytes) => connection.receive(bytes),
      onClose: (error) => {
        const left = (this.#perSource.get(source) ?? 1) - 1;
        if (left > 0) this.#perSource.set(source, left);
        else this.#perSource.delete(source);
        this.#end(connection, error);
      },
    };
  }

  #add(stream: StreamConnection, accepted: boolean, advertised: Address): TcpConnection {
    const flow = new StreamFlow(stream, advertised, ++this.#serial);
    const connection = new TcpConnection(flow, this.#clock, this.#limits, accepted, (framed) =>
      this.#events.onFramed(framed, flow),
    );
    this.#connections.set(flow, connection);
    this.#byRemote.set(keyOf(stream.remote), flow);
    return connection;
  }

  #end(connection: TcpConnection, error: Error | undefined): void {
    const { flow } = connection;
    if (!this.#connections.delete(flow)) return;
    connection.end();
    const key = keyOf(flow.remote);
    if (this.#byRemote.get(key) === flow) this.#byRemote.delete(key);
    this.#events.onClosed(flow, error);
  }
}
