/** Connections of the machine: TCP, TLS and WebSocket, each built on the one before. */
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { attach, connectionOf, discard, endsOf, plainHost } from './node-socket.ts';
import { connectTls, createTlsAcceptor, namesAt } from './node-tls.ts';
import { attachWebSocket, createWebSocketAcceptor, webSocketConnection } from './node-web-socket.ts';
import type {
  Address,
  StreamConnection,
  StreamConnectOptions,
  StreamHandlers,
  StreamListener,
  StreamListenOptions,
} from './types.ts';

type OnConnection = (connection: StreamConnection) => StreamHandlers;

/** What takes a socket on its way to a connection. */
interface Stage {
  accept(socket: Socket, peerNames?: readonly string[] | undefined): void;
  close(): void;
}

/** See `Network.listenStream`. */
export function listenStream(
  local: Address,
  onConnection: OnConnection,
  options: StreamListenOptions,
): Promise<StreamListener> {
  return new Promise((resolve, reject) => {
    const handshakes = new Handshakes(options);
    const stages = stagesOf(onConnection, handshakes, options);
    const server = createServer({ noDelay: true }, (socket) => {
      const ends = endsOf(socket);
      if (ends === undefined) return;
      const hangUp = (): void => void discard(socket);
      const release = options.admit === undefined ? () => {} : options.admit(ends.remote, hangUp);
      if (release === undefined) return discard(socket);
      handshakes.begin(ends.remote);
      socket.once('close', () => {
        release();
        handshakes.closed(ends.remote);
      });
      stages[0]!.accept(socket);
    });
    server.once('error', reject);
    server.listen({ host: local.host, port: local.port, exclusive: true, ipv6Only: true }, () => {
      server.off('error', reject);
      // Accept errors (too many open files) concern one connection, not the listener.
      server.on('error', () => {});
      const bound = server.address();
      const address = bound === null || typeof bound === 'string' ? local : bound;
      resolve({
        local: { host: 'address' in address ? address.address : local.host, port: address.port },
        close: () => {
          server.close();
          handshakes.end();
          for (const stage of stages) stage.close();
        },
      });
    });
  });
}

/** Connections that are not open yet: whichever ends in this state has failed, whoever ended it. */
class Handshakes {
  readonly #options: StreamListenOptions;
  readonly #pending = new Map<string, string>();

  constructor(options: StreamListenOptions) {
    this.#options = options;
  }

  begin(from: Address): void {
    this.#pending.set(keyOf(from), 'the peer hung up');
  }

  opened(from: Address): void {
    this.#pending.delete(keyOf(from));
  }

  /** Why the connection will be closed; it is told when that has happened. */
  failed(from: Address | undefined, reason: string): void {
    if (from !== undefined && this.#pending.has(keyOf(from))) this.#pending.set(keyOf(from), reason);
  }

  closed(from: Address): void {
    const reason = this.#pending.get(keyOf(from));
    if (reason === undefined) return;
    this.#pending.delete(keyOf(from));
    this.#options.onHandshakeFailed?.(from, reason);
  }

  /** The listener closes: what ends now ends because of us. */
  end(): void {
    this.#pending.clear();
  }
}

const keyOf = ({ host, port }: Address): string => `${host}|${port}`;

/** The first takes fresh sockets; each hands on to the next. Throws when the certificate cannot be used. */
function stagesOf(
  onConnection: OnConnection,
  handshakes: Handshakes,
  { secure, webSocket }: StreamListenOptions,
): readonly Stage[] {
  const onFailed = (socket: Socket, reason: string): void => {
    const { remoteAddress: host, remotePort: port } = socket;
    if (host !== undefined && port !== undefined) handshakes.failed({ host: plainHost(host), port }, reason);
  };
  const onOpen: OnConnection = (connection) => {
    handshakes.opened(connection.remote);
    return onConnection(connection);
  };
  const last: Stage =
    webSocket === undefined
      ? {
          accept: (socket, names) => {
            const connection = connectionOf(socket, names);
            if (connection !== undefined) attach(socket, onOpen(connection));
          },
          close: () => {},
        }
      : createWebSocketAcceptor(webSocket, onOpen, onFailed);
  if (secure === undefined) return [last];
  const onSecure = (socket: Socket, names: readonly string[] | undefined): void => last.accept(socket, names);
  return [createTlsAcceptor(secure, onSecure, onFailed), last];
}

/** See `Network.connectStream`. */
export function connectStream(
  remote: Address,
  handlers: StreamHandlers,
  timeoutMs: number,
  options: StreamConnectOptions,
): Promise<StreamConnection> {
  const { secure, webSocket } = options;
  const opened = (): Socket =>
    secure === undefined
      ? netConnect({ host: remote.host, port: remote.port, noDelay: true })
      : connectTls(remote, secure).setNoDelay(true);
  const ready = secure === undefined ? 'connect' : 'secureConnect';
  if (webSocket !== undefined) return connectWebSocket(opened, handlers, timeoutMs, options);
  return new Promise((resolve, reject) => {
    const socket = opened();
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.once('error', fail);
    socket.setTimeout(timeoutMs, () => fail(new Error('connect ETIMEDOUT')));
    socket.once(ready, () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      const connection = connectionOf(
        socket,
        secure?.expectedName === undefined ? undefined : namesAt(socket),
      );
      if (connection === undefined) return reject(new Error('the connection was closed at once'));
      attach(socket, handlers);
      resolve(connection);
    });
  });
}

/** For phones. The scheme says `ws` in any case: the socket below has done its TLS by itself. */
function connectWebSocket(
  opened: () => Socket,
  handlers: StreamHandlers,
  timeoutMs: number,
  { webSocket }: StreamConnectOptions,
): Promise<StreamConnection> {
  return new Promise((resolve, reject) => {
    const { origin } = webSocket ?? {};
    const socket = opened();
    const client = new WebSocket('ws://localhost/', 'sip', {
      perMessageDeflate: false,
      handshakeTimeout: timeoutMs,
      ...(origin === undefined ? {} : { origin }),
      createConnection: () => socket,
    });
    client.once('error', reject);
    client.once('open', () => {
      client.off('error', reject);
      const connection = webSocketConnection(client, socket, undefined);
      if (connection === undefined) return reject(new Error('the connection was closed at once'));
      attachWebSocket(client, handlers);
      resolve(connection);
    });
  });
}
