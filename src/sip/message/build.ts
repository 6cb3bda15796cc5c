import { cseq, to, topVia } from './fields.ts';
import { Headers } from './headers.ts';
import { reasonPhrase } from './reason.ts';
import type { SipRequest, SipResponse, Uri } from './types.ts';
import { formatUri } from './uri.ts';
import { formatVia } from './via.ts';

/** Header fields in order; `Headers` itself is one. */
export type Fields = Iterable<readonly [name: string, value: string]>;

const NOTHING = new Uint8Array(0);

const toBytes = (body: Uint8Array | string | undefined): Uint8Array =>
  body === undefined ? NOTHING : typeof body === 'string' ? Buffer.from(body) : body;

/** A request. Content-Length is left to the serializer; Content-Type belongs into `fields`. Throws `SipSyntaxError`. */
export function request(
  method: string,
  uri: Uri | string,
  fields: Fields = [],
  body?: Uint8Array | string,
): SipRequest {
  return {
    kind: 'request',
    method,
    uri: typeof uri === 'string' ? uri : formatUri(uri),
    headers: new Headers(fields),
    body: toBytes(body),
  };
}

export interface ResponseOptions {
  /** Default: the registered phrase. */
  readonly reason?: string;
  /** Put on To where the request's To has no tag and the status is not 100 (§8.2.6.2). */
  readonly toTag?: string;
  readonly fields?: Fields;
  readonly body?: Uint8Array | string;
}

/**
 * A response to the request. Via, From, To, Call-ID and CSeq are copied as they stand (§8.2.6.2), for 101–299
 * Record-Route too (§12.1.1), for 100 Timestamp (§8.2.6.1). What the request lacks or holds malformed is lacking or
 * malformed here as well, so that a 400 can be built for it.
 */
export function response(req: SipRequest, status: number, options: ResponseOptions = {}): SipResponse {
  const headers = new Headers();
  headers.copyFrom(req.headers, 'Via');
  if (status > 100 && status < 300) headers.copyFrom(req.headers, 'Record-Route');
  headers.copyFrom(req.headers, 'From');
  headers.copyFrom(req.headers, 'To');
  if (options.toTag !== undefined && status > 100) addToTag(req, headers, options.toTag);
  headers.copyFrom(req.headers, 'Call-ID');
  headers.copyFrom(req.headers, 'CSeq');
  if (status === 100) headers.copyFrom(req.headers, 'Timestamp');
  for (const [name, value] of options.fields ?? []) headers.append(name, value);
  return {
    kind: 'response',
    status,
    reason: options.reason ?? reasonPhrase(status),
    headers,
    body: toBytes(options.body),
  };
}

function addToTag(req: SipRequest, headers: Headers, tag: string): void {
  try {
    if (to(req).params.has('tag')) return;
  } catch {
    return; // A malformed To is given back as it came.
  }
  // Appended to the text as it stands: the rest of the field must come back unchanged.
  headers.extendFirst('To', `;tag=${tag}`);
}

/** The ACK for a non-2xx final response: same branch, To of the response (§17.1.1.3). */
export function ackFor(invite: SipRequest, finalResponse: SipResponse): SipRequest {
  const ack = sameTransaction(invite, 'ACK');
  ack.headers.delete('To');
  ack.headers.copyFrom(finalResponse.headers, 'To');
  return ack;
}

/** The CANCEL for a request: same branch, same CSeq number, same Route (§9.1). */
export function cancelFor(invite: SipRequest): SipRequest {
  return sameTransaction(invite, 'CANCEL');
}

function sameTransaction(invite: SipRequest, method: 'ACK' | 'CANCEL'): SipRequest {
  const headers = new Headers([['Via', formatVia(topVia(invite))]]);
  headers.copyFrom(invite.headers, 'Route');
  headers.append('Max-Forwards', '70');
  headers.copyFrom(invite.headers, 'From');
  headers.copyFrom(invite.headers, 'To');
  headers.copyFrom(invite.headers, 'Call-ID');
  headers.append('CSeq', `${cseq(invite).sequence} ${method}`);
  return { kind: 'request', method, uri: invite.uri, headers, body: NOTHING };
}
