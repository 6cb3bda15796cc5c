import type { Clock } from '../../kernel/clock.ts';
import { Admissions } from './admissions.ts';
import { isSameFamily } from './advertised.ts';
import { StreamFlow, type StreamTransport } from './flow.ts';
import type { TransportLimits } from './limits.ts';
import type { Framed } from './stream-framer.ts';
import { type Reader, StreamReader } from './stream-reader.ts';
import type {
  Address,
  ListenOptions,
  Network,
  SecureClient,
  StreamConnection,
  StreamHandlers,
  StreamListener,
  StreamListenOptions,
  Target,
} from './types.ts';
import { WebSocketReader } from './web-socket-reader.ts';

export interface StreamEvents {
  /** Whether one more connection may be taken, and, before each message is parsed, whether it may be. */
  admit(from: Address, what: 'connection' | 'handshake' | 'message'): boolean;
  onFramed(framed: Exclude<Framed, { kind: 'ping' }>, flow: StreamFlow): void;
  onClosed(flow: StreamFlow, error?: Error): void;
  onRefused(from: Address): void;
  onHandshakeFailed(from: Address, reason: string): void;
  /** How to speak TLS to a target that has a `domain`. */
  secureClient(target: Target): Promise<SecureClient>;
}

const CLOSED: StreamHandlers = { onData: () => {}, onClose: () => {} };

/** What a connection is found by again. A TLS connection of ours leads to the domain that was checked, and no other. */
const keyOf = ({ transport, host, port, domain }: Target): string =>
  `${transport}|${host}|${port}|${transport === 'tls' ? (domain ?? '') : ''}`;

const isWebSocket = (transport: StreamTransport): boolean => transport === 'ws' || transport === 'wss';

/** All connections, accepted and made. One target has one, shared by whoever asks (RFC 3261 §18.1.1). */
export class Connections {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #limits: TransportLimits;
  readonly #events: StreamEvents;
  readonly #listeners: { readonly listener: StreamListener; readonly options: ListenOptions }[] = [];
  /** Each open connection, and the key that it is found by. */
  readonly #connections = new Map<StreamFlow, { readonly reader: Reader; readonly key: string }>();
  /** The open connection to each target, newest first wins. */
  readonly #byTarget = new Map<string, StreamFlow>();
  readonly #connecting = new Map<string, Promise<StreamFlow>>();
  readonly #admissions: Admissions;
  #serial = 0;
  #closed = false;

  constructor(network: Network, clock: Clock, limits: TransportLimits, events: StreamEvents) {
    this.#network = network;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
    this.#admissions = new Admissions(clock, limits, (from, what) => events.admit(from, what));
  }

  get open(): number {
    return this.#connections.size;
  }

  /** Rejects when the address is taken, or when a secure listener has no certificate. */
  async listen(options: ListenOptions & { readonly transport: StreamTransport }): Promise<Address> {
    let bound: Address | undefined;
    const listener = await this.#network.listenStream(
      { host: options.host, port: options.port },
      (connection) => this.#accept(connection, options, bound ?? connection.local),
      this.#listenOptions(options),
    );
    bound = listener.local;
    if (this.#closed) listener.close();
    else this.#listeners.push({ listener, options });
    return bound;
  }

  /** The open connection to the target, or the one that is being made, or a new one. */
  flowTo(target: Target & { readonly transport: StreamTransport }): Promise<StreamFlow> {
    const key = keyOf(target);
    const open = this.#byTarget.get(key);
    if (open !== undefined) return Promise.resolve(open);
    const pending = this.#connecting.get(key);
    if (pending !== undefined) return pending;
    const made = this.#connect(target, key).finally(() => this.#connecting.delete(key));
    this.#connecting.set(key, made);
    return made;
  }

  /** The open TCP connection to an address, if there is one. */
  openTo(remote: Address): StreamFlow | undefined {
    return this.#byTarget.get(keyOf({ transport: 'tcp', ...remote }));
  }

  /** Writes, and keeps the connection from being idle. */
  write(flow: StreamFlow, bytes: Uint8Array): void {
    this.#connections.get(flow)?.reader.touch();
    flow.write(bytes);
  }

  close(): void {
    this.#closed = true;
    for (const { listener } of this.#listeners) listener.close();
    this.#listeners.length = 0;
    for (const flow of [...this.#connections.keys()]) flow.close();
  }

  #listenOptions(options: ListenOptions & { readonly transport: StreamTransport }): StreamListenOptions {
    const { transport, secure, origins } = options;
    const isSecure = transport === 'tls' || transport === 'wss';
    if (isSecure && secure === undefined) {
      throw new Error(`A ${transport} listener needs a certificate and its key.`);
    }
    const { headBytes, bodyBytes } = this.#limits;
    return {
      admit: (from, hangUp) => this.#admit(transport, from, hangUp),
      onHandshakeFailed: (from, reason) => this.#events.onHandshakeFailed(from, reason),
      ...(isSecure && secure !== undefined ? { secure } : {}),
      ...(isWebSocket(transport)
        ? {
            webSocket: {
              maxMessageBytes: headBytes + bodyBytes,
              ...(origins === undefined ? {} : { origins }),
            },
          }
        : {}),
    };
  }

  #admit(transport: StreamTransport, from: Address, hangUp: () => void): (() => void) | undefined {
    const release = this.#closed ? undefined : this.#admissions.admit(transport, from, hangUp);
    if (release === undefined) this.#events.onRefused(from);
    return release;
  }

  async #connect(target: Target & { readonly transport: StreamTransport }, key: string): Promise<StreamFlow> {
    const { transport } = target;
    // RFC 7118 §5: a WebSocket client cannot be connected to; nor can a phone behind NAT that came over TLS.
    if (isWebSocket(transport) || (transport === 'tls' && target.domain === undefined)) {
      throw new Error('the connection that the peer had made to us is gone');
    }
    const secure = transport === 'tls' ? await this.#events.secureClient(target) : undefined;
    let reader: Reader | undefined;
    let ended: { readonly error: Error | undefined } | undefined;
    const stream = await this.#network.connectStream(
      { host: target.host, port: target.port },
      {
        onData: (bytes) => reader?.receive(bytes),
        onClose: (error) => {
          ended = { error };
          if (reader !== undefined) this.#end(reader.flow, error);
        },
      },
      this.#limits.connectMs,
      secure === undefined ? {} : { secure },
    );
    if (ended !== undefined) throw ended.error ?? new Error('the connection was closed at once');
    if (this.#closed) {
      stream.close();
      throw new Error('the transport is closed');
    }
    reader = this.#add(transport, stream, false, this.#reachableAt(transport, stream.local), key);
    return reader.flow;
  }

  /** A connection of ours advertises the listener, where there is one: its own port is not one to call back to. */
  #reachableAt(transport: StreamTransport, local: Address): Address {
    const found = this.#listeners.find(
      ({ listener, options }) =>
        options.transport === transport && isSameFamily(listener.local.host, local.host),
    );
    if (found === undefined) return local;
    return {
      host: found.options.advertisedHost ?? local.host,
      port: found.options.advertisedPort ?? found.listener.local.port,
    };
  }

  #accept(
    stream: StreamConnection,
    options: ListenOptions & { readonly transport: StreamTransport },
    bound: Address,
  ): StreamHandlers {
    if (this.#closed) {
      stream.close();
      return CLOSED;
    }
    const { transport } = options;
    const key = keyOf({ transport, ...stream.remote });
    this.#admissions.opened(transport, stream.remote);
    const advertised = {
      host: options.advertisedHost ?? stream.local.host,
      port: options.advertisedPort ?? bound.port,
    };
    const reader = this.#add(transport, stream, true, advertised, key);
    return {
      onData: (bytes) => reader.receive(bytes),
      onPing: () => reader.onPing?.(),
      onPong: () => reader.onPong?.(),
      onClose: (error) => this.#end(reader.flow, error),
    };
  }

  #add(
    transport: StreamTransport,
    stream: StreamConnection,
    accepted: boolean,
    advertised: Address,
    key: string,
  ): Reader {
    const flow = new StreamFlow(transport, stream, advertised, ++this.#serial);
    const events = {
      admit: () => this.#events.admit(flow.remote, 'message'),
      onFramed: (framed: Exclude<Framed, { kind: 'ping' }>) => this.#events.onFramed(framed, flow),
    };
    const reader = isWebSocket(transport)
      ? new WebSocketReader(flow, this.#clock, this.#limits, events)
      : new StreamReader(flow, this.#clock, this.#limits, accepted, events);
    this.#connections.set(flow, { reader, key });
    this.#byTarget.set(key, flow);
    return reader;
  }

  #end(flow: StreamFlow, error: Error | undefined): void {
    const known = this.#connections.get(flow);
    if (known === undefined) return;
    this.#connections.delete(flow);
    known.reader.end();
    if (this.#byTarget.get(known.key) === flow) this.#byTarget.delete(known.key);
    this.#events.onClosed(flow, error);
  }
}
