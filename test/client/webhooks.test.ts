// The receiver's half of Standard Webhooks, against the node's own signatures.
import { describe, expect, test } from 'vitest';
import { SignatureError, verifySigned } from '../../clients/typescript/src/index.ts';
import { newSecret, sign } from '../../src/events/sign.ts';
import { systemRandom } from '../../src/kernel/random.ts';

const NOW = Date.parse('2026-11-22T20:00:00Z');
const secret = newSecret(systemRandom);
const body = '{"type":"call.ended","label":"Заказ 4711"}';
const message = { id: 'evt_1', at: NOW, body };
const headers = sign(message, [secret]);

describe('verifySigned', () => {
  test('gives the id and the parsed body, from headers of Node and of fetch, from text and bytes', async () => {
    const expected = { id: 'evt_1', body: JSON.parse(body) };
    const bytes = new TextEncoder().encode(body);
    for (const given of [headers, new Headers(headers)]) {
      expect(await verifySigned({ body, headers: given }, { secret, now: NOW })).toEqual(expected);
      expect(await verifySigned({ body: bytes, headers: given }, { secret, now: NOW })).toEqual(expected);
    }
  });

  test('while a secret is changed, either will do on either side', async () => {
    const next = newSecret(systemRandom);
    const both = sign(message, [next, secret]);
    for (const one of [secret, next, [next, secret]])
      expect(await verifySigned({ body, headers: both }, { secret: one, now: NOW })).toMatchObject({
        id: 'evt_1',
      });
    expect(await verifySigned({ body, headers }, { secret: [next, secret], now: NOW })).toMatchObject({
      id: 'evt_1',
    });
  });

  const refused = (request: Parameters<typeof verifySigned>[0], now = NOW): Promise<unknown> =>
    expect(verifySigned(request, { secret, now })).rejects.toBeInstanceOf(SignatureError);

  test('refuses another body, id, time, secret, version', async () => {
    await refused({ body: `${body} `, headers });
    await refused({ body, headers: { ...headers, 'webhook-id': 'evt_2' } });
    await refused({ body, headers: { ...headers, 'webhook-timestamp': String(NOW / 1000 + 1) } });
    await refused({ body, headers: sign(message, [newSecret(systemRandom)]) });
    const signature = headers['webhook-signature'].replace('v1,', 'v2,');
    await refused({ body, headers: { ...headers, 'webhook-signature': signature } });
  });

  test('refuses what is older or newer than five minutes', async () => {
    await refused({ body, headers }, NOW + 301_000);
    await refused({ body, headers }, NOW - 301_000);
    expect(await verifySigned({ body, headers }, { secret, now: NOW + 300_000 })).toMatchObject({
      id: 'evt_1',
    });
  });

  test('refuses nonsense in place of each header, and their absence', async () => {
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'])
      for (const value of [undefined, '', 'x', 'v1,', 'v1,A', 'v1,===', ['a', 'b']])
        await refused({ body, headers: { ...headers, [name]: value } });
  });

  test('a secret that is none is the receiver’s own mistake, and says so without it', async () => {
    const wrong = verifySigned({ body, headers }, { secret: 'whsec_not/base64!', now: NOW });
    await expect(wrong).rejects.toThrow(
      new TypeError('The secret is not one of Maskline: they begin with whsec_.'),
    );
  });
});
