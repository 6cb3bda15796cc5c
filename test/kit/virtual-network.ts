import type { Clock } from '../../src/kernel/clock.ts';
import type { Random } from '../../src/kernel/random.ts';
import type {
  Address,
  DatagramSocket,
  Network,
  StreamConnection,
  StreamConnectOptions,
  StreamHandlers,
  StreamListener,
  StreamListenOptions,
  TransportName,
} from '../../src/sip/transport/types.ts';
import { shakeHands } from './virtual-handshake.ts';
import { type StreamHub, VirtualDatagram, VirtualStream } from './virtual-sockets.ts';

/** How packets travel. Probabilities are 0–1; milliseconds are of the virtual clock. */
export interface Conditions {
  /** One way, ms. */
  latency: number;
  /** Added at random, up to this, to each datagram; more than the gap between two lets them overtake each other. */
  jitter: number;
  loss: number;
  duplication: number;
  /** Stream bytes are cut into slices of at most this many bytes at random; 0 delivers each write as it was. */
  streamSlice: number;
}

/** One datagram or stream write, as it left its sender: also those that are lost afterwards. */
export interface Captured {
  readonly transport: TransportName;
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
  /** Monotonic ms of the virtual clock. */
  readonly at: number;
}

type DatagramHandlers = Parameters<Network['bindDatagram']>[1];
type Accept = Parameters<Network['listenStream']>[1];

interface Listening {
  readonly accept: Accept;
  readonly options: StreamListenOptions;
}

export type Tap = (packet: Captured) => void;

/** When the copies of a datagram arrive, in ms from now: none for one that is lost. */
export type Fate = (from: Address, to: Address, bytes: Uint8Array) => readonly number[];

const PERFECT: Conditions = { latency: 1, jitter: 0, loss: 0, duplication: 0, streamSlice: 0 };

/**
 * A network of hosts that are known by their IP addresses. The hub is shared; each host's own view of it, `host(ip)`, is
 * the `Network` to hand to a server or a phone. A bind to `0.0.0.0` or `::` is a bind to the host's address of that
 * family. The hub itself is a `Network` too, for tests that bind to explicit addresses only.
 */
export class VirtualNetwork implements Network, StreamHub {
  readonly conditions: Conditions;
  /** Decides instead of the conditions what becomes of each datagram. */
  fate: Fate | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #taps = new Set<Tap>();
  readonly #datagram = new Map<string, VirtualDatagram>();
  readonly #listeners = new Map<string, Listening>();
  readonly #open = new Set<VirtualStream>();
  readonly #unreachable = new Set<string>();
  #nextPort = 40_000;

  constructor(options: { clock: Clock; random: Random; conditions?: Partial<Conditions> }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.conditions = { ...PERFECT, ...options.conditions };
  }

  /** The machine with these addresses, the first of a family being the one that it sends from. */
  host(...ips: string[]): Network {
    return new VirtualHost(this, ips);
  }

  /** Sees every datagram and stream write from now on; returns the function that stops it. */
  tap(tap: Tap): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  /** Datagrams to and from the host vanish, connects to it time out, until `heal`. */
  isolate(ip: string): void {
    this.#unreachable.add(ip);
  }

  heal(ip: string): void {
    this.#unreachable.delete(ip);
  }

  isolated(ip: string): boolean {
    return this.#unreachable.has(ip);
  }

  /** Sockets that are still open; the leak check wants all zero. */
  get counts(): { datagram: number; listeners: number; streams: number } {
    return { datagram: this.#datagram.size, listeners: this.#listeners.size, streams: this.#open.size };
  }

  /** Ends every connection of two hosts with an error, as a firewall that forgot them does. */
  breakStreams(ipA: string, ipB: string): void {
    for (const stream of [...this.#open]) {
      const pair = [stream.local.host, stream.remote.host];
      if (pair.includes(ipA) && pair.includes(ipB)) stream.ended(new Error('connection reset'));
    }
  }

  async bindDatagram(local: Address, handlers: DatagramHandlers): Promise<DatagramSocket> {
    return this.bindDatagramOn([local.host], local, handlers);
  }

  async listenStream(
    local: Address,
    onConnection: Accept,
    options?: StreamListenOptions,
  ): Promise<StreamListener> {
    return this.listenStreamOn([local.host], local, onConnection, options);
  }

  /** What a host's `bindDatagram` does: receives on every one of `ips`, sends from the first. */
  bindDatagramOn(ips: readonly string[], local: Address, handlers: DatagramHandlers): DatagramSocket {
    const bound = { host: local.host, port: local.port === 0 ? this.#nextPort++ : local.port };
    const places = ips.map((host) => ({ host, port: bound.port }));
    for (const place of places) {
      if (this.#datagram.has(key(place))) throw new Error(`bind EADDRINUSE ${key(place)}`);
    }
    const socket = new VirtualDatagram(bound, handlers.onMessage, {
      send: (bytes, to) => this.#sendDatagram(places[0]!, to, bytes),
      closed: () => places.forEach((place) => void this.#datagram.delete(key(place))),
    });
    for (const place of places) this.#datagram.set(key(place), socket);
    return socket;
  }

  /** What a host's `listenStream` does. */
  listenStreamOn(
    ips: readonly string[],
    local: Address,
    onConnection: Accept,
    options: StreamListenOptions = {},
  ): StreamListener {
    const bound = { host: local.host, port: local.port === 0 ? this.#nextPort++ : local.port };
    const places = ips.map((host) => key({ host, port: bound.port }));
    for (const place of places) {
      if (this.#listeners.has(place)) throw new Error(`listen EADDRINUSE ${place}`);
    }
    for (const place of places) this.#listeners.set(place, { accept: onConnection, options });
    return { local: bound, close: () => places.forEach((place) => void this.#listeners.delete(place)) };
  }

  /** Connects from an address of its own; `host(ip).connectStream` connects from that host. */
  connectStream(
    remote: Address,
    handlers: StreamHandlers,
    timeoutMs: number,
    options?: StreamConnectOptions,
  ): Promise<StreamConnection> {
    return this.connectFrom('127.0.0.1', remote, handlers, timeoutMs, options);
  }

  async localAddressFor(_remote: string): Promise<string> {
    return '127.0.0.1';
  }

  /** What `host(ip).connectStream` does. Refused after a round trip, or never answered when the host is isolated. */
  async connectFrom(
    ip: string,
    remote: Address,
    handlers: StreamHandlers,
    timeoutMs: number,
    options: StreamConnectOptions = {},
  ): Promise<StreamConnection> {
    if (this.#cut(ip, remote.host)) {
      await this.#wait(timeoutMs);
      throw new Error('connect ETIMEDOUT');
    }
    await this.#wait(this.conditions.latency * 2);
    const listening = this.#listeners.get(key(remote));
    if (listening === undefined) throw new Error('connect ECONNREFUSED');
    const local = { host: ip, port: this.#nextPort++ };
    const release =
      listening.options.admit === undefined ? () => {} : listening.options.admit(local, () => near.ended());
    const near = new VirtualStream(local, remote, this);
    near.handlers = handlers;
    this.#open.add(near);
    if (release === undefined) {
      this.#clock.setTimeout(() => near.ended(), this.conditions.latency);
      return near;
    }
    const agreed = shakeHands(options, listening.options);
    if (agreed.kind === 'failed') {
      this.#open.delete(near);
      release();
      listening.options.onHandshakeFailed?.(local, agreed.reason);
      throw new Error(agreed.reason);
    }
    if (agreed.transport !== 'tcp') await this.#wait(this.conditions.latency * 2);
    const far = new VirtualStream(remote, local, this, agreed.clientNames);
    near.transport = agreed.transport;
    near.peerNames = agreed.serverNames;
    far.transport = agreed.transport;
    far.release = release;
    this.#open.add(far);
    near.peer = far;
    far.peer = near;
    far.handlers = listening.accept(far);
    return near;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimeout(resolve, ms);
    });
  }

  #cut(a: string, b: string): boolean {
    return this.#unreachable.has(a) || this.#unreachable.has(b);
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random.int(1_000_000) < probability * 1_000_000;
  }

  #capture(transport: TransportName, from: Address, to: Address, bytes: Uint8Array): void {
    for (const tap of this.#taps) tap({ transport, from, to, bytes, at: this.#clock.monotonic() });
  }

  #sendDatagram(from: Address, to: Address, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.#capture('udp', from, to, copy);
    const delays = this.fate?.(from, to, copy) ?? this.#chances();
    for (const delay of delays) {
      this.#clock.setTimeout(() => {
        if (this.#cut(from.host, to.host)) return;
        this.#datagram.get(key(to))?.receive(copy.slice(), from);
      }, delay);
    }
  }

  #chances(): readonly number[] {
    const { loss, duplication, jitter, latency } = this.conditions;
    const copies = this.#chance(loss) ? 0 : this.#chance(duplication) ? 2 : 1;
    const extra = (): number => (jitter > 0 ? this.#random.int(Math.ceil(jitter) + 1) : 0);
    return Array.from({ length: copies }, () => latency + extra());
  }

  /** For `VirtualStream`. */
  carry(from: VirtualStream, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.#capture(from.transport, from.local, from.remote, copy);
    // A WebSocket keeps its messages whole.
    const most = from.isMessages ? 0 : this.conditions.streamSlice;
    for (let start = 0; start < copy.length; ) {
      const size = most === 0 ? copy.length : 1 + this.#random.int(most);
      const slice = copy.slice(start, start + size);
      start += size;
      // One latency for all, and timers of one instant run in order: a stream never reorders.
      this.#clock.setTimeout(() => {
        if (!this.#cut(from.local.host, from.remote.host)) from.peer?.receive(slice);
      }, this.conditions.latency);
    }
  }

  /** For `VirtualStream`: a WebSocket ping, and its answer. */
  ping(from: VirtualStream): void {
    const { latency } = this.conditions;
    this.#clock.setTimeout(() => {
      const { peer } = from;
      if (peer === undefined || !peer.isOpen || this.#cut(from.local.host, from.remote.host)) return;
      peer.handlers?.onPing?.();
      this.#clock.setTimeout(() => {
        if (from.isOpen && !this.#cut(from.local.host, from.remote.host)) from.handlers?.onPong?.();
      }, latency);
    }, latency);
  }

  /** For `VirtualStream`: the other end hears of a close after the latency, behind all data. */
  hangUp(from: VirtualStream): void {
    this.#clock.setTimeout(() => {
      if (!this.#cut(from.local.host, from.remote.host)) from.peer?.ended();
    }, this.conditions.latency);
  }

  /** For `VirtualStream`. */
  forget(stream: VirtualStream): void {
    this.#open.delete(stream);
  }
}

const key = (address: Address): string => `${address.host}|${address.port}`;

class VirtualHost implements Network {
  readonly #hub: VirtualNetwork;
  readonly #ips: readonly string[];

  constructor(hub: VirtualNetwork, ips: readonly string[]) {
    this.#hub = hub;
    this.#ips = ips;
  }

  async bindDatagram(local: Address, handlers: DatagramHandlers): Promise<DatagramSocket> {
    return this.#hub.bindDatagramOn(this.#covered(local.host), local, handlers);
  }

  async listenStream(
    local: Address,
    onConnection: Accept,
    options?: StreamListenOptions,
  ): Promise<StreamListener> {
    return this.#hub.listenStreamOn(this.#covered(local.host), local, onConnection, options);
  }

  connectStream(
    remote: Address,
    handlers: StreamHandlers,
    timeoutMs: number,
    options?: StreamConnectOptions,
  ): Promise<StreamConnection> {
    return this.#hub.connectFrom(this.#ofFamily(remote.host), remote, handlers, timeoutMs, options);
  }

  async localAddressFor(remote: string): Promise<string> {
    return this.#ofFamily(remote);
  }

  /** The addresses that a bind to `host` covers. */
  #covered(host: string): readonly string[] {
    const wildcard = host === '0.0.0.0' || host === '::';
    const covered = this.#ips.filter(
      (ip) => ip === host || (wildcard && ip.includes(':') === host.includes(':')),
    );
    if (covered.length === 0) throw new Error(`bind EADDRNOTAVAIL ${host}`);
    return covered;
  }

  #ofFamily(ip: string): string {
    const found = this.#ips.find((own) => own.includes(':') === ip.includes(':'));
    if (found === undefined) throw new Error('ENETUNREACH');
    return found;
  }
}
