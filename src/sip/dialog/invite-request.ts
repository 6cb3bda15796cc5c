import { request } from '../message/build.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest } from '../message/types.ts';
import { sdpFields } from './bodies.ts';
import { ALLOW } from './capabilities.ts';
import { withTag } from './dialog.ts';
import type { ExtraHeaders, InviteParts } from './types.ts';

/** A new INVITE outside any dialog (RFC 3261 §8.1.1, §13.2.1), from the closed list of its parts. No Via yet. */
export function buildInvite(
  parts: InviteParts,
  localTag: string,
  sequence: number,
  credentials: ExtraHeaders,
  /** Supported, Require, Session-Expires. */
  extensions: ExtraHeaders,
): SipRequest {
  const fields: ExtraHeaders = [
    ...(parts.routes ?? []).map((route) => ['Route', formatNameAddr(route)] as const),
    ['Max-Forwards', String(parts.maxForwards ?? 70)],
    ['From', formatNameAddr(withTag(parts.from, localTag))],
    ['To', formatNameAddr(parts.to)],
    ['Call-ID', parts.callId],
    ['CSeq', `${sequence} INVITE`],
    ['Contact', formatNameAddr(parts.contact)],
    ...ALLOW,
    ...extensions,
    ...(parts.headers ?? []),
    ...credentials,
    ...sdpFields(parts.sdp),
  ];
  return request('INVITE', parts.requestUri, fields, parts.sdp);
}
