import type { Socket } from 'node:net';
import type { Address, StreamConnection, StreamHandlers } from './types.ts';

/** Outgoing bytes that a peer does not read, before its connection is given up. */
export const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
/** How long a closing connection may take to write what is queued. */
export const CLOSE_MS = 2_000;

/** A dual-stack socket reports IPv4 peers as `::ffff:192.0.2.1`; everywhere else they are 192.0.2.1. */
export function plainHost(host: string): string {
  return host.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

/** Both ends of a socket. Undefined when the peer was gone before we looked; the socket is destroyed then. */
export function endsOf(socket: Socket): { local: Address; remote: Address } | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined) return discard(socket);
  if (remoteAddress === undefined || remotePort === undefined) return discard(socket);
  return {
    local: { host: plainHost(localAddress), port: localPort },
    remote: { host: plainHost(remoteAddress), port: remotePort },
  };
}

/** Closes a socket without a word. */
export function discard(socket: Socket): undefined {
  socket.on('error', () => {});
  socket.destroy();
  return undefined;
}

/** A TCP or TLS socket that is ready, as a connection. Undefined when the peer is gone already. */
export function connectionOf(socket: Socket, peerNames?: readonly string[]): StreamConnection | undefined {
  const ends = endsOf(socket);
  if (ends === undefined) return undefined;
  return {
    ...ends,
    peerNames,
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

export function attach(socket: Socket, handlers: StreamHandlers): void {
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('data', (bytes) => {
    if (typeof bytes !== 'string') handlers.onData(bytes);
  });
  socket.on('close', () => handlers.onClose(failure));
}
