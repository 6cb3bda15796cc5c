import { afterAll, beforeAll, expect, test } from 'vitest';
import { leaksBetween } from '../../src/cli/demo/measure.ts';
import { readPolicy } from '../../src/masking/policy.ts';
import { applicationOf, maskedApplication } from '../kit/masked-server.ts';
import {
  type Backend,
  DRIVER,
  HOST,
  PASSENGER,
  SERVICE,
  startBackend,
  WholeServer,
} from '../kit/whole-server.ts';

const ANSWERS = { ringAfterMs: 0, answerAfterMs: 50 };

/** The customer's own, which outlives the servers. */
let backend: Backend;
let server: WholeServer;
beforeAll(async () => {
  backend = await startBackend();
  server = await start();
  backend.answer = () => ({
    kind: 'reply',
    status: 200,
    body: JSON.stringify({ action: 'connect', to: PASSENGER }),
  });
});
afterAll(async () => {
  await server.stop();
  await backend.close();
});

async function start(data?: string): Promise<WholeServer> {
  return await WholeServer.start({
    ...(data === undefined ? {} : { data }),
    settings: (settings) => ({ ...settings, applications: settings.applications.map(maskedApplication) }),
  });
}

async function setPolicy(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const pull = { url: `${backend.url}/pull`, freshSeconds: 0, staleSeconds: 0, numbers: true };
  await server.maskline.storage.masking.resolution.setPolicy(
    applicationOf(server),
    readPolicy({ pull, ...more }),
  );
}

/** The driver calls the service number and talks with the passenger; neither learns the other's number. */
async function callThrough(): Promise<void> {
  const driver = await server.phone('driver', { toneHz: 440 });
  const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
  const out = driver.call(SERVICE);
  const rings = await passenger.nextCall();
  await Promise.all([out.waitFor('connected'), rings.waitFor('connected')]);
  expect(rings.shown.number).toBe(SERVICE);
  expect(leaksBetween(out, rings, [SERVICE, HOST, 'maskline.local'])).toEqual([]);
  out.hangup();
  await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
}

async function refused(): Promise<number | undefined> {
  const driver = await server.phone('driver');
  const out = driver.call(SERVICE);
  await out.waitFor('ended', 15_000);
  return out.end?.status;
}

test('pull: the backend is asked at call time, and connects', async () => {
  await setPolicy();
  await callThrough();
  expect(backend.questions).toHaveLength(1);
  expect(JSON.parse(backend.questions[0] ?? '')).toMatchObject({
    type: 'masking.pull',
    dialled: SERVICE,
    caller: { token: expect.stringMatching(/^per_/), number: DRIVER },
  });
  await server.reset();
});

test('with the backend down, and after a restart, a known pair still connects; nobody else does', async () => {
  backend.answer = () => ({ kind: 'reset' });
  await server.stop({ keepData: true });
  server = await start(server.data);
  const asked = backend.questions.length;
  await callThrough();
  expect(backend.questions.length).toBeGreaterThan(asked);
  await server.reset();
  const passenger = await server.phone('passenger', { answer: ANSWERS });
  const out = passenger.call(SERVICE);
  await out.waitFor('ended', 15_000);
  expect(out.end).toMatchObject({ status: 404 });
  await server.reset();
});

test('the backend’s latest word counts: what it does not know any more is not connected', async () => {
  backend.answer = () => ({ kind: 'reply', status: 404, body: '' });
  expect(await refused()).toBe(404);
  backend.answer = () => ({ kind: 'reset' });
  expect(await refused()).toBe(404);
  await server.reset();
});

test('intercept: the hook may veto a call, and is told no number', async () => {
  const hook = { url: `${backend.url}/hook` };
  await setPolicy({ intercept: hook });
  backend.answer = (question) =>
    question.includes('masking.pull')
      ? { kind: 'reply', status: 200, body: JSON.stringify({ action: 'connect', to: PASSENGER }) }
      : { kind: 'reply', status: 200, body: '{"allow":false}' };
  expect(await refused()).toBe(403);
  const told = backend.questions.at(-1) ?? '';
  expect(JSON.parse(told)).toMatchObject({ type: 'masking.intercept' });
  for (const number of [DRIVER, PASSENGER]) expect(told).not.toContain(number.slice(-7));
  backend.answer = (question) =>
    question.includes('masking.pull')
      ? { kind: 'reply', status: 200, body: JSON.stringify({ action: 'connect', to: PASSENGER }) }
      : { kind: 'reset' };
  expect(await refused()).toBe(503);
  await setPolicy({ intercept: { ...hook, whenSilent: 'allow' } });
  await server.reset();
  await callThrough();
});
