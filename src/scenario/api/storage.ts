/**
 * `ApplicationStorage`. Every member gives a promise, which is rejected with a readable error: for a key or a value that
 * is too long, for a full storage, and when the database does not answer in time.
 */
import type { HostEvent } from '../protocol.ts';
import { text } from './headers.ts';
import type { ApiPart } from './part.ts';
import { Requests } from './requests.ts';

const MAX_KEY = 200;
const MAX_VALUE = 2000;
const MAX_KEYS = 1000;
/** Requests that may wait for their answer at once. */
const MAX_WAITING = 100;

const requests = new Requests('ApplicationStorage', MAX_WAITING);

function keyOf(key: unknown, where: string): string {
  const name = text(key);
  if (name === '') throw new TypeError(`ApplicationStorage.${where}: the key is empty`);
  if (name.length > MAX_KEY)
    throw new RangeError(`ApplicationStorage.${where}: the key is longer than ${MAX_KEY} characters`);
  return name;
}

function ttlOf(ttl: unknown): number | undefined {
  if (ttl === undefined || ttl === null) return undefined;
  const seconds = Number(ttl);
  if (!(seconds >= 0)) throw new TypeError('ApplicationStorage.put: the ttl is no number of seconds');
  return Math.min(seconds, Number.MAX_SAFE_INTEGER);
}

function get(key: unknown): Promise<unknown> {
  return requests.ask((requestId) => ({ type: 'storage-get', requestId, key: keyOf(key, 'get') }));
}

function put(key: unknown, value: unknown, ttl?: unknown): Promise<unknown> {
  return requests.ask((requestId) => {
    const content = text(value);
    if (content.length > MAX_VALUE)
      throw new RangeError(`ApplicationStorage.put: the value is longer than ${MAX_VALUE} characters`);
    return { type: 'storage-put', requestId, key: keyOf(key, 'put'), value: content, ttl: ttlOf(ttl) };
  });
}

function remove(key: unknown): Promise<unknown> {
  return requests.ask((requestId) => ({ type: 'storage-remove', requestId, key: keyOf(key, 'remove') }));
}

function keys(pattern?: unknown, count?: unknown): Promise<unknown> {
  return requests.ask((requestId) => {
    const wanted = count === undefined || count === null ? MAX_KEYS : Math.floor(Number(count));
    if (!(wanted >= 1)) throw new TypeError('ApplicationStorage.keys: the count is no number from 1');
    // `test`, `test:` and `test:*` all mean the namespace `test`.
    const namespace = text(pattern).replace(/:?\*?$/, '');
    return {
      type: 'storage-keys',
      requestId,
      namespace: namespace === '' ? undefined : keyOf(namespace, 'keys'),
      count: Math.min(wanted, MAX_KEYS),
    };
  });
}

function deliver({ requestId, answer }: Extract<HostEvent, { type: 'storage-answer' }>): void {
  const one = requests.take(requestId);
  if (answer.kind === 'error') one?.reject(new Error(`ApplicationStorage: ${answer.message}`));
  else one?.resolve(answer.kind === 'entry' ? answer.entry : { keys: answer.keys });
}

/** `delete` is the older name of `remove`. */
export const storage: ApiPart = {
  globals: { ApplicationStorage: { get, put, remove, delete: remove, keys } },
  deliver: { 'storage-answer': deliver },
  modules: ['applicationstorage'],
};
