import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpReference } from './reference.ts';
import { createWorld, type World } from './test-support/world.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly security?: unknown;
  readonly 'x-scope'?: string;
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: object }>>;
}

let world: World;
let document: { readonly openapi: string; readonly paths: Record<string, Record<string, Operation>> };
const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

beforeAll(async () => {
  world = await createWorld();
  document = (await world.app.inject('/openapi.json')).json();
});
afterAll(() => world.close());

describe('GET /openapi.json', () => {
  test('is OpenAPI 3.1 and needs no key', async () => {
    const response = await world.app.inject('/openapi.json');
    expect(response.statusCode).toBe(200);
    expect(document.openapi).toBe('3.1.0');
  });

  test('names every route that there is', () => {
    const named = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect(named).toEqual([
      'GET /health',
      'GET /ready',
      'GET /metrics',
      'GET /v1/node',
      'PUT /v1/node/drain',
      'GET /openapi.json',
      'GET /v1/calls',
      'GET /v1/calls/{id}',
      'GET /v1/calls/{id}/events',
      'GET /v1/calls/{id}/trace',
      'GET /v1/calls/{id}/replay',
      'GET /v1/recordings/{id}',
      'GET /v1/recordings/{id}/audio',
      'GET /v1/recordings/{id}/transcript',
      'GET /v1/scenarios',
      'GET /v1/scenarios/{name}',
      'PUT /v1/scenarios/{name}',
      'DELETE /v1/scenarios/{name}',
      'POST /v1/scenarios/{name}/start',
      'POST /v1/masking-sessions',
      'GET /v1/masking-sessions',
      'POST /v1/masking-sessions/search',
      'GET /v1/masking-sessions/{id}',
      'PATCH /v1/masking-sessions/{id}',
      'DELETE /v1/masking-sessions/{id}',
      'POST /v1/masking-sessions/bulk',
      'POST /v1/masking-sessions/bulk-close',
      'PATCH /v1/masking-sessions/{id}/parties/{partyId}',
      'POST /v1/masking-sessions/{id}/close',
      'GET /v1/blocks',
      'POST /v1/blocks',
      'DELETE /v1/blocks/{id}',
      'GET /v1/routing-policy',
      'PUT /v1/routing-policy',
      'GET /v1/routing-policy/secrets',
      'POST /v1/routing-policy/rotate-secret',
      'POST /v1/explain',
      'GET /v1/number-pools',
      'PUT /v1/number-pools/{name}',
      'DELETE /v1/number-pools/{name}',
      'POST /v1/numbers/plan',
      'GET /v1/numbers',
      'POST /v1/numbers',
      'PATCH /v1/numbers/{id}',
      'DELETE /v1/numbers/{id}',
      'GET /v1/events',
      'GET /v1/events/stream',
      'GET /v1/webhooks',
      'POST /v1/webhooks',
      'GET /v1/webhooks/{id}',
      'PATCH /v1/webhooks/{id}',
      'DELETE /v1/webhooks/{id}',
      'POST /v1/webhooks/{id}/rotate-secret',
      'GET /v1/webhooks/{id}/deliveries',
      'POST /v1/webhooks/{id}/replay',
      'POST /v1/webhooks/{id}/test',
      'GET /v1/trunks',
      'GET /v1/users',
      'GET /v1/keys',
      'POST /v1/keys',
      'DELETE /v1/keys/{id}',
      'POST /v1/erasures',
      'GET /v1/erasures/{id}',
      'GET /v1/audit-log',
    ]);
    // Fastify's own list of what it serves, less the HEADs that go with GETs.
    const served = world.app
      .printRoutes({ commonPrefix: false })
      .split('\n')
      .flatMap((line) => [
        ...(/\(([A-Z, ]+)\)/.exec(line)?.[1] ?? '').matchAll(/GET|PUT|POST|DELETE|PATCH/g),
      ]);
    expect(served).toHaveLength(named.length);
  });

  test('every route says what it is, what it answers, and which scope it takes', () => {
    for (const { path, method, operation } of operations()) {
      const route = `${method} ${path}`;
      expect(operation.summary, route).toMatch(/\.$/);
      expect(
        Object.keys(operation.responses).some((status) => status.startsWith('2')),
        route,
      ).toBe(true);
      const open = ['/health', '/ready', '/openapi.json'].includes(path);
      expect(operation.security, route).toEqual(open ? undefined : [{ key: [] }]);
      expect(typeof operation['x-scope'], route).toBe(open ? 'undefined' : 'string');
      const failures = Object.entries(operation.responses).filter(([status]) => status >= '400');
      expect(failures.length, route).toBeGreaterThan(1);
      for (const [status, { content }] of failures) {
        if (path === '/ready' && status === '503') continue;
        expect(Object.keys(content ?? {}), `${route} ${status}`).toEqual(['application/problem+json']);
      }
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('docs/reference is up to date (`vitest run src/http/reference.test.ts -u` writes it)', () => {
  test('openapi.json', async () => {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../../docs/reference/openapi.json');
  });

  test('http.md', async () => {
    await expect(httpReference(document)).toMatchFileSnapshot('../../docs/reference/http.md');
  });
});
