/**
 * Reads one command of a script into `HostCommand`. The script owns its sandbox, prototypes and `JSON` included, so
 * nothing about the text is taken for granted: every field is checked, sizes are bounded, unknown fields are left behind,
 * and objects are built anew from own properties only.
 */
import {
  BadCommand,
  body,
  boolean,
  type Fields,
  fieldsOf,
  headerList,
  headers,
  id,
  integer,
  number,
  optionalNumber,
  pattern,
  string,
} from './command-fields.ts';
import { readPartCommand } from './parts/readers.ts';
import { playSource, recordWish } from './play-source.ts';
import { type CommandTarget, type HostCommand, MEDIA_KINDS, type MediaRef } from './protocol.ts';

export { BadCommand };

const MAX_TEXT = 64 * 1024;
/** A day, in milliseconds: no sound is longer. */
const MAX_OFFSET = 86_400_000;

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
    case 'call-send-message':
      return { type, callId: id(fields, 'callId'), text: string(fields, 'text', MAX_TEXT) };
    case 'call-hold':
    case 'call-unhold':
      return { type, callId: id(fields, 'callId') };
    case 'call-handle-transfer':
      return { type, callId: id(fields, 'callId'), on: boolean(fields, 'on') };
    case 'call-transfer-result':
      return {
        type,
        callId: id(fields, 'callId'),
        code: integer(fields, 'code', 200, 699),
        reason: string(fields, 'reason', 256),
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
      return {
        type,
        callId: id(fields, 'callId'),
        stereo: boolean(fields, 'stereo'),
        wish: recordWish(fields),
      };
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
    case 'player-mark':
      return {
        type,
        playerId: id(fields, 'playerId'),
        offset: number(fields, 'offset', -MAX_OFFSET, MAX_OFFSET),
        segment: fields.get('segment') === undefined ? undefined : integer(fields, 'segment', 0, 99),
      };
    case 'recorder-create':
      return { type, recorderId: id(fields, 'recorderId'), wish: recordWish(fields) };
    case 'recorder-mute':
      return { type, recorderId: id(fields, 'recorderId'), on: boolean(fields, 'on') };
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
    case 'unhandled-rejection':
      return {
        type,
        message: string(fields, 'message', MAX_TEXT),
        scenario: string(fields, 'scenario', 256),
        line: fields.get('line') === undefined ? undefined : integer(fields, 'line', 0, 1_000_000),
      };
    case 'terminate':
      return { type };
    default:
      return readPartCommand(type, fields) ?? unknown(type);
  }
}

function unknown(type: string): never {
  throw new BadCommand(`unknown command ${JSON.stringify(type)}`);
}

/** Whoever waits for an answer gets one, also when nothing was sent. */
function httpRequest(fields: Fields): HostCommand {
  const requestId = integer(fields, 'requestId', 1, Number.MAX_SAFE_INTEGER);
  try {
    return {
      type: 'http-request',
      requestId,
      method: pattern(fields, 'method', /^[A-Z]{1,16}$/),
      url: string(fields, 'url', 8192),
      headers: headerList(fields.get('headers')),
      body: body(fields.get('body')),
      timeoutSeconds: optionalNumber(fields, 'timeoutSeconds', 86_400),
      connectTimeoutSeconds: optionalNumber(fields, 'connectTimeoutSeconds', 86_400),
      raw: boolean(fields, 'raw'),
    };
  } catch (error) {
    if (!(error instanceof BadCommand)) throw error;
    return { type: 'http-refused', requestId, reason: error.message };
  }
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

function mediaRef(fields: Fields): MediaRef {
  const kind = string(fields, 'kind', 16);
  const known = MEDIA_KINDS.find((one) => one === kind);
  if (known === undefined) throw new BadCommand('media unit is unknown');
  return { kind: known, id: id(fields, 'id') };
}

function level(fields: Fields): 'info' | 'warn' | 'error' {
  const value = fields.get('level');
  if (value === 'info' || value === 'warn' || value === 'error') return value;
  throw new BadCommand('level is unknown');
}
