/** Two nodes on one PostgreSQL database, and a client that sends its request to both. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverPlaces } from '../../test/kit/storage-places.ts';
import { maskingApi } from '../node/masking-api.ts';
import { openStorage, type Storage } from '../storage/storage.ts';
import type { Api } from './api.ts';
import { createApp } from './app.ts';
import { createWorld, NUMBERS, type World } from './test-support/world.ts';

let world: World;
let second: Storage;
let nodes: readonly Api[];
let headers: { readonly authorization: string };

beforeAll(async () => {
  world = await createWorld({ rateLimits: { requestsPerMinute: 0 } }, serverPlaces());
  const { dataFolder, databaseUrl, options } = world;
  const { clock, random, log } = options;
  second = await openStorage({
    ...{ dataFolder, clock, random, log, environment: {} },
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  const { explain } = options.masking;
  const other = await createApp({
    ...options,
    admin: second.admin,
    apiKeys: second.apiKeys,
    idempotency: second.idempotency,
    masking: { ...maskingApi(second, { resolve: (question) => explain(question, false) }), explain },
  });
  nodes = [world.app, other];
  headers = await world.key('all', 'taxi');
});
afterAll(async () => {
  await nodes[1]?.close();
  await second.close();
  await world.close();
});

const people = (n: number) =>
  [`+44770090${1_000 + 2 * n}`, `+44770090${1_001 + 2 * n}`].map((number) => ({ number }));

/** The same request to both nodes, several times at once. */
const toAll = async (url: string, payload: object, key: string) =>
  await Promise.all(
    Array.from({ length: 6 }, (_, turn) =>
      nodes[turn % 2]!.inject({
        method: 'POST',
        url,
        headers: { ...headers, 'idempotency-key': key },
        payload,
      }),
    ),
  );

const sessions = async (): Promise<readonly { readonly externalId: string }[]> =>
  (await world.app.inject({ url: '/v1/masking-sessions?limit=200', headers })).json().items;

test('[row 31] one request to two nodes at once makes one session, whoever is first', async () => {
  for (let n = 0; n < 5; n++) {
    const payload = { externalId: `race ${n}`, parties: people(n) };
    const answers = await toAll('/v1/masking-sessions', payload, `race-${n}`);
    for (const answer of answers) {
      expect(answer.statusCode, answer.body).toBe(201);
      expect(answer.json().id).toBe(answers[0]?.json().id);
    }
  }
  expect((await sessions()).filter(({ externalId }) => externalId.startsWith('race '))).toHaveLength(5);
});

test('and without an externalId, which would tell them apart', async () => {
  const before = (await sessions()).length;
  const answers = await toAll('/v1/masking-sessions', { parties: people(20) }, 'nameless');
  expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
  expect(await sessions()).toHaveLength(before + 1);
});

test('and many in one request', async () => {
  const all = Array.from({ length: 20 }, (_, n) => ({ externalId: `many ${n}`, parties: people(30 + n) }));
  const answers = await toAll('/v1/masking-sessions/bulk', { sessions: all }, 'many');
  for (const answer of answers) {
    expect(answer.statusCode, answer.body).toBe(200);
    expect(answer.json()).toMatchObject({ succeeded: 20, failed: 0 });
  }
  expect((await sessions()).filter(({ externalId }) => externalId?.startsWith('many '))).toHaveLength(20);
});

test('the same externalId by different requests: one is made, the others are told who has it', async () => {
  const requests = Array.from({ length: 6 }, (_, turn) =>
    nodes[turn % 2]!.inject({
      method: 'POST',
      url: '/v1/masking-sessions',
      headers,
      payload: {
        externalId: 'contested',
        parties: people(60 + turn),
        number: { explicit: NUMBERS.service.reveal('leak-scan') },
      },
    }),
  );
  const answers = await Promise.all(requests);
  expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
  for (const answer of answers)
    if (answer.statusCode === 409)
      expect(answer.json()).toMatchObject({
        code: 'masking/external-id-taken',
        fields: [{ name: 'body/externalId' }],
      });
});
