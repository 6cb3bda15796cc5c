/** Messages and flows for the tests of this folder. */
import { parseMessage } from '../../message/parse.ts';
import type { SipRequest } from '../../message/types.ts';
import type { Flow, TransportName } from '../../transport/types.ts';

/** A request from its lines; Content-Length is added. */
export function requestOf(lines: readonly string[], body = ''): SipRequest {
  const text = `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const result = parseMessage(Buffer.from(text));
  if (!result.ok || result.message.kind !== 'request') throw new Error('the test message is not a request');
  return result.message;
}

export function flowFrom(host: string, port = 5060, transport: TransportName = 'udp'): Flow {
  return {
    id: `${transport}|${host}:${port}`,
    transport,
    reliable: transport !== 'udp',
    secure: transport === 'tls' || transport === 'wss',
    local: { host: '192.0.2.1', port: 5060 },
    remote: { host, port },
    advertised: { host: '192.0.2.1', port: 5060 },
    isOpen: true,
  };
}
