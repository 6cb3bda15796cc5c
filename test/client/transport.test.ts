// How the client asks: once, again, never again. No server: a `fetch` that answers as it is told.
import { describe, expect, test } from 'vitest';
import {
  Maskline,
  type MasklineOptions,
  MasklineProblem,
  MasklineUnreachable,
} from '../../clients/typescript/src/index.ts';
import { retryAfterMs } from '../../clients/typescript/src/transport.ts';

type Reply = Response | Error;

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function client(replies: Reply[], options: Partial<MasklineOptions> = {}) {
  const sent: Sent[] = [];
  const waited: number[] = [];
  const maskline = new Maskline({
    url: 'https://voice.example.com/',
    key: 'mk_secret',
    fetch: async (url, init) => {
      const { method = 'GET', headers, body } = init ?? {};
      sent.push({ url: String(url), method, headers: headers as Record<string, string>, body });
      const reply = replies.shift();
      if (reply === undefined) throw new Error('the client asked more often than the test answers');
      if (reply instanceof Error) throw reply;
      return reply;
    },
    sleep: async (ms) => void waited.push(ms),
    ...options,
  });
  return { maskline, sent, waited };
}

const json = (value: unknown, status = 200): Response => Response.json(value, { status });

function problem(
  status: number,
  code: string,
  more: object = {},
  headers: Record<string, string> = {},
): Response {
  const body = { type: 'about:blank', title: 'Error', status, code, detail: 'It failed.', hint: 'Wait.' };
  return new Response(JSON.stringify({ ...body, retryable: status === 429, requestId: 'r1', ...more }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}

const start = { path: { name: 'confirm' }, body: { customData: 'parcel 17' } } as const;

describe('a request', () => {
  test('has the key, the path filled in, the query, a body in JSON', async () => {
    const { maskline, sent } = client([json({ items: [] }), json({ sessionId: 's' }, 202)]);
    await maskline.request('listNumbers', { query: { application: 'taxi & co' } });
    await maskline.request('startScenario', { path: { name: 'a/b' }, body: { customData: 'x' } });
    expect(sent).toMatchObject([
      { url: 'https://voice.example.com/v1/numbers?application=taxi+%26+co', method: 'GET', body: undefined },
      {
        url: 'https://voice.example.com/v1/scenarios/a%2Fb/start',
        method: 'POST',
        body: '{"customData":"x"}',
      },
    ]);
    for (const { headers } of sent) expect(headers.authorization).toBe('Bearer mk_secret');
  });

  test('without an answer’s body gives nothing', async () => {
    const { maskline } = client([new Response(null, { status: 204 })]);
    expect(await maskline.request('deleteNumber', { path: { id: 'n1' } })).toBeUndefined();
  });

  test('for sound gives the response, to be streamed', async () => {
    const { maskline } = client([new Response('RIFF', { headers: { 'content-type': 'audio/wav' } })]);
    const audio = await maskline.request('getRecordingAudio', { path: { id: 'r1' } });
    expect(await audio.text()).toBe('RIFF');
  });
});

describe('a failure', () => {
  test('is a typed problem with its fields', async () => {
    const fields = [{ name: 'body/number', message: 'is missing' }];
    const { maskline } = client([problem(400, 'request/invalid', { fields })]);
    const error = await maskline.request('listTrunks', {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MasklineProblem);
    expect(error).toMatchObject({
      status: 400,
      code: 'request/invalid',
      requestId: 'r1',
      retryable: false,
      fields,
    });
    expect(String(error)).toBe('MasklineProblem: It failed. (request/invalid) body/number: is missing Wait.');
  });

  test('in a proxy’s words is a problem as well, and quotes nothing of them', async () => {
    const { maskline } = client([new Response('<html>+447700900101</html>', { status: 403 })]);
    const error = await maskline.request('listTrunks', {}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 403, code: 'client/not-maskline' });
    expect(String(error)).not.toContain('4477');
  });
});

describe('what is sent again', () => {
  test('429 and 503, after as long as Retry-After says, with one idempotency key', async () => {
    const { maskline, sent, waited } = client([
      problem(429, 'rate/requests', {}, { 'retry-after': '7' }),
      problem(503, 'storage/unavailable', { retryable: true }),
      json({ sessionId: 's' }, 202),
    ]);
    expect(await maskline.request('startScenario', start)).toEqual({ sessionId: 's' });
    expect(waited[0]).toBe(7000);
    expect(waited[1]).toBeGreaterThanOrEqual(500);
    expect(waited[1]).toBeLessThanOrEqual(1000);
    expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(sent[0]!.headers['idempotency-key']).toMatch(/^[\w-]{36}$/);
  });

  test('one’s own idempotency key is used; two calls without one have two', async () => {
    const ok = (): Response => json({ sessionId: 's' }, 202);
    const { maskline, sent } = client([ok(), ok(), ok()]);
    await maskline.request('startScenario', start, { idempotencyKey: 'parcel-17' });
    await maskline.request('startScenario', start);
    await maskline.request('startScenario', start);
    const keys = sent.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBe('parcel-17');
    expect(new Set(keys).size).toBe(3);
  });

  test('a longer wait than anybody wants is an error at once', async () => {
    const { maskline, sent } = client([problem(429, 'rate/requests', {}, { 'retry-after': '3600' })]);
    await expect(maskline.request('listTrunks', {})).rejects.toMatchObject({ code: 'rate/requests' });
    expect(sent).toHaveLength(1);
  });

  test('a conflict is not: it may be sent again, and would be the same', async () => {
    const { maskline, sent } = client([problem(409, 'masking/no-number', { retryable: true })]);
    await expect(maskline.request('listTrunks', {})).rejects.toMatchObject({ code: 'masking/no-number' });
    expect(sent).toHaveLength(1);
  });

  test('not for ever', async () => {
    const { maskline, sent } = client(Array.from({ length: 4 }, () => problem(429, 'rate/requests')));
    await expect(maskline.request('listTrunks', {})).rejects.toBeInstanceOf(MasklineProblem);
    expect(sent).toHaveLength(4);
  });

  test('a broken connection: what may be done twice, and what has a key; nothing else', async () => {
    const broken = (): Error => new TypeError('fetch failed');
    const safe = client([broken(), json({ items: [] })]);
    await safe.maskline.request('listTrunks', {});
    expect(safe.sent).toHaveLength(2);
    const keyed = client([broken(), json({ sessionId: 's' }, 202)]);
    await keyed.maskline.request('startScenario', start);
    expect(keyed.sent).toHaveLength(2);
    const once = client([broken()]);
    const body = { name: 'k', scopes: ['calls:read'] } as const;
    await expect(once.maskline.request('createKey', { body })).rejects.toBeInstanceOf(MasklineUnreachable);
    expect(once.sent).toHaveLength(1);
  });

  test('a DELETE whose answer was lost has deleted', async () => {
    const gone = client([new TypeError('fetch failed'), problem(404, 'entry/unknown')]);
    expect(await gone.maskline.request('deleteNumber', { path: { id: 'n1' } })).toBeUndefined();
    const never = client([problem(404, 'entry/unknown')]);
    await expect(never.maskline.request('deleteNumber', { path: { id: 'n1' } })).rejects.toMatchObject({
      status: 404,
    });
  });

  test('502 of a proxy: the node may have done it, so not without a key', async () => {
    const { maskline, sent } = client([new Response('', { status: 502 })]);
    const body = { name: 'k', scopes: ['calls:read'] } as const;
    await expect(maskline.request('createKey', { body })).rejects.toMatchObject({ status: 502 });
    expect(sent).toHaveLength(1);
  });

  test('nothing, once the signal says stop', async () => {
    const stop = new AbortController();
    const { maskline, sent } = client([problem(429, 'rate/requests')], {
      sleep: async () => stop.abort(new Error('enough')),
    });
    await expect(maskline.request('listTrunks', {}, { signal: stop.signal })).rejects.toThrow('enough');
    expect(sent).toHaveLength(1);
  });

  test('a node that is silent is unreachable', async () => {
    const { maskline } = client([], {
      attempts: 1,
      timeoutMs: 5,
      fetch: (_, init) =>
        new Promise((_resolve, reject) => {
          init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason));
        }),
    });
    await expect(maskline.request('listTrunks', {})).rejects.toThrow('nothing within 5 ms');
  });
});

test('Retry-After is seconds, or a date', () => {
  const now = Date.parse('2026-11-22T20:00:00Z');
  expect(retryAfterMs('12', now)).toBe(12_000);
  expect(retryAfterMs('Sun, 22 Nov 2026 20:00:30 GMT', now)).toBe(30_000);
  expect(retryAfterMs('Sun, 22 Nov 2026 19:00:00 GMT', now)).toBe(0);
  expect(retryAfterMs('soon', now)).toBeUndefined();
  expect(retryAfterMs(null, now)).toBeUndefined();
});

test('a list is one sequence, however many pages it has; pages that nobody wants are not asked for', async () => {
  const pages = (): Response[] => [
    json({ items: [{ id: '1' }, { id: '2' }], next: 'c1' }),
    json({ items: [{ id: '3' }] }),
  ];
  const all = client(pages());
  const ids: string[] = [];
  for await (const { id } of all.maskline.each('listCalls', { query: { limit: 2 } })) ids.push(id);
  expect(ids).toEqual(['1', '2', '3']);
  expect(all.sent.map(({ url }) => url.split('?')[1])).toEqual(['limit=2', 'limit=2&cursor=c1']);
  const some = client(pages());
  for await (const { id } of some.maskline.each('listCalls', {})) if (id === '2') break;
  expect(some.sent).toHaveLength(1);
});
