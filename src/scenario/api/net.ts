/** `Net.httpRequest` and `Net.httpRequestAsync`. */
import type { HttpResult } from '../protocol.ts';
import { watch } from './events.ts';
import { headerLines, text } from './headers.ts';
import { send, toJson, world } from './host-link.ts';

type Callback = (result: Record<string, unknown>) => unknown;

/** An options object under a name, because scripts write `new Net.HttpRequestOptions()` and fill it in afterwards. */
export class HttpRequestOptions {
  method: unknown;
  headers: unknown;
  params: unknown;
  postData: unknown;
  timeout: unknown;
  connectionTimeout: unknown;
  rawOutput: unknown;
  enableSystemLog: unknown;
}

let nextId = 1;
const waiting = new Map<number, Callback>();

export function httpRequest(url: unknown, callback: unknown, options?: unknown): void {
  if (typeof callback !== 'function')
    throw new TypeError('Net.httpRequest needs a callback as second argument');
  request(text(url), (options ?? {}) as HttpRequestOptions, callback as Callback);
}

export function httpRequestAsync(url: unknown, options?: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve) => request(text(url), (options ?? {}) as HttpRequestOptions, resolve));
}

function request(url: string, options: HttpRequestOptions, callback: Callback): void {
  if (waiting.size >= world.limits.httpTotal) throw new Error('Exceeded the HTTP connection count limit!');
  const requestId = nextId++;
  const headers = headerPairs(options.headers);
  const body = bodyOf(options.postData, headers);
  const method = text(options.method ?? 'GET').toUpperCase();
  waiting.set(requestId, callback);
  send({
    type: 'http-request',
    requestId,
    method,
    url: withParams(url, options.params),
    headers,
    body: method === 'GET' || method === 'HEAD' ? undefined : body,
    timeoutSeconds: seconds(options.timeout),
    connectTimeoutSeconds: seconds(options.connectionTimeout),
    raw: options.rawOutput === true,
  });
}

/** `{ name: value }`, or the older `'Name: value'` lines. */
function headerPairs(headers: unknown): [string, string][] {
  if (Array.isArray(headers) || typeof headers === 'string') return headerLines(headers);
  if (headers === null || typeof headers !== 'object') return [];
  return Object.entries(headers).map(([name, value]) => [name.trim(), text(value)]);
}

function bodyOf(data: unknown, headers: [string, string][]): string | number[] | undefined {
  if (data === undefined || data === null) return undefined;
  if (typeof data !== 'object') return text(data);
  if (Array.isArray(data) && data.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return data as number[];
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.push(['Content-Type', 'application/json']);
  return toJson(data);
}

function withParams(url: string, params: unknown): string {
  if (params === null || typeof params !== 'object') return url;
  const query = Object.entries(params).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(text(value))}`,
  );
  if (query.length === 0) return url;
  const [before = '', ...fragment] = url.split('#');
  const joined = `${before}${before.includes('?') ? '&' : '?'}${query.join('&')}`;
  return fragment.length === 0 ? joined : `${joined}#${fragment.join('#')}`;
}

function seconds(value: unknown): number | undefined {
  const number = Number(value);
  return value === undefined || value === null || !(number > 0) ? undefined : Math.min(number, 86_400);
}

export function deliverHttpResponse(requestId: number, result: HttpResult): void {
  const callback = waiting.get(requestId);
  if (callback === undefined) return;
  waiting.delete(requestId);
  const raw = result.headers.map(({ key, value }) => `${key}: ${value}`).join('\r\n');
  watch(callback({ ...result, raw_headers: raw }), 'the callback of Net.httpRequest');
}
