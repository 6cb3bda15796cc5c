/** Reads what a script wants played, and how it wants something recorded, out of a hostile command. */
import {
  BadCommand,
  body,
  type Fields,
  fieldsOf,
  headerList,
  integer,
  number,
  pattern,
  string,
} from './command-fields.ts';
import type { SpeechTuning, TranscriptWish } from './ports.ts';
import type { PlaySource, RecordWish, SaySource, UrlSource } from './protocol.ts';

const MAX_SEGMENTS = 100;
const MAX_PHRASES = 500;

/** @throws BadCommand when the fields are no source of sound. */
export function playSource(fields: Fields): PlaySource {
  const kind = string(fields, 'kind', 16);
  switch (kind) {
    case 'url':
      return urlSource(fields);
    case 'say':
      return saySource(fields);
    case 'progress-tone':
      return { kind, country: pattern(fields, 'country', /^[A-Z]{2}$/) };
    case 'tone-script':
      return { kind, script: string(fields, 'script', 1024) };
    case 'sequence':
      return { kind, segments: list(fields, 'segments', MAX_SEGMENTS).map(segment) };
    default:
      throw new BadCommand('source.kind is unknown');
  }
}

function segment(value: unknown): UrlSource | SaySource {
  const fields = fieldsOf(value, 'segment');
  return string(fields, 'kind', 16) === 'say' ? saySource(fields) : urlSource(fields);
}

function urlSource(fields: Fields): UrlSource {
  const url = string(fields, 'url', 8192);
  if (fields.get('request') === undefined) return { kind: 'url', url };
  const request = fieldsOf(fields.get('request'), 'request');
  return {
    kind: 'url',
    url,
    request: {
      method: pattern(request, 'method', /^(?:GET|POST)$/) === 'POST' ? 'POST' : 'GET',
      headers: headerList(request.get('headers')),
      body: body(request.get('body')),
    },
  };
}

function saySource(fields: Fields): SaySource {
  const gender = fields.get('gender');
  return {
    kind: 'say',
    text: string(fields, 'text', 8192),
    language: pattern(fields, 'language', /^[A-Za-z0-9-]{0,35}$/),
    voice: string(fields, 'voice', 128),
    ...(gender === 'female' || gender === 'male' ? { gender } : {}),
    ...(fields.get('tuning') === undefined
      ? {}
      : { tuning: tuning(fieldsOf(fields.get('tuning'), 'tuning')) }),
  };
}

function tuning(fields: Fields): SpeechTuning {
  return {
    speed: number(fields, 'speed', 0.1, 10),
    pitchSemitones: number(fields, 'pitchSemitones', -24, 24),
    gainDb: number(fields, 'gainDb', -96, 24),
  };
}

/** @throws BadCommand when a field has a wrong form. */
export function recordWish(fields: Fields): RecordWish {
  const wish = fieldsOf(fields.get('wish') ?? {}, 'wish');
  const has = (name: string): boolean => wish.get(name) !== undefined;
  return {
    ...(has('name') ? { name: string(wish, 'name', 256) } : {}),
    ...(has('keepMonths') ? { keepMonths: integer(wish, 'keepMonths', 1, 120) } : {}),
    ...(has('transcribe') ? { transcribe: transcript(fieldsOf(wish.get('transcribe'), 'transcribe')) } : {}),
  };
}

function transcript(fields: Fields): TranscriptWish {
  const phrases = list(fields, 'phrases', MAX_PHRASES).map((phrase) => {
    if (typeof phrase !== 'string' || phrase.length > 256) throw new BadCommand('a phrase is no short text');
    return phrase;
  });
  return { language: pattern(fields, 'language', /^[A-Za-z0-9-]{0,35}$/), phrases };
}

function list(fields: Fields, name: string, max: number): readonly unknown[] {
  const value = fields.get(name);
  if (!Array.isArray(value) || value.length > max)
    throw new BadCommand(`${name} is no list of at most ${max}`);
  return value as readonly unknown[];
}
