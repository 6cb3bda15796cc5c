import { SipSyntaxError } from './errors.ts';
import { refuseLineBreaks } from './headers.ts';
import { TOKEN } from './scan.ts';
import type { SipMessage } from './types.ts';

/**
 * Writes a message. Content-Length is always written, and always ours (RFC 3261 §20.14). Throws `SipSyntaxError` where a
 * part of the first line would break it; header values were checked when they were set (PITFALLS row 20).
 */
export function serialize(message: SipMessage): Uint8Array {
  const head = `${startLine(message)}\r\n${message.headers.toWire()}Content-Length: ${message.body.length}\r\n\r\n`;
  const headLength = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafeSlow(headLength + message.body.length);
  bytes.write(head);
  bytes.set(message.body, headLength);
  return bytes;
}

function startLine(message: SipMessage): string {
  if (message.kind === 'request') {
    if (!TOKEN.test(message.method)) throw new SipSyntaxError('a method is not a token');
    if (message.uri === '' || /[\s\0]/.test(message.uri)) {
      throw new SipSyntaxError('a Request-URI holds white space, a line break or NUL');
    }
    return `${message.method} ${message.uri} SIP/2.0`;
  }
  if (!Number.isInteger(message.status) || message.status < 100 || message.status > 699) {
    throw new SipSyntaxError('a status is not between 100 and 699');
  }
  refuseLineBreaks(message.reason, 'a reason phrase');
  return `SIP/2.0 ${message.status} ${message.reason}`;
}
