/**
 * Reads one command of a script into `HostCommand`. The script owns its sandbox, prototypes and `JSON` included, so
 * nothing about the text is taken for granted: every field is checked, sizes are bounded, unknown fields are left behind,
 * and objects are built anew from own properties only.
 */
import type { CommandTarget, Headers, HostCommand, MediaRef, PlaySource } from './protocol.ts';

/** Thrown for a command that cannot be carried out; the session logs it as a warning and goes on. */
export class BadCommand extends Error {
  override readonly name = 'BadCommand';
}

const ID = /^[A-Za-z0-9-]{1,64}$/;
const MAX_TEXT = 64 * 1024;
const MAX_BODY = 2 * 1024 * 1024;
const MAX_HEADERS = 64;

type Fields = ReadonlyMap<string, unknown>;

/** @throws BadCommand when the text is not a command. */
export function parseCommand(text: string): HostCommand {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadCommand('a command was not JSON');
  }
  const fields = fieldsOf(value, 'command');
  const type = string(fields, 'type', 64);
  switch (type) {
    case 'dial':
      return {
        type,
        callId: id(fields, 'callId'),
        target: target(fieldsOf(fields.get('target'), 'target')),
        callerid: string(fields, 'callerid', 128),
        displayName: string(fields, 'displayName', 256),
        headers: headers(fields),
      };
    case 'call-answer':
    case 'call-ring':
    case 'call-early-media':
    case 'call-hangup':
      return { type, callId: id(fields, 'callId'), headers: headers(fields) };
    case 'call-reject':
      return {
        type,
        callId: id(fields, 'callId'),
        code: integer(fields, 'code', 400, 699),
        headers: headers(fields),
      };
    case 'call-handle-tones':
      return { type, callId: id(fields, 'callId'), on: boolean(fields, 'on') };
    case 'call-send-digits':
      return {
        type,
        callId: id(fields, 'callId'),
        digits: pattern(fields, 'digits', /^[0-9*#A-Dp]{1,128}$/),
      };
    case 'call-send-info':
      return {
        type,
        callId: id(fields, 'callId'),
        mimeType: pattern(fields, 'mimeType', /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/),
        body: string(fields, 'body', MAX_TEXT),
        headers: headers(fields),
      };
    case 'call-play':
      return {
        type,
        callId: id(fields, 'callId'),
        source: playSource(fieldsOf(fields.get('source'), 'source')),
        loop: boolean(fields, 'loop'),
      };
    case 'call-stop-playback':
      return { type, callId: id(fields, 'callId') };
    case 'call-record':
      return { type, callId: id(fields, 'callId'), stereo: boolean(fields, 'stereo') };
    case 'media-connect':
    case 'media-disconnect':
      return {
        type,
        from: mediaRef(fieldsOf(fields.get('from'), 'from')),
        to: mediaRef(fieldsOf(fields.get('to'), 'to')),
      };
    default:
      return parseRest(type, fields);
  }
}

function parseRest(type: string, fields: Fields): HostCommand {
  switch (type) {
    case 'player-create':
      return {
        type,
        playerId: id(fields, 'playerId'),
        source: playSource(fieldsOf(fields.get('source'), 'source')),
        loop: boolean(fields, 'loop'),
        paused: boolean(fields, 'paused'),
      };
    case 'player-pause':
    case 'player-resume':
    case 'player-stop':
      return { type, playerId: id(fields, 'playerId') };
    case 'recorder-create':
    case 'recorder-stop':
      return { type, recorderId: id(fields, 'recorderId') };
    case 'timer-set':
      return {
        type,
        timerId: integer(fields, 'timerId', 1, Number.MAX_SAFE_INTEGER),
        ms: number(fields, 'ms', 0, 0x7fffffff),
        repeat: boolean(fields, 'repeat'),
      };
    case 'timer-clear':
      return { type, timerId: integer(fields, 'timerId', 1, Number.MAX_SAFE_INTEGER) };
    case 'http-request':
      return httpRequest(fields);
    case 'log':
      return { type, level: level(fields), message: string(fields, 'message', MAX_TEXT) };
    case 'terminate':
      return { type };
    default:
      throw new BadCommand(`unknown command ${JSON.stringify(type)}`);
  }
}

function httpRequest(fields: Fields): HostCommand {
  return {
    type: 'http-request',
    requestId: integer(fields, 'requestId', 1, Number.MAX_SAFE_INTEGER),
    method: pattern(fields, 'method', /^[A-Z]{1,16}$/),
    url: string(fields, 'url', 8192),
    headers: headerList(fields.get('headers')),
    body: body(fields.get('body')),
    timeoutSeconds: optionalNumber(fields, 'timeoutSeconds', 86_400),
    connectTimeoutSeconds: optionalNumber(fields, 'connectTimeoutSeconds', 86_400),
    raw: boolean(fields, 'raw'),
  };
}

function target(fields: Fields): CommandTarget {
  const kind = string(fields, 'kind', 16);
  if (kind === 'pstn') return { kind, number: string(fields, 'number', 128) };
  if (kind === 'user') return { kind, username: string(fields, 'username', 128) };
  if (kind !== 'sip') throw new BadCommand('target.kind is unknown');
  const uri = string(fields, 'uri', 512);
  const auth = fields.get('auth');
  if (auth === undefined) return { kind, uri };
  const secret = fieldsOf(auth, 'auth');
  return {
    kind,
    uri,
    auth: { username: string(secret, 'username', 128), password: string(secret, 'password', 256) },
  };
}

function playSource(fields: Fields): PlaySource {
  const kind = string(fields, 'kind', 16);
  if (kind === 'url') return { kind, url: string(fields, 'url', 8192) };
  if (kind === 'progress-tone') return { kind, country: pattern(fields, 'country', /^[A-Z]{2}$/) };
  if (kind !== 'say') throw new BadCommand('source.kind is unknown');
  return {
    kind,
    text: string(fields, 'text', 8192),
    language: pattern(fields, 'language', /^[A-Za-z0-9-]{0,35}$/),
    voice: string(fields, 'voice', 128),
  };
}

function mediaRef(fields: Fields): MediaRef {
  const kind = string(fields, 'kind', 16);
  if (kind !== 'call' && kind !== 'player' && kind !== 'recorder')
    throw new BadCommand('media unit is unknown');
  return { kind, id: id(fields, 'id') };
}

/** Own properties only: what a script put on `Object.prototype` stays in its own world, and `__proto__` is just a key. */
function fieldsOf(value: unknown, name: string): Fields {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new BadCommand(`${name} is no object`);
  return new Map(Object.entries(value));
}

function string(fields: Fields, name: string, max: number): string {
  const value = fields.get(name);
  if (typeof value !== 'string') throw new BadCommand(`${name} is no string`);
  if (value.length > max) throw new BadCommand(`${name} is longer than ${max} characters`);
  return value;
}

function pattern(fields: Fields, name: string, shape: RegExp): string {
  const value = string(fields, name, 4096);
  if (!shape.test(value)) throw new BadCommand(`${name} has a wrong form`);
  return value;
}

function id(fields: Fields, name: string): string {
  return pattern(fields, name, ID);
}

function boolean(fields: Fields, name: string): boolean {
  const value = fields.get(name);
  if (typeof value !== 'boolean') throw new BadCommand(`${name} is no boolean`);
  return value;
}

function number(fields: Fields, name: string, min: number, max: number): number {
  const value = fields.get(name);
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new BadCommand(`${name} is no number from ${min} to ${max}`);
  }
  return value;
}

function integer(fields: Fields, name: string, min: number, max: number): number {
  const value = number(fields, name, min, max);
  if (!Number.isSafeInteger(value)) throw new BadCommand(`${name} is no integer`);
  return value;
}

function optionalNumber(fields: Fields, name: string, max: number): number | undefined {
  return fields.get(name) === undefined ? undefined : number(fields, name, 0, max);
}

function level(fields: Fields): 'info' | 'warn' | 'error' {
  const value = fields.get('level');
  if (value === 'info' || value === 'warn' || value === 'error') return value;
  throw new BadCommand('level is unknown');
}

/** RFC 9110 §5.1 token, and a value without controls; CR and LF would forge header lines (PITFALLS row 20). */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is refused here
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]{0,4095}$/;

function headers(fields: Fields): Headers {
  const value = fields.get('headers');
  const out: Record<string, string> = Object.create(null);
  if (value === undefined) return out;
  const entries = [...fieldsOf(value, 'headers')];
  if (entries.length > MAX_HEADERS) throw new BadCommand(`more than ${MAX_HEADERS} headers`);
  for (const [name, text] of entries) {
    checkHeader(name, text);
    out[name] = text as string;
  }
  return out;
}

function headerList(value: unknown): readonly (readonly [string, string])[] {
  if (!Array.isArray(value) || value.length > MAX_HEADERS) throw new BadCommand('headers are no short list');
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new BadCommand('a header is no pair');
    const [name, text] = pair as readonly unknown[];
    checkHeader(name, text);
    return [name as string, text as string] as const;
  });
}

function checkHeader(name: unknown, value: unknown): void {
  if (typeof name !== 'string' || !HEADER_NAME.test(name))
    throw new BadCommand('a header name has a wrong form');
  if (typeof value !== 'string' || !HEADER_VALUE.test(value))
    throw new BadCommand('a header value has a wrong form');
}

function body(value: unknown): string | readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') {
    if (value.length > MAX_BODY) throw new BadCommand('the body is larger than 2 MB');
    return value;
  }
  if (!Array.isArray(value) || value.length > MAX_BODY)
    throw new BadCommand('the body is no text and no list of bytes');
  for (const byte of value as readonly unknown[]) {
    if (!Number.isInteger(byte) || (byte as number) < 0 || (byte as number) > 255)
      throw new BadCommand('the body holds a value that is no byte');
  }
  return value as readonly number[];
}
