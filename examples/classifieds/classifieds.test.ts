import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Maskline } from '../../clients/typescript/src/index.ts';
import type { Phone } from '../../src/phone/phone.ts';
import { ExampleServer } from '../../test/kit/example-server.ts';
import { MaskingExample, post, reset, talk, type } from '../../test/kit/masking-example.ts';
import { startClassifiedsPull } from './pull/backend.ts';
import { startClassifiedsPush } from './push/backend.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const SHARED = '+442079460800';
const OWN = '+442079460801';
const ANSWERS = { answer: { ringAfterMs: 0, answerAfterMs: 50 } };

const phones: Phone[] = [];
let server: ExampleServer;
beforeAll(async () => {
  server = await ExampleServer.start('classifieds');
});
afterAll(() => server.stop());
afterEach(() => reset(server, phones.splice(0)));

async function people() {
  const [seller, buyer] = [await server.phone('seller', ANSWERS), await server.phone('buyer', ANSWERS)];
  phones.push(seller, buyer);
  return { seller, buyer };
}

describe('push', () => {
  test('an ad has digits behind the number of all ads', async () => {
    const example = await MaskingExample.of(server, 'classifieds/push');
    const backend = await startClassifiedsPush({ ...LOCAL, maskline: example.maskline });
    const { seller, buyer } = await people();
    const bicycle = await example.send(backend);
    const { extension } = bicycle.body as { extension: string };
    expect(extension).toMatch(/^\d{2,}$/);
    expect(bicycle).toEqual({ status: 201, body: { dial: SHARED, extension } });
    // Who dials only the number is asked for the digits.
    expect(await talk(buyer, seller, SHARED, { type: `${extension}#` })).toEqual({ shown: SHARED });
    await backend.close();
  });

  test('or a number of its own: the seller reaches the last caller, and turns one away', async () => {
    const example = await MaskingExample.of(server, 'classifieds/push');
    const backend = await startClassifiedsPush({ ...LOCAL, maskline: example.maskline });
    const { seller, buyer } = await people();
    await post(backend, '/ads', { id: '80', seller: '+447700900409', title: 'a table' });
    expect(await example.send(backend, 1)).toEqual({ status: 201, body: { dial: OWN } });
    expect(await talk(buyer, seller, OWN)).toEqual({ shown: OWN });
    expect(await talk(seller, buyer, OWN)).toEqual({ shown: OWN });

    let caller: string | undefined;
    await expect.poll(async () => (caller = await callerOf(example)), { timeout: 10_000 }).toBeDefined();
    expect(await post(backend, '/ads/82/block', { caller })).toMatchObject({ status: 204 });
    const again = buyer.call(OWN);
    await again.waitFor('ended');
    expect(again.end).toMatchObject({ by: 'remote', status: 403 });
    await backend.close();
  });

  test('an offer gives each side a number: a called phone shows the one that its owner dials', async () => {
    const example = await MaskingExample.of(server, 'classifieds/push');
    const backend = await startClassifiedsPush({ ...LOCAL, maskline: example.maskline });
    const { seller, buyer } = await people();
    await example.send(backend);
    const offer = await example.send(backend, 2);
    expect(offer).toEqual({ status: 201, body: example.commands[2]?.answer });
    const dial = offer.body as { readonly buyer: string; readonly seller: string };
    expect(dial.buyer).not.toBe(dial.seller);
    expect(await talk(buyer, seller, dial.buyer)).toEqual({ shown: dial.seller });
    expect(await talk(seller, buyer, dial.seller)).toEqual({ shown: dial.buyer });
    // What the other one dials leads nowhere.
    const wrong = buyer.call(dial.seller);
    await wrong.waitFor('ended');
    expect(wrong.end).toMatchObject({ by: 'remote' });
    expect(seller.calls).toHaveLength(2);
    // The same offer again, from an app that lost the answer.
    expect(await example.send(backend, 2)).toEqual(offer);
    await backend.close();
  });
});

describe('pull', () => {
  test('a buyer types the ad and reaches its seller; the seller turns the last caller away', async () => {
    const example = await MaskingExample.of(server, 'classifieds/pull');
    const backend = await startClassifiedsPull({ ...LOCAL, maskline: example.maskline });
    const { seller, buyer } = await people();
    expect(await example.send(backend)).toMatchObject({ status: 201 });

    expect(await talk(buyer, seller, SHARED, { type: '81#' })).toEqual({ shown: SHARED });
    expect(await example.send(backend, 1)).toEqual({ status: 204, body: undefined });
    const again = buyer.call(SHARED);
    await type(again, '81#');
    await again.waitFor('ended');
    expect(seller.calls).toHaveLength(1);
    await backend.close();
  });
});

/** The token of the first caller who was put through about the piano, as the events of its session have it. */
async function callerOf(example: MaskingExample): Promise<string | undefined> {
  const maskline = new Maskline({ url: server.maskline.httpUrl, key: await server.key('events:read') });
  for await (const { id } of example.maskline.sessions.list({ externalId: '82' }))
    for await (const { data } of maskline.events.list({ subject: id, types: 'call.answered' }))
      if (typeof data.caller === 'string') return data.caller;
  return undefined;
}

test('its README names folders that are there', () => {
  for (const folder of ['push', 'pull'])
    expect(existsSync(fileURLToPath(new URL(`./${folder}/README.md`, import.meta.url)))).toBe(true);
});
