/** INFO and MESSAGE inside a call: bodies for the script of this very leg, and from it. */
import type { Body, ExtraHeaders, SessionEvents } from '../sip/dialog/types.ts';
import { digitOfInfo, mimeTypeOf } from './dtmf-info.ts';
import { toHeaderMap } from './header-allow-list.ts';
import type { CallEvents } from './types.ts';

/** A body of more than this is neither for a script nor from one. */
const MAX_BODY_BYTES = 16_384;
/** RFC 6838 §4.2: restricted names; nothing in them could end a header field or begin a parameter. */
const MEDIA_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}$/;

/** An INFO as a key or as text for the script; undefined when it carries nothing. */
export function readInfo(info: SessionEvents['info']): CallEvents['digit'] | CallEvents['info'] | undefined {
  const heard = textOf(info.body);
  if (heard === undefined) return undefined;
  const { mimeType, text: body } = heard;
  const digit = digitOfInfo(mimeType, body);
  return digit === undefined ? { mimeType, body, headers: toHeaderMap(info.headers) } : { digit };
}

/** A MESSAGE as text for the script; undefined when it is no text (RFC 3428 §4 leaves other types to the user agent). */
export function readMessage(message: SessionEvents['message']): CallEvents['message'] | undefined {
  const heard = textOf(message.body);
  if (heard?.mimeType !== 'text/plain') return undefined;
  return { text: heard.text, headers: toHeaderMap(message.headers) };
}

/** What a script wants to send, or why it is not sent. */
export type Outgoing =
  | { readonly body: Body; readonly objection?: undefined }
  | { readonly objection: string };

export function infoBody(mimeType: string, text: string): Outgoing {
  if (!MEDIA_TYPE.test(mimeType)) return { objection: 'INFO not sent: its type is not type/subtype' };
  return bodyOf('INFO', mimeType, text);
}

export function messageBody(text: string): Outgoing {
  return bodyOf('MESSAGE', 'text/plain;charset=UTF-8', text);
}

function bodyOf(method: string, contentType: string, text: string): Outgoing {
  const content = new TextEncoder().encode(text);
  if (content.length > MAX_BODY_BYTES)
    return { objection: `${method} not sent: it is longer than ${MAX_BODY_BYTES} bytes` };
  return { body: { contentType, content } };
}

function textOf(body: Body | undefined): { readonly mimeType: string; readonly text: string } | undefined {
  if (body === undefined || body.content.length > MAX_BODY_BYTES) return undefined;
  return { mimeType: mimeTypeOf(body), text: new TextDecoder().decode(body.content) };
}

export type Send = (body: Body, headers: ExtraHeaders) => Promise<number>;
