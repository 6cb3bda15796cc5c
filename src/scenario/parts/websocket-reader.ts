import { BadCommand, boolean, type Fields, fieldsOf, headerList, id, string } from '../command-fields.ts';
import type { Readers } from './reader.ts';
import { WEB_SOCKET_ENCODINGS, type WebSocketCommand, type WebSocketEncoding } from './websocket-protocol.ts';

/** Characters of one message. The host's own limit, in bytes, may be lower. */
const MAX_TEXT = 1024 * 1024;
const MAX_TAG = 128;
const MAX_PROTOCOLS = 16;
/** RFC 6455 §4.1: a sub-protocol is a token of RFC 9110 §5.6.2. */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const MAX_PARAMETERS = 64;
const MAX_PARAMETER_CHARS = 8 * 1024;

export const WEB_SOCKET_READERS: Readers<WebSocketCommand> = {
  'websocket-create': (fields, type) => ({
    type,
    websocketId: id(fields, 'websocketId'),
    ...tells(fields),
    ...wish(fields),
  }),
  'websocket-send': (fields, type) => ({
    type,
    websocketId: id(fields, 'websocketId'),
    text: string(fields, 'text', MAX_TEXT),
  }),
  'websocket-close': (fields, type) => ({ type, websocketId: id(fields, 'websocketId') }),
  'websocket-sink': (fields, type) => ({ type, ...stream(fields), customParameters: parameters(fields) }),
  'websocket-source': (fields, type) => ({ type, ...stream(fields) }),
  'websocket-clear': (fields, type) => ({
    type,
    websocketId: id(fields, 'websocketId'),
    tag: fields.get('tag') === undefined ? undefined : string(fields, 'tag', MAX_TAG),
  }),
  'websocket-allow': (_fields, type) => ({ type }),
  'websocket-tell': (fields, type) => ({ type, ...tells(fields) }),
};

function tells(fields: Fields) {
  return { statistics: boolean(fields, 'statistics'), trace: boolean(fields, 'trace') };
}

function wish(fields: Fields) {
  try {
    return {
      url: string(fields, 'url', 8192),
      protocols: protocols(fields.get('protocols')),
      headers: headerList(fields.get('headers')),
      problem: undefined,
    };
  } catch (error) {
    if (!(error instanceof BadCommand)) throw error;
    return { url: '', protocols: [], headers: [], problem: error.message };
  }
}

function protocols(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_PROTOCOLS)
    throw new BadCommand('protocols are no short list');
  if (
    !value.every((one) => typeof one === 'string' && PROTOCOL.test(one)) ||
    new Set(value).size < value.length
  )
    throw new BadCommand('a sub-protocol has a wrong form');
  return value as string[];
}

function stream(fields: Fields) {
  return {
    websocketId: id(fields, 'websocketId'),
    streamId: id(fields, 'streamId'),
    tag: string(fields, 'tag', MAX_TAG),
    encoding: encoding(fields),
  };
}

function encoding(fields: Fields): WebSocketEncoding {
  const value = fields.get('encoding');
  const known = WEB_SOCKET_ENCODINGS.find((one) => one === value);
  if (known === undefined) throw new BadCommand('encoding is unknown');
  return known;
}

function parameters(fields: Fields): Readonly<Record<string, string>> | undefined {
  const value = fields.get('customParameters');
  if (value === undefined) return undefined;
  const entries = [...fieldsOf(value, 'customParameters')];
  if (entries.length > MAX_PARAMETERS) throw new BadCommand(`more than ${MAX_PARAMETERS} customParameters`);
  const out: Record<string, string> = Object.create(null);
  let size = 0;
  for (const [name, text] of entries) {
    if (typeof text !== 'string') throw new BadCommand('a custom parameter is no string');
    size += name.length + text.length;
    out[name] = text;
  }
  if (size > MAX_PARAMETER_CHARS) throw new BadCommand('customParameters are too long');
  return out;
}
