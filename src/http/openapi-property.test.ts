import fc from 'fast-check';
import { Compile, type Validator } from 'typebox/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeCall, storeRecording } from './test-support/calls.ts';
import { broken, type JsonSchema, valuesOf } from './test-support/schema-values.ts';
import { createWorld, NUMBERS, type World } from './test-support/world.ts';

interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
}
type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}
interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly operation: Operation;
}

/** Requests of one operation: half of them whole, half with one thing wrong. */
const RUNS = 16;

let world: World;
let document: Document;
let keys: readonly { readonly authorization?: string }[];
/** Ids that answers have named, by the part of the API that they belong to: what is asked for by them is there, or was. */
const known = new Map<string, string[]>([
  ['calls', ['call']],
  ['recordings', ['recording']],
]);

beforeAll(async () => {
  world = await createWorld({ rateLimits: { requestsPerMinute: 0, failuresPerMinute: 0 } });
  await storeCall(world, 'call', 'taxi');
  await storeRecording(world, 'call', { recordingId: 'recording' }, Buffer.from('RIFF….'));
  keys = await Promise.all([
    world.key('all'),
    world.key('all', 'taxi'),
    world.key('all', 'delivery'),
    world.key(['sessions:read', 'sessions:write'], 'taxi'),
    world.key(['calls:read', 'policy:read', 'events:read']),
    Promise.resolve({}),
  ]);
  document = (await world.app.inject('/openapi.json')).json();
  for (const [index, application] of applications.entries())
    for (let n = 0; n < 3; n++) {
      const parties = [people[index * 6 + n * 2], people[index * 6 + n * 2 + 1]].map((number) => ({
        number,
      }));
      const url = '/v1/masking-sessions';
      const made = await world.app.inject({
        method: 'POST',
        url,
        headers: { ...keys[0] },
        payload: { application, parties },
      });
      remember('masking-sessions', made.json());
    }
});
afterAll(() => world.close());

function routesOf({ paths }: Document): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase() as Route['method'],
      path,
      operation,
    })),
  );
}

/** Neither keys, whose removal would end the test's own, nor streams, which do not end. */
function isTried({ operation }: Route): boolean {
  return (
    operation.operationId !== 'revokeKey' &&
    !Object.values(operation.responses).some(({ content }) => content?.['text/event-stream'] !== undefined)
  );
}

const people = Array.from({ length: 20 }, (_, n) => `+44 7700 9003${String(n).padStart(2, '0')}`);
const ours = [NUMBERS.service, NUMBERS.other].map((one) => one.reveal('leak-scan'));
const applications = ['taxi', 'delivery'];
/** What a name asks for; of an application's things there are few, so that requests meet. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  application: applications,
  ...{ number: people, from: people, counterpartNumber: people, to: ours, explicit: ours },
  ...{ name: ['masking', 'north', 'default'], pool: ['north', 'default'], status: [], language: ['en-GB'] },
  url: ['https://backend.example.com/who'],
};
const WORDS = [
  ...[...ours, ...applications, '+447700900303', '00447700900505', '+1', '112', 'sip:x@y'],
  ...['masking', 'default', 'order 47', 'driver', 'client', 'en-GB', 'call', '4711', '%', 'Ω', '٣'],
  ...['https://backend.example.com/who', 'ftp://x', 'http://u:p@x/'],
];
const IDS = ['id', 'ids', 'partyId', 'person', 'counterpart', 'cursor'];
const textsFor =
  ({ path }: Route) =>
  (name: string): readonly string[] =>
    NAMED[name] ??
    (IDS.includes(name) ? (known.get(name === 'person' ? 'person' : partOf(path)) ?? []) : WORDS);

/** `masking-sessions` of `/v1/masking-sessions/{id}/close`. */
const partOf = (path: string): string => path.split('/')[2] ?? '';

interface Sent {
  readonly key: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

function requestsOf(route: Route): fc.Arbitrary<Sent> {
  const { parameters = [], requestBody } = route.operation;
  const texts = textsFor(route);
  const place = (where: Parameter['in']) => {
    const found = parameters.filter((one) => one.in === where);
    return valuesOf(
      {
        type: 'object',
        properties: Object.fromEntries(found.map(({ name, schema }) => [name, schema])),
        required: found.filter(({ required }) => required === true).map(({ name }) => name),
      },
      texts,
    ) as fc.Arbitrary<Readonly<Record<string, unknown>>>;
  };
  const schema = requestBody?.content['application/json']?.schema;
  const body = schema === undefined ? fc.constant(undefined) : valuesOf(schema, texts);
  const query = place('query');
  return fc.record({
    // The first has every scope of every application.
    key: fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.nat({ max: keys.length - 1 }) },
    ),
    params: place('path'),
    query: fc.oneof(query, broken(query) as fc.Arbitrary<Readonly<Record<string, unknown>>>),
    headers: place('header'),
    body: schema === undefined ? body : fc.oneof(body, broken(body)),
  });
}

async function send({ method, path }: Route, { key, params, query, headers, body }: Sent) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => segmentOf(params[name]));
  const search = Object.entries(query ?? {})
    .map(
      ([name, value]) => `${encodeURIComponent(wellFormed(name))}=${encodeURIComponent(wellFormed(value))}`,
    )
    .join('&');
  const own = Object.entries(headers).map(([name, value]) => [
    name,
    String(value).replace(/[^\x20-\x7e]/g, ''),
  ]);
  return await world.app.inject({
    method,
    url: search === '' ? filled : `${filled}?${search}`,
    headers: { ...Object.fromEntries(own), ...keys[key] },
    ...(body === undefined ? {} : { payload: JSON.stringify(body), headers: jsonHeaders(own, key) }),
  });
}

const jsonHeaders = (own: readonly (readonly string[])[], key: number) => ({
  ...Object.fromEntries(own),
  ...keys[key],
  'content-type': 'application/json',
});

/** `.` and `..` do not arrive as they are written (RFC 3986 §5.2.4), nor does nothing. */
const segmentOf = (value: unknown): string => {
  const text = wellFormed(value);
  return ['', '.', '..'].includes(text) ? 'x' : encodeURIComponent(text);
};

/** `encodeURIComponent` refuses lone surrogates. */
const wellFormed = (value: unknown): string =>
  (typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed();

const validators = new Map<JsonSchema, Validator>();

function validatorOf(schema: JsonSchema): Validator {
  const found =
    validators.get(schema) ?? Compile(document.components.schemas as never, inlined(schema) as never);
  validators.set(schema, found);
  return found;
}

/** `#/components/schemas/X` becomes X itself: there is one, and nothing refers back. */
function inlined(schema: unknown): unknown {
  if (schema === null || typeof schema !== 'object') return schema;
  if (Array.isArray(schema)) return schema.map(inlined);
  const { $ref } = schema as JsonSchema;
  const name = typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
  if (name !== undefined) return document.components.schemas[name];
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inlined(value)]));
}

function remember(part: string, answer: unknown): void {
  if (answer === null || typeof answer !== 'object') return;
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value === 'object') remember(part, value);
    else if (typeof value === 'string' && ['id', 'next', 'person', 'cursor'].includes(name)) {
      const place = name === 'person' ? 'person' : part;
      known.set(place, [...(known.get(place) ?? []), value].slice(-30));
    }
  }
}

test('every operation answers whatever its schema allows, and nearly allows, as it declares, and never with a fault', async () => {
  const seen = new Map<string, Set<number>>();
  const routes = routesOf(document).filter(isTried);
  for (const route of routes) {
    const { operation, method, path } = route;
    const statuses = new Set<number>();
    seen.set(operation.operationId, statuses);
    await fc.assert(
      fc.asyncProperty(requestsOf(route), async (sent) => {
        const response = await send(route, sent);
        const told = `${method} ${path} ${JSON.stringify(sent)} → ${response.statusCode} ${response.body.slice(0, 500)}`;
        statuses.add(response.statusCode);
        expect(response.statusCode === 503 ? 500 : response.statusCode, told).not.toBe(500);
        const declared = operation.responses[String(response.statusCode)];
        expect(declared, told).toBeDefined();
        const type = String(response.headers['content-type'] ?? '').split(';')[0] ?? '';
        const schema = declared?.content?.[type]?.schema;
        if (response.statusCode >= 400) expect(schema, told).toBeDefined();
        if (schema === undefined || !type.endsWith('json')) return;
        const [fits, errors] = validatorOf(schema).Errors(response.json());
        expect(fits, `${told} ${JSON.stringify(errors)}`).toBe(true);
        remember(partOf(path), response.json());
      }),
      { numRuns: RUNS },
    );
  }
  // Most of them were carried out, too, and not only refused.
  const done = [...seen.values()].filter((statuses) => [...statuses].some((one) => one < 300));
  expect(done.length).toBeGreaterThan(routes.length / 2);
}, 60_000);
