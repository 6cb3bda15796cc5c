import { serialize } from '../sip/message/serialize.ts';
import type { SipMessage } from '../sip/message/types.ts';

const LEFT_OUT = '[left out]';

/**
 * Digest answers let whoever reads them guess the password; an Identity (RFC 8224 §4) is signed, and holds both numbers in
 * a form that no search for numbers finds.
 */
const SECRET_FIELDS = /^((?:proxy-)?authorization|identity|y)([ \t]*:).*$/gim;
/** RFC 4568 §9.1 and RFC 8866 §5.12: the keys of the media. */
const MEDIA_KEYS = /^(a=crypto:\d+[ \t]+\w+[ \t]+|a=crypto:|k=).*$/gim;
/** Longest text that is kept of one message, characters. */
const MAX_LENGTH = 8_192;

/** The text of a message as a trace keeps it, without what nobody may read there, whatever key they have. */
export function tracedText(message: SipMessage): string {
  const text = withoutBody(message) ?? Buffer.from(serialize(message)).toString('utf8');
  const safe = text.replace(SECRET_FIELDS, `$1$2 ${LEFT_OUT}`).replace(MEDIA_KEYS, `$1${LEFT_OUT}`);
  return safe.length <= MAX_LENGTH
    ? safe
    : `${safe.slice(0, MAX_LENGTH)}\r\n[${safe.length - MAX_LENGTH} more]`;
}

/**
 * Only descriptions of media and the progress of a transfer are of use to whoever looks for a fault. Other bodies are what
 * people said to each other, or keys that somebody pressed (PITFALLS row 35).
 */
function withoutBody(message: SipMessage): string | undefined {
  if (message.body.length === 0) return undefined;
  const type = (message.headers.get('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/sdp' || type === 'message/sipfrag') return undefined;
  const head = serialize({ ...message, body: new Uint8Array() });
  return `${Buffer.from(head).toString('utf8')}[body of ${message.body.length} bytes ${LEFT_OUT.slice(1)}`;
}
