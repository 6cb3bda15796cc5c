import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeCall } from './test-support/calls.ts';
import { createWorld, type World } from './test-support/world.ts';

type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

let world: World;
let key: { authorization: string };
const routes: { readonly method: Method; readonly path: string }[] = [];

beforeAll(async () => {
  world = await createWorld();
  key = await world.key('all');
  await storeCall(world, 'call', 'taxi');
  const { paths } = (await world.app.inject('/openapi.json')).json<{
    paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>>;
  }>();
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, { responses }] of Object.entries(item)) {
      // A stream does not end by itself, and `inject` waits for that.
      if (Object.hasOwn(responses['200']?.content ?? {}, 'text/event-stream')) continue;
      routes.push({ method: method.toUpperCase() as Method, path });
    }
  }
  routes.push({ method: 'HEAD', path: '/v1/recordings/{id}/audio' });
});
afterAll(() => world.close());

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    'call',
    'masking',
    'taxi',
    '..',
    '%',
    '\u0000',
    '__proto__',
    'constructor',
    "' or 1=1 --",
    '1e999',
  ),
  // Cursors of the right form with odd content.
  fc
    .tuple(fc.nat(), fc.string({ maxLength: 5 }))
    .map(([at, id]) => Buffer.from(`${at} ${id}`).toString('base64url')),
  fc.constant(Buffer.from('999999999999999 x').toString('base64url')),
);
const FIELDS = [
  'cursor',
  'limit',
  'application',
  'name',
  'scopes',
  'number',
  'kind',
  'label',
  'source',
  'customData',
];
const field = fc.oneof(fc.constantFrom(...FIELDS), text);
const value = fc.oneof(
  text,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('service', 'verified', '+442079460001'),
);
const body = fc.oneof(
  fc.dictionary(field, value, { maxKeys: 5 }).map((object) => JSON.stringify(object)),
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.constant('{"__proto__":{"scopes":["calls:read"]}}'),
);
const printable = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
});
const request = fc.record({
  route: fc.nat(),
  params: fc.array(text, { minLength: 2, maxLength: 2 }),
  query: fc.array(fc.tuple(field, text), { maxLength: 3 }),
  body: fc.option(body, { nil: undefined }),
  type: fc.constantFrom('application/json', 'application/json; charset=x', 'text/plain', 'a/b', ''),
  headers: fc.dictionary(
    fc.constantFrom(
      'range',
      'if-range',
      'if-none-match',
      'idempotency-key',
      'accept',
      'x-forwarded-for',
      'host',
    ),
    printable,
    { maxKeys: 3 },
  ),
});

test('whatever is sent to whatever route, the answer is never a fault, and failures are problem documents', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (junk) => {
      const { method, path } = routes[junk.route % routes.length] ?? routes[0]!;
      let used = 0;
      const filled = path.replace(/\{\w+\}/g, () =>
        encodeURIComponent(wellFormed(junk.params[used++] ?? '')),
      );
      const query = junk.query
        .map(
          ([name, content]) =>
            `${encodeURIComponent(wellFormed(name))}=${encodeURIComponent(wellFormed(content))}`,
        )
        .join('&');
      const response = await world.app.inject({
        method,
        url: query === '' ? filled : `${filled}?${query}`,
        headers: { ...junk.headers, 'content-type': junk.type, ...key },
        ...(junk.body === undefined || method === 'GET' || method === 'HEAD' ? {} : { payload: junk.body }),
      });
      expect(response.statusCode, `${method} ${filled} ${response.body}`).toBeLessThan(500);
      if (response.statusCode >= 400 && method !== 'HEAD') {
        expect(response.headers['content-type']).toContain('application/problem+json');
        expect(response.json()).toMatchObject({ status: response.statusCode, hint: expect.any(String) });
      }
    }),
    { numRuns: 400 },
  );
}, 60_000);

/** `encodeURIComponent` refuses lone surrogates. */
function wellFormed(junk: string): string {
  return Buffer.from(junk).toString();
}
