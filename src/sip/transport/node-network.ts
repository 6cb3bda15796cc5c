import { createSocket, type SocketOptions, type SocketType } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { plainHost } from './node-socket.ts';
import { connectStream, listenStream } from './node-streams.ts';
import type {
  Address,
  DatagramSocket,
  Network,
  StreamConnection,
  StreamConnectOptions,
  StreamHandlers,
  StreamListener,
  StreamListenOptions,
} from './types.ts';

/** Room for bursts of datagrams while the main thread is busy. Bytes; the kernel may give less. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
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

/** The machine's sockets, on `node:dgram`, `node:net`, `node:tls` and `ws`. */
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
          handlers.onMessage(bytes, { host: plainHost(from.address), port: from.port }),
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
    options: StreamListenOptions = {},
  ): Promise<StreamListener> {
    return listenStream(local, onConnection, options);
  }

  connectStream(
    remote: Address,
    handlers: StreamHandlers,
    timeoutMs: number,
    options: StreamConnectOptions = {},
  ): Promise<StreamConnection> {
    return connectStream(remote, handlers, timeoutMs, options);
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
