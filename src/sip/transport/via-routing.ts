/**
 * Everything about `received` and `rport` (RFC 3261 §18.2, RFC 3581; PITFALLS row 21). Requests are stamped as they
 * arrive; the Via of a response is never touched. That our requests ask for rport is the transaction layer's part.
 */
import { topVia } from '../message/fields.ts';
import type { SipMessage, SipRequest } from '../message/types.ts';
import { formatVia } from '../message/via.ts';
import type { Address, Target, TransportName } from './types.ts';

const DEFAULT_PORT = 5060;
const DEFAULT_TLS_PORT = 5061;

/**
 * Writes the sender's address, never ours, into the top Via of a request that came from `source`: `received` when the
 * sent-by host differs (§18.2.1), and both `received` and `rport` when rport was asked for (RFC 3581 §4). A `received`
 * that the sender wrote itself does not survive.
 */
export function stampReceived(request: SipRequest, source: Address): void {
  const via = topVia(request);
  const asksForRport = via.params.has('rport');
  const mustReceive = asksForRport || via.host !== source.host.toLowerCase();
  if (!mustReceive && !via.params.has('received')) return;
  const params = new Map(via.params);
  params.delete('received');
  if (mustReceive) params.set('received', source.host);
  if (asksForRport) params.set('rport', String(source.port));
  request.headers.replaceFirst('Via', formatVia({ ...via, params }));
}

/**
 * Where a response over UDP goes: received:rport, else sent-by (§18.2.2, RFC 3581 §4). `maddr` is not obeyed: we do
 * no multicast, and it would let a stranger aim our answers at somebody else.
 */
export function datagramResponseTarget(response: SipMessage): Address {
  const via = topVia(response);
  return {
    host: via.params.get('received') ?? via.host,
    port: portOf(via.params.get('rport')) ?? via.port ?? DEFAULT_PORT,
  };
}

/**
 * Where to connect for a response whose connection is gone: received, and the port of sent-by (§18.2.2). The transport
 * is that of the connection, whatever the Via says.
 */
export function streamResponseTarget(response: SipMessage, transport: TransportName): Target {
  const via = topVia(response);
  const port = via.port ?? (transport === 'tls' ? DEFAULT_TLS_PORT : DEFAULT_PORT);
  return { transport, host: via.params.get('received') ?? via.host, port };
}

function portOf(text: string | null | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
  return port > 0 && port < 65_536 ? port : undefined;
}
