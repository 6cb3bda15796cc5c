import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExampleServer } from '../../test/kit/example-server.ts';
import { EXAMPLE_ORDER, startTaxiBackend, type TaxiBackend } from './backend.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const SERVICE = '+442079460123';

let backend: TaxiBackend;
let server: ExampleServer;
beforeAll(async () => {
  backend = await startTaxiBackend({ host: '127.0.0.1', port: 0 });
  server = await ExampleServer.start('taxi', { customData: backend.url });
});
afterAll(async () => {
  await server.stop();
  await backend.close();
});

const ask = async (body: unknown): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${backend.url}/calls/route`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
};

describe('the taxi example', () => {
  test('is scenarios of which each fits on a screen, and the README of the project shows it as it is', () => {
    const scenario = readFileSync(here('./scenario.js'), 'utf8');
    for (const name of ['scenario.js', 'menu.js', 'words.js', 'call-back.js'])
      expect(readFileSync(here(`./${name}`), 'utf8').split('\n').length).toBeLessThanOrEqual(66);
    expect(readFileSync(here('../../README.md'), 'utf8')).toContain(scenario.trimEnd());
  });

  test('its README names files and commands that are there', () => {
    const readme = readFileSync(here('./README.md'), 'utf8');
    const files = [...readme.matchAll(/^\| `([^` ]+)` +\|/gm)].map(([, name = '']) => name);
    expect(files).toEqual([
      ...['scenario.js', 'menu.js', 'words.js', 'call-back.js'],
      ...['backend.ts', 'promises.ts', 'maskline.yaml'],
    ]);
    for (const file of files) expect(existsSync(here(`./${file}`))).toBe(true);
    expect(readme).toContain('`script/server demo`');
    expect(existsSync(here('../../script/server'))).toBe(true);
  });

  test('its backend answers as its README says', async () => {
    const { driver, passenger, id } = EXAMPLE_ORDER;
    expect(await ask({ caller: driver, dialled: SERVICE })).toEqual({
      status: 200,
      body: { order: id, role: 'driver', connect: passenger, onShift: true },
    });
    expect(await ask({ caller: passenger, dialled: SERVICE })).toMatchObject({
      status: 200,
      body: { connect: driver },
    });
    expect(await ask({ caller: '+447700900999', dialled: SERVICE })).toEqual({
      status: 404,
      body: { error: 'no active order' },
    });
    expect((await ask('nonsense')).status).toBe(400);
  });

  test('its backend promises one call per order, whoever asks, and remembers who is at work', async () => {
    const { driver, passenger, id } = EXAMPLE_ORDER;
    const post = async (path: string, body: unknown): Promise<unknown> => {
      const response = await fetch(`${backend.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
      return { status: response.status, ...((await response.json()) as object) };
    };
    expect(await post('/shifts', { driver, on: false })).toMatchObject({ status: 200, started: 0 });
    expect(await ask({ caller: passenger })).toMatchObject({ body: { onShift: false } });
    expect(await post('/promises', { order: id, service: SERVICE })).toEqual({ status: 201, id: 1 });
    expect(await post('/promises', { order: id, service: SERVICE })).toEqual({ status: 201, id: 1 });
    expect(await post('/promises', { order: 'none', service: SERVICE })).toMatchObject({ status: 400 });
    expect(await post('/promises/1', { result: 'nobody answered' })).toMatchObject({ status: 200 });
    expect(backend.promises.all()).toMatchObject([{ id: 1, status: 'waiting' }]);
    // The node may die under the call that keeps it: then nobody tells what became of that.
    backend.promises.settle(1, 'calling');
    const ours = new Set([id]);
    expect(backend.promises.waiting(ours)).toEqual([]);
    expect(backend.promises.waiting(ours, Date.now() + 3_600_000)).toMatchObject([{ id: 1, attempt: 1 }]);
    expect(await post('/promises/1', { result: 'kept' })).toMatchObject({ status: 200 });
    expect(backend.promises.waiting(ours, Date.now() + 3_600_000)).toEqual([]);
    expect(await post('/shifts', { driver, on: true })).toMatchObject({ status: 200, started: 0 });
    expect(await post('/shifts', { driver })).toMatchObject({ status: 400 });
  });

  test('its two accounts reach each other by the service number, with the server’s address as their domain', async () => {
    // A softphone in which somebody typed just the address that script/server prints.
    const driver = await server.phone('driver', { domain: '127.0.0.1' });
    const passenger = await server.phone('passenger', { domain: '127.0.0.1', answer: { answerAfterMs: 0 } });
    const outgoing = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await outgoing.waitFor('connected');
    expect(incoming.shown.number).toBe(SERVICE);
    outgoing.hangup();
    await passenger.waitFor('idle');
    await server.expectIdle();
  });

  test('an order that is finished connects nobody', async () => {
    backend.orders.splice(0, 1, { ...EXAMPLE_ORDER, status: 'finished' });
    const driver = await server.phone('driver');
    const call = driver.call(SERVICE);
    await call.waitFor('ended');
    expect(call.end).toMatchObject({ by: 'remote', status: 404 });
    await server.expectIdle();
  });
});
