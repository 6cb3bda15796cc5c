import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AnswerScript } from '../../src/phone/behaviour.ts';
import type { Phone } from '../../src/phone/phone.ts';
import { ExampleServer } from '../../test/kit/example-server.ts';
import { MaskingExample, reset, talk } from '../../test/kit/masking-example.ts';
import { until } from '../../test/kit/rtp-peer.ts';
import { startDeliveryPull } from './pull/backend.ts';
import { startDeliveryPush } from './push/backend.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const SERVICE = '+442079460456';
const ANSWERS: AnswerScript = { ringAfterMs: 0, answerAfterMs: 50 };

const phones: Phone[] = [];
let server: ExampleServer;
beforeAll(async () => {
  server = await ExampleServer.start('delivery', { file: 'masking.yaml' });
});
afterAll(() => server.stop());
afterEach(() => reset(server, phones.splice(0)));

async function phone(name: string, answer = ANSWERS): Promise<Phone> {
  const made = await server.phone(name, { answer });
  phones.push(made);
  return made;
}

describe('push', () => {
  test('a customer reaches the courier, or else the depot; both reach the customer; the shop is told', async () => {
    const example = await MaskingExample.of(server, 'delivery/push');
    const backend = await startDeliveryPush({ ...LOCAL, maskline: example.maskline });
    const customer = await phone('customer');
    const courier = await phone('courier', { decline: { status: 486 } });
    const depot = await phone('depot');
    expect(await example.send(backend)).toEqual({ status: 201, body: example.commands[0]!.answer });

    // The courier is busy.
    expect(await talk(customer, depot, SERVICE)).toEqual({ shown: SERVICE });
    expect(await talk(courier, customer, SERVICE)).toEqual({ shown: SERVICE });
    expect(await talk(depot, customer, SERVICE)).toEqual({ shown: SERVICE });

    // Of each call to somebody of the parcel: the courier who was busy, and three who talked.
    const talks = ['17 call.answered', '17 call.ended'];
    await until('the webhooks', () => backend.heard.length === 7, 10_000);
    expect(backend.heard).toEqual(['17 call.ended', ...talks, ...talks, ...talks]);

    expect(await example.send(backend, 1)).toEqual({ status: 204, body: undefined });
    for await (const { expiresAt } of example.maskline.sessions.list({ externalId: '17' })) {
      const minutes = (Date.parse(expiresAt!) - Date.now()) / 60_000;
      expect(minutes).toBeGreaterThan(58);
      expect(minutes).toBeLessThanOrEqual(60);
    }
    await backend.close();
  });
});

describe('pull', () => {
  test('a customer types the number of the parcel; a courier needs not', async () => {
    const example = await MaskingExample.of(server, 'delivery/pull');
    const backend = await startDeliveryPull({ ...LOCAL, maskline: example.maskline });
    const customer = await phone('customer');
    const courier = await phone('courier');
    expect(await example.send(backend)).toMatchObject({ status: 201 });

    expect(await talk(customer, courier, SERVICE, { type: '17#' })).toEqual({ shown: SERVICE });
    expect(await talk(courier, customer, SERVICE)).toEqual({ shown: SERVICE });
    await backend.close();
  });
});
