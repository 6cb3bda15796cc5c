import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { leg, record } from '../../test/kit/call-records.ts';
import { embeddedPlaces } from '../../test/kit/storage-places.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import { createWorld, NUMBERS, type World } from '../http/test-support/world.ts';
import { systemClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { systemRandom } from '../kernel/random.ts';
import { openStorage, type Storage } from '../storage/storage.ts';
import { eraseCommand } from './erase.ts';
import { keysCommand } from './keys-command.ts';

let printed: string[] = [];
const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void printed.push(line));
const places = embeddedPlaces();

afterEach(() => {
  printed = [];
});
afterAll(() => {
  log.mockRestore();
  error.mockRestore();
  return places.close();
});

async function run(what: Promise<number>): Promise<{ status: number; text: string }> {
  const status = await what;
  const text = printed.join('\n');
  printed = [];
  return { status, text };
}

const fill = (
  storage: Pick<Storage, 'records'>,
  applicationId: string | undefined,
  at = Date.now() - 100_000,
) =>
  storage.records.apply([
    {
      kind: 'open',
      record: record({ id: 'call-1', applicationId, startedAt: at, status: 'completed', endedAt: at + 1 }),
    },
    { kind: 'leg', sessionId: 'call-1', leg: leg({ callId: 'a', callerid: NUMBERS.driver, startedAt: at }) },
  ]);

describe('on the database of a node that does not run', { timeout: 90_000 }, () => {
  let data: string;
  const open = () =>
    openStorage({
      ...{ dataFolder: data, clock: systemClock, random: systemRandom, log: silentLogger, environment: {} },
    });
  const keys = (...args: string[]) => run(keysCommand(['rotate-data', '--data', data, ...args]));
  const erase = (number: string, ...args: string[]) =>
    run(eraseCommand(['--data', data, ...args], Readable.from([number])));

  beforeAll(async () => {
    data = (await places.fresh()).dataFolder;
    const storage = await open();
    await fill(storage, undefined);
    await storage.close();
  });

  test('the key is changed, and a second time only when the old line is gone', async () => {
    const file = join(data, 'maskline.key');
    expect((await keys('--check')).text).toMatch(/seals: k1[\s\S]*All rows are under it/);
    const changed = await keys();
    expect(changed).toMatchObject({ status: 0 });
    expect(changed.text).toMatch(/k2 was added[\s\S]*k2 seals[\s\S]*call_legs: 1[\s\S]*k1 is not needed/);
    expect(readFileSync(file, 'utf8')).toMatch(/^k1:.*\nk2:.*\n$/m);
    expect((await keys()).text).toMatch(/k2 is complete[\s\S]*k1 is not needed/);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^k1:.*\n/m, ''));
    expect((await keys('--check')).text).toMatch(/In the key file: k2\./);
    const storage = await open();
    expect((await storage.records.get('call-1'))?.legs[0]?.callerid.equals(NUMBERS.driver)).toBe(true);
    await storage.close();
  });

  test('a key in the environment is added by hand, and taken up where it was', async () => {
    const lines = readFileSync(join(data, 'maskline.key'), 'utf8')
      .split('\n')
      .filter((line) => /^k\d/.test(line));
    vi.stubEnv('MASKLINE_KEY', lines.join(','));
    const asked = await keys();
    expect(asked.status).toBe(1);
    const line = /^ {2}(k3:\S+)$/m.exec(asked.text)?.[1] ?? '';
    vi.stubEnv('MASKLINE_KEY', [...lines, line].join(','));
    expect((await keys()).text).toMatch(/k3 seals[\s\S]*k2 is not needed/);
    vi.stubEnv('MASKLINE_KEY', line);
    expect((await keys('--check')).status).toBe(0);
    writeFileSync(join(data, 'maskline.key'), `${line}\n`);
    vi.unstubAllEnvs();
  });

  test('keys that are made on the machine stand in the audit log, too', async () => {
    const made = await run(keysCommand(['create', '--name', 'x', '--scopes', 'calls:read', '--data', data]));
    expect(made.status).toBe(0);
    const storage = await open();
    const { items } = await storage.audit.list({ applicationId: undefined }, { limit: 9 });
    await storage.close();
    expect(items.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      'cli key.created',
      'cli data-key.rotated',
      'cli data-key.rotated',
    ]);
  });

  test('a person is erased by the number on standard input', async () => {
    const erased = await erase('+44 7700 900101\n');
    expect(erased).toMatchObject({ status: 0 });
    expect(erased.text).toMatch(/Receipt er_[\s\S]*numbersInCalls: 1[\s\S]*is erased/);
    expect(erased.text).toMatch(/What stays[\s\S]*backups/);
    expect(erased.text).not.toMatch(/7700/);
    expect((await erase('+44 7700 900101')).text).toMatch(/Nothing was there/);
    expect((await run(eraseCommand(['+447700900101'], Readable.from([])))).status).toBe(2);
    await expect(erase('nobody')).rejects.toMatchObject({ hint: expect.stringContaining('country code') });
    await expect(erase('+447700900101', '--application', 'x')).rejects.toMatchObject({
      message: expect.stringContaining('"x"'),
    });
  });
});

describe('on a node that runs', () => {
  let world: World;
  let server: HttpServer;
  beforeAll(async () => {
    world = await createWorld();
    server = await createHttpServer(world.options);
  });
  afterAll(async () => {
    await server.close();
    await world.close();
  });

  test('it erases, in the application of its key', async () => {
    await fill(world.storage, world.applications.taxi);
    const keyFor = async (application: 'taxi' | 'delivery') =>
      (await world.key(['people:write'], application)).authorization.slice('Bearer '.length);
    const erase = (key: string) =>
      run(eraseCommand(['--url', server.url, '--key', key], Readable.from(['+447700900101'])));
    expect((await erase(await keyFor('delivery'))).text).toMatch(/Nothing was there/);
    const key = await keyFor('taxi');
    const { text } = await erase(key);
    expect(text).toMatch(/numbersInCalls: 1/);
    const id = /er_[0-9a-f-]+/.exec(text)?.[0] ?? '';
    const headers = { authorization: `Bearer ${key}` };
    const receipt = await world.app.inject({ url: `/v1/erasures/${id}`, headers });
    expect(receipt.json()).toMatchObject({ id, status: 'complete', removed: { numbersInCalls: 1 } });
    expect(receipt.json().kept.length).toBeGreaterThan(2);
    expect(Date.parse(receipt.json().searchedUntil)).toBeGreaterThanOrEqual(Date.parse(receipt.json().at));
    const other = await world.key(['people:write'], 'delivery');
    expect((await world.app.inject({ url: `/v1/erasures/${id}`, headers: other })).statusCode).toBe(404);
    expect(world.logged.join('\n')).not.toMatch(/7700900101/);
  });

  test.each([['12'], ['+442079460456'], ['nobody']])('it refuses %s', async (number) => {
    const headers = await world.key(['people:write']);
    const answer = await world.app.inject({
      method: 'POST',
      url: '/v1/erasures',
      headers,
      payload: { number },
    });
    expect([400, 422]).toContain(answer.statusCode);
    expect(answer.body).not.toContain(number);
  });
});
