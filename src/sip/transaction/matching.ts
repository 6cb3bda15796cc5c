/** Which transaction a message belongs to (RFC 3261 §17.1.3 and §17.2.3). Pure. */
import { callId, cseq, fromTag, topVia, toTag } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';

/** §8.1.1.7: what every branch of an RFC 3261 peer begins with. */
export const MAGIC_COOKIE = 'z9hG4bK';

/** §17.1.3: branch of the top Via and method of CSeq. */
export function clientKey(message: SipRequest | SipResponse): string {
  return `${topVia(message).params.get('branch') ?? ''}|${cseq(message).method}`;
}

/**
 * §17.2.3: branch, sent-by and method, where an ACK counts as INVITE. A branch without the magic cookie comes from an
 * RFC 2543 peer, which is matched by Request-URI, tags, Call-ID, CSeq number and top Via. The To tag is not part of the
 * key, since an ACK carries that of our response; `sameToTag` compares it.
 */
export function serverKey(request: SipRequest, method = request.method): string {
  const via = topVia(request);
  const branch = via.params.get('branch') ?? '';
  const counted = method === 'ACK' ? 'INVITE' : method;
  const sentBy = `${via.transport}|${via.host}:${via.port ?? ''}`;
  if (isRfc3261Branch(branch)) return `${branch}|${sentBy}|${counted}`;
  const fields = [
    request.uri,
    fromTag(request) ?? '',
    callId(request),
    cseq(request).sequence,
    sentBy,
    branch,
  ];
  return `2543|${fields.join('|')}|${counted}`;
}

export function isRfc3261Branch(branch: string): boolean {
  return branch.slice(0, MAGIC_COOKIE.length).toLowerCase() === MAGIC_COOKIE.toLowerCase();
}

/**
 * The part of RFC 2543 matching that the key leaves out: the To tag of a retransmission is that of the request, of an
 * ACK that of our response.
 */
export function sameToTag(
  request: SipRequest,
  transaction: { readonly request: SipRequest; readonly responseTag?: string | undefined },
): boolean {
  if (isRfc3261Branch(topVia(request).params.get('branch') ?? '')) return true;
  const expected = request.method === 'ACK' ? transaction.responseTag : toTag(transaction.request);
  return toTag(request) === expected;
}

/** §8.2.2.2: what two copies of a request have in common that came by different paths. */
export function mergeKey(request: SipRequest): string {
  const { sequence, method } = cseq(request);
  return `${fromTag(request) ?? ''}|${callId(request)}|${sequence} ${method}`;
}
