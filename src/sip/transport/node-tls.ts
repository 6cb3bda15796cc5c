/** TLS on the machine's sockets (RFC 3261 §26.3.1, RFC 5922). Never below TLS 1.2. */
import { constants } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type SecureContextOptions,
  TLSSocket,
} from 'node:tls';
import { carriesName, namesOf } from './certificate-names.ts';
import type { Address, SecureClient, SecureServer, TlsMaterial } from './types.ts';

const MIN_VERSION = 'TLSv1.2';

function contextOf(material: TlsMaterial): SecureContextOptions {
  const { certificate, key, ca } = material;
  return {
    minVersion: MIN_VERSION,
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
  };
}

export interface TlsAcceptor {
  /** Takes a fresh connection; `onSecure` or `onFailed` follows. */
  accept(socket: Socket): void;
  /** Ends the handshakes that are under way. */
  close(): void;
}

/** The server side of handshakes. The material is asked for at each, so that new certificates hold at once. */
export function createTlsAcceptor(
  secure: SecureServer,
  onSecure: (socket: TLSSocket, peerNames: readonly string[] | undefined) => void,
  onFailed: (socket: Socket, reason: string) => void,
): TlsAcceptor {
  const pending = new Set<Socket>();
  const asks = secure.clientCertificates !== 'off';
  let current = secure.material();
  const options = (material: TlsMaterial): SecureContextOptions => ({
    ...contextOf(material),
    // A resumed session would keep a client certificate alive that its authority has long lost.
    ...(asks ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
  });
  const server = createServer(
    {
      ...options(current),
      requestCert: asks,
      rejectUnauthorized: secure.clientCertificates === 'require',
    },
    (socket) => {
      const verified = asks && socket.authorized;
      onSecure(socket, verified ? namesOf(socket.getPeerCertificate()) : undefined);
    },
  );
  server.on('tlsClientError', (error, socket) => {
    onFailed(socket, error.message);
    socket.destroy();
  });
  return {
    accept: (socket) => {
      const material = secure.material();
      if (material !== current) {
        current = material;
        server.setSecureContext(options(material));
      }
      pending.add(socket);
      socket.once('close', () => pending.delete(socket));
      server.emit('connection', socket);
    },
    close: () => {
      for (const socket of pending) socket.destroy();
    },
  };
}

/** The names of the certificate at the other end; it has been verified before. */
export function namesAt(socket: Socket): readonly string[] | undefined {
  return socket instanceof TLSSocket ? namesOf(socket.getPeerCertificate()) : undefined;
}

/**
 * Connects and shakes hands. Emits `secureConnect` when the peer has proved to be who it should be, `error` otherwise
 * (RFC 5922 §7.2, §8).
 */
export function connectTls(remote: Address, secure: SecureClient): TLSSocket {
  const { serverName, expectedName, material } = secure;
  const options: ConnectionOptions = {
    ...contextOf(material),
    host: remote.host,
    port: remote.port,
    // An address is no server name (RFC 6066 §3).
    servername: isIP(serverName) === 0 ? serverName : '',
    rejectUnauthorized: expectedName !== undefined,
    checkServerIdentity: (_host, certificate) => {
      const names = namesOf(certificate);
      if (expectedName === undefined || carriesName(names, expectedName)) return undefined;
      return new Error(
        `The certificate is for ${names.join(', ') || 'nobody'} and not for ${expectedName}; see tls.serverName of the trunk.`,
      );
    },
  };
  return connect(options);
}
