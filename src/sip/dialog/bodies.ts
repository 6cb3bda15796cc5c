/** What a session shows of a message: its SDP, its body, its `X-` header fields. */
import { contentType } from '../message/fields.ts';
import type { SipMessage } from '../message/types.ts';
import type { Body, ExtraHeaders } from './types.ts';

const SDP = 'application/sdp';

/** The SDP of a message, also as a part of a multipart body (RFC 5621 §8.1); undefined when there is none. */
export function sdpOf(message: SipMessage): string | undefined {
  const type = contentType(message);
  if (message.body.length === 0 || type === undefined) return undefined;
  if (type === SDP) return text(message.body);
  if (type.startsWith('multipart/')) return sdpPart(message);
  return undefined;
}

/** Whether there is a body that we cannot read as an offer: owed 415 (§8.2.3). */
export function hasUnreadableBody(message: SipMessage): boolean {
  return message.body.length > 0 && sdpOf(message) === undefined;
}

export function bodyOf(message: SipMessage): Body | undefined {
  if (message.body.length === 0) return undefined;
  return { contentType: contentType(message) ?? 'application/octet-stream', content: message.body };
}

/** The peer's own fields, for the script of this very leg. */
export function xHeaders(message: SipMessage): ExtraHeaders {
  return [...message.headers].filter(([name]) => /^x-/i.test(name));
}

export function sdpFields(sdp: string | undefined): ExtraHeaders {
  return sdp === undefined ? [] : [['Content-Type', SDP]];
}

export function sdpBody(sdp: string | undefined): { readonly body?: Uint8Array } {
  return sdp === undefined ? {} : { body: Buffer.from(sdp) };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

/** RFC 2046 §5.1: parts are separated by lines of `--boundary`; a part's header ends at its first empty line. */
function sdpPart(message: SipMessage): string | undefined {
  const boundary = /;\s*boundary="?([^";]+)"?/i.exec(message.headers.get('Content-Type') ?? '')?.[1];
  if (boundary === undefined) return undefined;
  for (const part of text(message.body).split(`--${boundary}`).slice(1)) {
    const end = part.indexOf('\r\n\r\n');
    if (end < 0) continue;
    if (/^content-type:\s*application\/sdp\b/im.test(part.slice(0, end))) return part.slice(end + 4);
  }
  return undefined;
}
