/**
 * TLS and WebSocket handshakes of the virtual network: who would be let in, without a key or a frame. A certificate is
 * the list of the names that it carries, and every authority is trusted.
 */
import { carriesName } from '../../src/sip/transport/certificate-names.ts';
import type {
  StreamConnectOptions,
  StreamListenOptions,
  TlsMaterial,
  TransportName,
} from '../../src/sip/transport/types.ts';

/** What both sides agreed on, or why they did not. */
export type Handshake =
  | {
      readonly kind: 'open';
      readonly transport: TransportName;
      readonly clientNames?: readonly string[];
      readonly serverNames?: readonly string[];
    }
  | { readonly kind: 'failed'; readonly reason: string };

const failed = (reason: string): Handshake => ({ kind: 'failed', reason });

export function shakeHands(client: StreamConnectOptions, server: StreamListenOptions): Handshake {
  if ((client.secure === undefined) !== (server.secure === undefined)) return failed('one side speaks TLS');
  if ((client.webSocket === undefined) !== (server.webSocket === undefined)) {
    return failed('one side speaks WebSocket');
  }
  const origins = server.webSocket?.origins;
  const origin = client.webSocket?.origin;
  if (origins !== undefined && origin !== undefined && !origins.includes(origin)) {
    return failed('the origin is not on the list');
  }
  const webSocket = client.webSocket !== undefined;
  const { secure } = client;
  if (secure === undefined || server.secure === undefined) {
    return { kind: 'open', transport: webSocket ? 'ws' : 'tcp' };
  }
  const names = namesIn(server.secure.material()) ?? [];
  if (secure.expectedName !== undefined && !carriesName(names, secure.expectedName)) {
    return failed(`the certificate is for ${names.join(', ')}`);
  }
  const own = namesIn(secure.material);
  const { clientCertificates } = server.secure;
  if (clientCertificates === 'require' && own === undefined)
    return failed('a client certificate is required');
  const shown = clientCertificates === 'off' ? undefined : own;
  return {
    kind: 'open',
    transport: webSocket ? 'wss' : 'tls',
    ...(shown === undefined ? {} : { clientNames: shown }),
    ...(secure.expectedName === undefined ? {} : { serverNames: names }),
  };
}

function namesIn({ certificate }: TlsMaterial): readonly string[] | undefined {
  return certificate?.split(',').map((name) => name.trim().toLowerCase());
}
