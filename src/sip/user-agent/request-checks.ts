/**
 * RFC 3261 §8.2 for a new INVITE of a peer that is known: what it asks for that we cannot do. Pure; the caller answers.
 */
import { contentType, maxForwards, optionTags, requestUri } from '../message/fields.ts';
import type { SipRequest } from '../message/types.ts';
import { isSipUri, isTelUri } from '../message/uri.ts';
import { ACCEPT_FIELD } from './options.ts';

export interface Refusal {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Why the INVITE cannot be taken, or undefined. In the order of §8.2. */
export function refusalOf(request: SipRequest): Refusal | undefined {
  return hops(request) ?? scheme(request) ?? extensions(request) ?? content(request);
}

/** RFC 7332 §4: a B2BUA counts hops as a proxy does, or two of them play ball with a call for ever (row 44). */
function hops(request: SipRequest): Refusal | undefined {
  return maxForwards(request) === 0 ? { status: 483, fields: [] } : undefined;
}

/** §8.2.2.1 */
function scheme(request: SipRequest): Refusal | undefined {
  const uri = requestUri(request);
  return isSipUri(uri) || isTelUri(uri) ? undefined : { status: 416, fields: [] };
}

/** §8.2.2.3: no extension of ours has to be required. */
function extensions(request: SipRequest): Refusal | undefined {
  const unsupported = optionTags(request, 'Require');
  if (unsupported.length === 0) return undefined;
  return { status: 420, fields: [['Unsupported', unsupported.join(', ')]] };
}

/** §8.2.3 */
function content(request: SipRequest): Refusal | undefined {
  const encoding = request.headers.get('Content-Encoding')?.toLowerCase();
  if (encoding !== undefined && encoding !== 'identity') {
    return { status: 415, fields: [['Accept-Encoding', 'identity']] };
  }
  if (request.body.length === 0 || contentType(request) === 'application/sdp') return undefined;
  return { status: 415, fields: [ACCEPT_FIELD] };
}
