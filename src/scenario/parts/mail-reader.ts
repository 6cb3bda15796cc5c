import { BadCommand, type Fields, integer, string } from '../command-fields.ts';
import type { MailCommand } from './mail-protocol.ts';
import type { Readers } from './reader.ts';

/** RFC 5321 §4.5.3.1: a path has 256 octets, and a line 998 (RFC 5322 §2.1.1); a name may stand before an address. */
const MAX_ADDRESS = 400;
const MAX_SUBJECT = 998;
const MAX_RECIPIENTS = 50;
const MAX_BODY = 256 * 1024;
/** CR and LF would begin a header field or a command of their own; NUL is in no message at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is refused here
const CONTROLS = /[\u0000-\u001f\u007f\u0085\u2028\u2029]/;
/** An address, plain or after a name in front of it. No spaces, quotes or lists. */
const ADDRESS = /^(?:[^<>@,;:\\"]{0,100}<)?[^\s<>@,;:\\"()[\]]{1,64}@[^\s<>@,;\\"()]{1,255}>?$/;

export const MAIL_READERS: Readers<MailCommand> = {
  'mail-send': (fields, type) => {
    const [to, cc, bcc] = (['to', 'cc', 'bcc'] as const).map((name) => addresses(fields, name));
    if (to === undefined || cc === undefined || bcc === undefined) throw new BadCommand('no recipients');
    const count = to.length + cc.length + bcc.length;
    if (count === 0 || count > MAX_RECIPIENTS)
      throw new BadCommand(`a mail has 1 to ${MAX_RECIPIENTS} recipients`);
    const text = body(fields, 'text');
    return {
      type,
      requestId: integer(fields, 'requestId', 1, Number.MAX_SAFE_INTEGER),
      server: line(fields, 'server', 255),
      port: integer(fields, 'port', 1, 65_535),
      login: optional(fields, 'login'),
      password: optional(fields, 'password'),
      from: address(line(fields, 'from', MAX_ADDRESS)),
      ...{ to, cc, bcc, text },
      subject: line(fields, 'subject', MAX_SUBJECT),
      html: fields.get('html') === undefined ? undefined : body(fields, 'html'),
    };
  },
};

function line(fields: Fields, name: string, max: number): string {
  const value = string(fields, name, max);
  if (CONTROLS.test(value)) throw new BadCommand(`${name} holds a line break or another control`);
  return value;
}

function optional(fields: Fields, name: string): string | undefined {
  return fields.get(name) === undefined ? undefined : line(fields, name, 256);
}

function address(value: string): string {
  if (!ADDRESS.test(value) || value.includes('<') !== value.endsWith('>'))
    throw new BadCommand('an address has a wrong form');
  return value;
}

function addresses(fields: Fields, name: string): readonly string[] {
  const list = fields.get(name);
  if (!Array.isArray(list) || list.length > MAX_RECIPIENTS) throw new BadCommand(`${name} is no short list`);
  return list.map((value: unknown) => address(line(new Map([[name, value]]), name, MAX_ADDRESS)));
}

function body(fields: Fields, name: string): string {
  const value = string(fields, name, MAX_BODY);
  if (value.includes('\0')) throw new BadCommand(`${name} holds a NUL`);
  return value;
}
