import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Phone } from '../../src/phone/phone.ts';
import { ExampleServer } from '../../test/kit/example-server.ts';
import { MaskingExample, post, reset, talk } from '../../test/kit/masking-example.ts';
import { startTaxiPull } from './pull/backend.ts';
import { startTaxiPush } from './push/backend.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const SERVICE = '+442079460123';
const ANSWERS = { answer: { ringAfterMs: 0, answerAfterMs: 50 } };

const phones: Phone[] = [];
let server: ExampleServer;
beforeAll(async () => {
  server = await ExampleServer.start('taxi', { file: 'masking.yaml' });
});
afterAll(() => server.stop());
afterEach(() => reset(server, phones.splice(0)));

/** Driver and passenger, each with a phone that answers. */
async function people() {
  const [driver, passenger] = [
    await server.phone('driver', ANSWERS),
    await server.phone('passenger', ANSWERS),
  ];
  phones.push(driver, passenger);
  return { driver, passenger };
}

describe('push', () => {
  test('an order has a number by which both reach each other, until it is finished', async () => {
    const example = await MaskingExample.of(server, 'taxi/push');
    const backend = await startTaxiPush({ ...LOCAL, maskline: example.maskline });
    const { driver, passenger } = await people();
    const accepted = await example.send(backend);
    expect(accepted).toEqual({ status: 201, body: example.commands[0]!.answer });

    expect(await talk(driver, passenger, SERVICE)).toEqual({ shown: SERVICE });
    expect(await talk(passenger, driver, SERVICE)).toEqual({ shown: SERVICE });

    // The app has lost the answer and asks again: the same session.
    expect(await example.send(backend)).toEqual(accepted);
    // The driver's next order has a number of its own.
    const next = { id: '4712', driver: '+447700900101', passenger: '+447700900209' };
    expect(await post(backend, '/orders', next)).toEqual({ status: 201, body: { dial: '+442079460124' } });
    // And a third has none: the company has two.
    const third = { ...next, id: '4713', passenger: '+447700900210' };
    expect(await post(backend, '/orders', third)).toEqual({ status: 201, body: { dial: null } });

    expect(await example.send(backend, 1)).toEqual({ status: 204, body: undefined });
    const state = await fetch(`${backend.url}/orders/4711`);
    expect(await state.json()).toEqual({ status: 'closed', calls: 2 });
    const late = passenger.call(SERVICE);
    await late.waitFor('ended');
    expect(late.end).toMatchObject({ by: 'remote', status: 404 });
    await backend.close();
  });
});

describe('pull', () => {
  test('whom a caller reaches is asked at call time, and known while the backend is down', async () => {
    const example = await MaskingExample.of(server, 'taxi/pull');
    const backend = await startTaxiPull({ ...LOCAL, maskline: example.maskline });
    const { driver, passenger } = await people();
    const early = driver.call('+442079460124');
    await early.waitFor('ended');
    expect(early.end).toMatchObject({ by: 'remote', status: 404 });

    expect(await example.send(backend)).toMatchObject({ status: 201 });
    expect(await talk(driver, passenger, '+442079460124')).toEqual({ shown: '+442079460124' });
    // What was not asked of it by Maskline is not answered.
    expect(await post(backend, '/masking', { caller: { number: '+447700900101' } })).toMatchObject({
      status: 400,
    });

    await backend.close();
    expect(await talk(driver, passenger, '+442079460124')).toEqual({ shown: '+442079460124' });
  });
});
