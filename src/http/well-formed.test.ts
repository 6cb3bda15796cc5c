import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorld, type World } from './test-support/world.ts';

let world: World;
let headers: Record<string, string>;
beforeAll(async () => {
  world = await createWorld({ rateLimits: { requestsPerMinute: 0 } });
  headers = { ...(await world.key('all', 'taxi')), 'content-type': 'application/json' };
});
afterAll(() => world.close());

const NUMBERS = ['+447700900301', '+447700900302'];
const HALF = '\\ud83d';
const session = (one: string, more = '') =>
  `{ "parties": [{ "number": "${NUMBERS[0]}", ${one} }, { "number": "${NUMBERS[1]}" }]${more} }`;

test.each<[string, string, string, string]>([
  ['a label', '/v1/masking-sessions', session(`"label": "order ${HALF}"`), 'body/parties/0/label'],
  ['a role', '/v1/masking-sessions', session(`"role": "${HALF}"`), 'body/parties/0/role'],
  [
    'metadata',
    '/v1/masking-sessions',
    session('"label": ""', `, "metadata": { "a": "${HALF}" }`),
    'body/metadata/a',
  ],
  [
    'one of many',
    '/v1/masking-sessions/bulk',
    `{ "sessions": [${session('"label": ""', `, "externalId": "${HALF}"`)}] }`,
    'body/sessions/0/externalId',
  ],
  ['a reason', '/v1/blocks', `{ "number": "${NUMBERS[0]}", "reason": "${HALF}" }`, 'body/reason'],
  ['the name of a member', '/v1/blocks', `{ "number": "${NUMBERS[0]}", "${HALF}": "" }`, 'body'],
])('half a character in %s is refused, and the field named', async (_, url, payload, field) => {
  const response = await world.app.inject({ method: 'POST', url, headers, payload });
  expect([response.statusCode, response.json().code], response.body).toEqual([400, 'request/invalid']);
  expect(response.json().fields).toEqual([
    { name: field, message: expect.stringContaining('half a character') },
  ]);
});

test('whole characters of any script are taken', async () => {
  const payload = session('"label": "Bestellung \\ud83d\\ude95 🚕 заказ"');
  const response = await world.app.inject({ method: 'POST', url: '/v1/masking-sessions', headers, payload });
  expect(response.statusCode, response.body).toBe(201);
  expect(response.json().parties[0].label).toBe('Bestellung 🚕 🚕 заказ');
});
