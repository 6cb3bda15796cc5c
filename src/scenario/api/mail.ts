/**
 * `Net.sendMail` and `Net.sendMailAsync`. What is wrong with a mail is told in its result, as what a server refuses: a
 * title that a stranger has made must not end the session.
 */
import type { HostCommand, HostEvent } from '../protocol.ts';
import { watch } from './events.ts';
import { text } from './headers.ts';
import { send } from './host-link.ts';
import type { ApiPart } from './part.ts';

type MailCommand = Extract<HostCommand, { type: 'mail-send' }>;
type Done = (result: { code: number; error?: string }) => unknown;

/** voximplant.com/docs/guides/voxengine/limits: two are sent at once, ten in all. */
const MAX_WAITING = 10;
const MAX_RECIPIENTS = 50;
const MAX_BODY = 256 * 1024;
const MAX_LINE = 998;

let nextId = 1;
const waiting = new Map<number, Done>();

/** RFC 6409 §3.1: port 587 is for those who log in; without a login it is a relay, on port 25. */
function portOf(port: unknown, login: string | undefined): number {
  return port === undefined || port === null ? (login === undefined ? 25 : 587) : Math.floor(Number(port));
}

function listOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value.map(text) : text(value).split(',');
  return list.map((one) => one.trim()).filter((one) => one !== '');
}

function mailOf(
  server: unknown,
  from: unknown,
  to: unknown,
  title: unknown,
  body: unknown,
  options: unknown,
) {
  const given = (options ?? {}) as Record<string, unknown>;
  const login = given.login === undefined || given.login === null ? undefined : text(given.login);
  return {
    server: text(server).trim(),
    port: portOf(given.port, login),
    login,
    password: login === undefined ? undefined : text(given.password),
    from: text(from).trim(),
    to: listOf(to),
    cc: listOf(given.cc),
    bcc: listOf(given.bcc),
    subject: text(title),
    text: text(body),
    html: given.html === undefined || given.html === null ? undefined : text(given.html),
  };
}

/** Undefined when nothing is wrong. The host checks again, and more. */
function faultOf(mail: Omit<MailCommand, 'type' | 'requestId'>): string | undefined {
  const lines = [mail.server, mail.from, mail.subject, mail.login ?? '', mail.password ?? ''];
  const addresses = [mail.from, ...mail.to, ...mail.cc, ...mail.bcc];
  if (mail.server === '' || mail.server.length > 255) return 'the server is missing or too long';
  if (!(mail.port >= 1 && mail.port <= 65_535)) return 'the port is no number from 1 to 65535';
  if ([...lines, ...addresses].some(hasControl))
    return 'a line break or another control where only a line may stand';
  if (mail.subject.length > MAX_LINE) return `the title is longer than ${MAX_LINE} characters`;
  if ((mail.login ?? '').length > 256 || (mail.password ?? '').length > 256) return 'the login is too long';
  if (mail.text.length > MAX_BODY || (mail.html ?? '').length > MAX_BODY)
    return `the body is longer than ${MAX_BODY} characters`;
  if ((mail.text + (mail.html ?? '')).includes('\0')) return 'the body holds a NUL';
  if (addresses.length < 2 || addresses.length > MAX_RECIPIENTS + 1)
    return `a mail has 1 to ${MAX_RECIPIENTS} recipients`;
  if (!addresses.every(isAddress)) return 'an address has a wrong form';
  return undefined;
}

function hasControl(line: string): boolean {
  for (const char of line) {
    const code = char.charCodeAt(0);
    if (code < 32 || code === 127 || code === 0x85 || code === 0x2028 || code === 0x2029) return true;
  }
  return false;
}

function isAddress(value: string): boolean {
  if (value.length > 400 || value.includes('<') !== value.endsWith('>')) return false;
  return /^(?:[^<>@,;:\\"]{0,100}<)?[^\s<>@,;:\\"()[\]]{1,64}@[^\s<>@,;\\"()]{1,255}>?$/.test(value);
}

function post(mail: Omit<MailCommand, 'type' | 'requestId'>, done: Done): void {
  const full = waiting.size >= MAX_WAITING ? `more than ${MAX_WAITING} mails wait to be sent` : undefined;
  const error = full ?? faultOf(mail);
  if (error !== undefined) {
    void Promise.resolve().then(() => done({ code: 0, error }));
    return;
  }
  const requestId = nextId++;
  waiting.set(requestId, done);
  send({ type: 'mail-send', requestId, ...mail });
}

function sendMail(
  mailServerAddress: unknown,
  from: unknown,
  to: unknown,
  title: unknown,
  body: unknown,
  ...[callback, options]: readonly unknown[]
): void {
  post(mailOf(mailServerAddress, from, to, title, body, options), (result) => {
    if (typeof callback === 'function') watch((callback as Done)(result), 'the callback of Net.sendMail');
  });
}

function sendMailAsync(
  mailServerAddress: unknown,
  from: unknown,
  to: unknown,
  title: unknown,
  body: unknown,
  options?: unknown,
): Promise<unknown> {
  const mail = mailOf(mailServerAddress, from, to, title, body, options);
  return new Promise((resolve) => post(mail, resolve));
}

function deliver({ requestId, code, error }: Extract<HostEvent, { type: 'mail-answer' }>): void {
  const done = waiting.get(requestId);
  waiting.delete(requestId);
  done?.(error === undefined ? { code } : { code, error });
}

export const mail: ApiPart = {
  members: { Net: { sendMail, sendMailAsync } },
  deliver: { 'mail-answer': deliver },
};
