import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { drainCommand } from '../../src/cli/drain.ts';
import { createKey } from '../../src/cli/keys.ts';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { SERVICE, WholeServer } from '../kit/whole-server.ts';

let server: WholeServer;
let key: string;
const printed: string[] = [];
const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));

beforeAll(async () => {
  server = await WholeServer.start();
  const made = await createKey(server.maskline.storage, {
    name: 'ops',
    scopes: ['node:write', 'metrics:read'],
  });
  key = made.secret;
});
afterAll(async () => {
  log.mockRestore();
  await server?.stop();
});

const drain = (...args: string[]): Promise<number> =>
  drainCommand([...args, '--url', server.maskline.httpUrl, '--key', key]);

test('maskline drain: newcomers get 503, those who talk go on, --wait ends when they have, --undo takes calls again', async () => {
  const earlier = await knownRecords(server);
  const driver = await server.phone('driver', { toneHz: 440 });
  const passenger = await server.phone('passenger', { toneHz: 700, answer: { answerAfterMs: 0 } });
  const call = driver.call(SERVICE);
  await call.waitFor('connected');
  await call.waitUntil('the passenger', () => call.rtp.heard.isTone(700));

  expect(await drain()).toBe(0);
  expect(printed.at(-1)).toBe('maskline-1 takes no new calls; 2 legs are still up.');
  expect((await fetch(`${server.maskline.httpUrl}/ready`)).status).toBe(503);
  const second = driver.call(SERVICE);
  await second.waitFor('ended');
  expect(second.end).toMatchObject({ by: 'remote', status: 503 });
  expect(await drain('--wait', '0')).toBe(1);

  const heard = call.rtp.heard.seconds;
  await call.waitUntil('more of the passenger', () => call.rtp.heard.seconds > heard + 0.3);
  const waiting = drain('--wait', '30');
  call.hangup();
  await passenger.nextCall().then((incoming) => incoming.waitFor('ended'));
  expect(await waiting).toBe(0);
  expect(printed.at(-1)).toBe('Nobody talks any more.');

  expect(await drain('--undo')).toBe(0);
  const third = driver.call(SERVICE);
  await third.waitFor('connected');
  third.hangup();
  await third.waitFor('ended');
  await expectNewRecords(server, earlier, 3);
});

test('without a key, or with one that may not, it says what is missing', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(await drainCommand(['--url', server.maskline.httpUrl])).toBe(2);
  expect(error.mock.calls.join()).toContain('node:write');
  error.mockRestore();
  const { secret } = await createKey(server.maskline.storage, { name: 'weak', scopes: ['calls:read'] });
  const refused = drainCommand(['--url', server.maskline.httpUrl, '--key', secret]);
  await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('scope') });
});
