import { createSocket, type SocketOptions, type SocketType } from 'node:dgram';
import { lookup } from 'node:dns';
import { createServer, isIP, connect as netConnect, type Socket } from 'node:net';
import type {
  Address,
  DatagramSocket,
  Network,
  StreamConnection,
  StreamHandlers,
  StreamListener,
} from './types.ts';

/** Outgoing bytes that a peer does not read, before its connection is given up. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
/** Room for bursts of datagrams while the main thread is busy. Bytes; the kernel may give less. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** How long a closing connection may take to write what is queued. */
const CLOSE_MS = 2_000;
/** Any port: `connect` on a UDP socket sends nothing. */
const DISCARD_PORT = 9;

const familyOf = (host: string): SocketType => (host.includes(':') ? 'udp6' : 'udp4');

/**
 * Node asks a resolver before each datagram, numeric address or not, and sends a turn later; here an address is its own
 * answer. Only a listener may be given a name.
 */
const lookUpNames: NonNullable<SocketOptions['lookup']> = (host, options, callback) => {
  const family = isIP(host);
  if (family === 0) lookup(host, options, callback);
  else callback(null, host, family);
};

/** The machine's sockets, on `node:dgram` and `node:net`. */
export class NodeNetwork implements Network {
  bindDatagram(local: Address, handlers: Parameters<Network['bindDatagram']>[1]): Promise<DatagramSocket> {
    return new Promise((resolve, reject) => {
      const type = familyOf(local.host);
      const socket = createSocket({ type, ipv6Only: type === 'udp6', lookup: lookUpNames });
      socket.once('error', reject);
      socket.bind({ address: local.host, port: local.port, exclusive: true }, () => {
        socket.off('error', reject);
        socket.on('error', (error) => handlers.onError(error));
        socket.on('message', (bytes, from) =>
          handlers.onMessage(bytes, { host: from.address, port: from.port }),
        );
        enlargeBuffer(() => socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES));
        const bound = socket.address();
        let open = true;
        resolve({
          local: { host: bound.address, port: bound.port },
          send: (bytes, to) => {
            if (!open) return;
            try {
              socket.send(bytes, to.port, to.host, (error) => {
                if (error !== null) handlers.onError(error, to);
              });
            } catch (error) {
              handlers.onError(error instanceof Error ? error : new Error(String(error)), to);
            }
          },
          close: () => {
            if (!open) return;
            open = false;
            socket.close();
          },
        });
      });
    });
  }

  listenStream(
    local: Address,
    onConnection: Parameters<Network['listenStream']>[1],
  ): Promise<StreamListener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true }, (socket) => {
        const connection = wrap(socket);
        if (connection !== undefined) attach(socket, onConnection(connection));
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
          close: () => void server.close(),
        });
      });
    });
  }

  connectStream(remote: Address, handlers: StreamHandlers, timeoutMs: number): Promise<StreamConnection> {
    return new Promise((resolve, reject) => {
      const socket = netConnect({ host: remote.host, port: remote.port, noDelay: true });
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      socket.once('error', fail);
      socket.setTimeout(timeoutMs, () => fail(new Error('connect ETIMEDOUT')));
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', fail);
        const connection = wrap(socket);
        if (connection === undefined) return fail(new Error('the connection was closed at once'));
        attach(socket, handlers);
        resolve(connection);
      });
    });
  }

  /** Asks the routing table with a connected UDP socket, which sends nothing. */
  localAddressFor(remoteHost: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createSocket(familyOf(remoteHost));
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.connect(DISCARD_PORT, remoteHost, () => {
        const { address } = socket.address();
        socket.close();
        resolve(address);
      });
    });
  }
}

function enlargeBuffer(enlarge: () => void): void {
  try {
    enlarge();
  } catch {
    // A smaller buffer only loses more datagrams under load; they are sent again.
  }
}

/** Undefined when the peer was gone before we looked. */
function wrap(socket: Socket): StreamConnection | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined) return gone(socket);
  if (remoteAddress === undefined || remotePort === undefined) return gone(socket);
  return {
    local: { host: localAddress, port: localPort },
    remote: { host: remoteAddress, port: remotePort },
    write: (bytes) => {
      if (socket.destroyed) return;
      socket.write(bytes);
      if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy(new Error('the peer does not read'));
    },
    // What is queued goes out first, if the peer takes it soon.
    close: () => {
      socket.setTimeout(CLOSE_MS, () => socket.destroy());
      socket.destroySoon();
    },
  };
}

function gone(socket: Socket): undefined {
  socket.on('error', () => {});
  socket.destroy();
  return undefined;
}

function attach(socket: Socket, handlers: StreamHandlers): void {
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('data', (bytes) => {
    if (typeof bytes !== 'string') handlers.onData(bytes);
  });
  socket.on('close', () => handlers.onClose(failure));
}
