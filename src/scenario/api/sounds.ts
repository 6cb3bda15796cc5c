/** What scripts hand to players, `say` and `startPlayback`, in all its spellings, as a source that the host reads. */
import type { PlaySource, SaySource, UrlSource } from '../protocol.ts';
import { text } from './headers.ts';
import { warn } from './host-link.ts';
import { speechOptions } from './language.ts';
import { tuningOf, warnOfRequest } from './tts-options.ts';

type Loose = Readonly<Record<string, unknown>>;

const MAX_URL = 8192;
/** The host says no from 1500 on, as the cloud does; what is longer need not cross. */
const MAX_SAY = 8192;
const MAX_SEGMENTS = 100;
const MAX_BODY = 1024 * 1024;
/** RFC 9110 §5.1 and §5.5, as the host wants them. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is refused here
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]{0,4095}$/;
const MAX_HEADERS = 64;

export function isObject(value: unknown): value is Loose {
  return value !== null && typeof value === 'object';
}

/** A URL, or `URLPlayerRequest`. */
export function urlSource(request: unknown): UrlSource {
  if (!isObject(request)) return { kind: 'url', url: text(request).slice(0, MAX_URL) };
  const url = text(request.url).slice(0, MAX_URL);
  const method = text(request.method).toUpperCase() === 'POST' ? 'POST' : 'GET';
  const headers = headersOf(request.headers);
  const body = method === 'GET' ? undefined : bodyOf(request.body);
  if (method === 'GET' && headers.length === 0) return { kind: 'url', url };
  return { kind: 'url', url, request: { method, headers, body } };
}

/** A list of `{ name, value }`, or, as elsewhere in the API, an object or a list of `'Name: value'` lines. */
function headersOf(value: unknown): readonly (readonly [string, string])[] {
  if (!isObject(value)) return [];
  const pairs = Array.isArray(value)
    ? value.map((one: unknown) => pairOf(one))
    : Object.entries(value).map(([name, one]) => [name.trim(), text(one)] as const);
  const good = pairs.filter(([name, one]) => HEADER_NAME.test(name) && HEADER_VALUE.test(one));
  if (good.length < pairs.length || good.length > MAX_HEADERS)
    warn('createURLPlayer: header fields with a wrong form, and more than 64 of them, are left out.');
  return good.slice(0, MAX_HEADERS);
}

function pairOf(header: unknown): readonly [string, string] {
  if (isObject(header)) return [text(header.name).trim(), text(header.value)];
  const [name = '', ...rest] = text(header).split(':');
  return [name.trim(), rest.join(':').trim()];
}

/** `{ text }` or `{ binary }`; bytes as a list, or as a string of one character for each. */
function bodyOf(value: unknown): string | readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return text(value).slice(0, MAX_BODY);
  const { binary } = value;
  if (binary === undefined) return text(value.text).slice(0, MAX_BODY);
  const bytes = Array.isArray(binary)
    ? binary.map(Number)
    : [...text(binary)].map((character) => character.charCodeAt(0));
  return bytes.slice(0, MAX_BODY).map((byte) => byte & 255);
}

/** `parameters` is an options object, or the older language with `older` as its options. */
export function saySource(words: unknown, parameters: unknown, older?: unknown): SaySource {
  const options = isObject(parameters) ? parameters.ttsOptions : older;
  if (isObject(parameters)) warnOfRequest(parameters);
  const tuning = tuningOf(options);
  return {
    kind: 'say',
    text: text(words).slice(0, MAX_SAY),
    ...speechOptions(parameters),
    ...(tuning === undefined ? {} : { tuning }),
  };
}

/** `{ url, parameters }` or `{ text, parameters }`. @throws TypeError for anything else. */
export function segmentSource(segment: unknown, where: string): UrlSource | SaySource {
  if (isObject(segment) && segment.text !== undefined) return saySource(segment.text, segment.parameters);
  if (isObject(segment) && segment.url !== undefined)
    return urlSource(isObject(segment.url) ? segment.url : segment);
  throw new TypeError(`${where} needs segments with a url or a text`);
}

/** @throws TypeError when there is no list of segments, or too long a one. */
export function segmentList(parameters: unknown, where: string): readonly unknown[] {
  const segments = isObject(parameters) ? parameters.segments : undefined;
  if (!Array.isArray(segments)) throw new TypeError(`${where} needs { segments: [...] }`);
  if (segments.length > MAX_SEGMENTS)
    throw new TypeError(`${where}: a sequence has at most ${MAX_SEGMENTS} segments`);
  return segments as readonly unknown[];
}

/** What `startPlayback` takes: a URL, a request, or what the avatar calls `PlaybackParameters`. */
export function playbackSource(value: unknown): PlaySource {
  if (isObject(value) && value.segments !== undefined)
    return {
      kind: 'sequence',
      segments: segmentList(value, 'startPlayback').map((one) => segmentSource(one, 'startPlayback')),
    };
  if (isObject(value) && value.text !== undefined) return saySource(value.text, value.parameters);
  return urlSource(value);
}
