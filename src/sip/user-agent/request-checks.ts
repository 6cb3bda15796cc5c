/**
 * RFC 3261 §8.2 for a new INVITE of a peer that is known: what it asks for that we cannot do. Pure; the caller answers.
 */
import { hasUnreadableBody } from '../dialog/bodies.ts';
import { SUPPORTED_TAGS } from '../dialog/capabilities.ts';
import type { Refusal } from '../dialog/types.ts';
import { maxForwards, optionTags, requestUri } from '../message/fields.ts';
import type { SipRequest } from '../message/types.ts';
import { isSipUri, isTelUri } from '../message/uri.ts';
import { ACCEPT_FIELD, ALLOW_FIELD } from './options.ts';

export type { Refusal };

/** Why the INVITE cannot be taken, or undefined. In the order of §8.2. */
export function refusalOf(request: SipRequest): Refusal | undefined {
  return hops(request) ?? scheme(request) ?? extensions(request) ?? replaces(request) ?? content(request);
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

/** A request other than INVITE, OPTIONS and REGISTER outside any dialog. */
export function refusalOutside(request: SipRequest): Refusal {
  // RFC 3515 §2.4.2: a transfer needs a call that is to be transferred.
  if (request.method === 'REFER') return { status: 603, fields: [] };
  // RFC 6665 §4.1.3 and §7.3.2: we have subscribed to nothing; of packages we know none but the one of REFER.
  if (request.method === 'NOTIFY') {
    const event = (request.headers.get('Event') ?? '').split(';')[0]?.trim().toLowerCase();
    return { status: event === 'refer' ? 481 : 489, fields: [] };
  }
  return { status: 405, fields: [ALLOW_FIELD] };
}

/** §8.2.2.3: `replaces` is not among them (RFC 3891 §3). */
function extensions(request: SipRequest): Refusal | undefined {
  const known: readonly string[] = SUPPORTED_TAGS;
  const unsupported = optionTags(request, 'Require').filter((tag) => !known.includes(tag));
  if (unsupported.length === 0) return undefined;
  return { status: 420, fields: [['Unsupported', unsupported.join(', ')]] };
}

/**
 * A call that is to take the place of another (RFC 3891), or join one (RFC 3911), without requiring that we know how. As a
 * call of its own it would ring a second time, and bill twice, so it is refused. RFC 3891 §3 asks for 481 where the field
 * matches no dialog, and for others where it matches one: nobody is authorized to replace a call of ours, and the answer
 * must not tell which dialogs there are, so it is 481 for all. Two of the fields contradict each other: 400 (§3).
 */
function replaces(request: SipRequest): Refusal | undefined {
  const count = request.headers.getAll('Replaces').length + request.headers.getAll('Join').length;
  if (count === 0) return undefined;
  return { status: count > 1 ? 400 : 481, fields: [] };
}

/** §8.2.3; SDP may be a part of a multipart body (RFC 5621 §3.1). */
function content(request: SipRequest): Refusal | undefined {
  const encoding = request.headers.get('Content-Encoding')?.toLowerCase();
  if (encoding !== undefined && encoding !== 'identity') {
    return { status: 415, fields: [['Accept-Encoding', 'identity']] };
  }
  if (!hasUnreadableBody(request)) return undefined;
  return { status: 415, fields: [ACCEPT_FIELD] };
}
