import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { totalPower } from '../../src/media/goertzel.ts';
import { readWav } from '../../src/media/wav.ts';
import type { IncomingCall } from '../../src/phone/incoming-call.ts';
import { ExampleServer } from '../../test/kit/example-server.ts';
import { type DeliveryBackend, startDeliveryBackend } from './backend.ts';

const SERVICE = '+442079460456';
const PROMPT = readWav(readFileSync(new URL('./confirm.wav', import.meta.url)));
const PROMPT_SECONDS = PROMPT.length / 8000;

let backend: DeliveryBackend;
let server: ExampleServer;
let key: string;
beforeAll(async () => {
  backend = await startDeliveryBackend({ host: '127.0.0.1', port: 0 });
  server = await ExampleServer.start('delivery');
  key = await server.key('scenarios:start', 'calls:read');
});
afterAll(async () => {
  await server.stop();
  await backend.close();
});

/** The command of README.md, with this server's address and key, and this backend's. */
function readmeRequest(): {
  url: string;
  init: { method: string; headers: Record<string, string>; body: string };
} {
  const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
  const command = /curl -X (\w+) (\S+)([\s\S]*?)-d '([^']+)'/.exec(readme)!;
  const [, method = '', url = '', options = '', body = ''] = command;
  const headers = [...options.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, name = '', value = '']) => [
    name.toLowerCase(),
    value.replace('$MASKLINE_KEY', key),
  ]);
  return {
    url: url.replace('http://127.0.0.1:8080', server.maskline.httpUrl),
    init: {
      method,
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: body.replace('http://127.0.0.1:8091', backend.url),
    },
  };
}

async function startCall(): Promise<{ status: number; body: { sessionId: string; call: string } }> {
  const { url, init } = readmeRequest();
  const response = await fetch(url, init);
  return { status: response.status, body: (await response.json()) as { sessionId: string; call: string } };
}

/** Mean square of what was heard, in pieces of 100 ms: which of them are speech. */
function spokenPieces(call: IncomingCall): number[] {
  const samples = call.rtp.heard.samples();
  return Array.from({ length: Math.floor(samples.length / 800) }, (_, i) => i).filter(
    (i) => totalPower(samples.subarray(i * 800, (i + 1) * 800)) > 50_000,
  );
}

describe('a delivery is confirmed by telephone', () => {
  test('the customer is rung by the service number, hears the prompt, presses 1; the shop is told once', async () => {
    const customer = await server.phone('customer', { answer: { ringAfterMs: 0, answerAfterMs: 100 } });
    const started = await startCall();
    expect(started.status).toBe(202);

    const incoming = await customer.nextCall();
    expect(incoming.shown.number).toBe(SERVICE);
    await incoming.waitFor('connected');
    await incoming.waitUntil(
      'the whole prompt',
      () => incoming.rtp.heard.seconds > PROMPT_SECONDS - 0.1,
      15_000,
    );
    const spoken = spokenPieces(incoming);
    // From its first word to its last; what the file has as silence at both ends is not speech.
    expect((spoken.at(-1)! - spoken[0]! + 1) / 10).toBeGreaterThan(PROMPT_SECONDS - 1);
    expect(spoken.length / 10).toBeGreaterThan(PROMPT_SECONDS / 2);

    expect(backend.confirmed).toEqual([]);
    incoming.rtp.pressKeys('1');
    await incoming.waitFor('ended');
    expect(incoming.end).toMatchObject({ by: 'remote', reason: 'BYE' });
    expect(backend.confirmed).toEqual(['17']);
    await server.expectIdle();
    await server.closedRecord();
    const response = await fetch(`${server.maskline.httpUrl}${started.body.call}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await response.json()).toMatchObject({ status: 'completed', scenario: 'confirm' });
  });

  test('[row 39] the same Idempotency-Key again: the same answer, and no phone rings twice', async () => {
    const customer = await server.phone('customer');
    const [first, again, ...more] = await Promise.all([startCall(), startCall(), startCall()]);
    const all = [first, again, ...more];
    for (const { status } of all) expect(status).toBe(202);
    expect(new Set(all.map(({ body }) => body.sessionId)).size).toBe(1);
    // Nothing has begun that could still ring.
    await server.expectIdle();
    expect(customer.calls).toEqual([]);
    expect(backend.confirmed).toEqual(['17']);
  });

  test('another key of the keypad confirms nothing', async () => {
    const customer = await server.phone('customer', { answer: { answerAfterMs: 0 } });
    const { url, init } = readmeRequest();
    const headers = { ...init.headers, 'idempotency-key': 'parcel-18' };
    const body = init.body.replace('"parcel": "17"', '"parcel": "18"');
    expect((await fetch(url, { ...init, headers, body })).status).toBe(202);
    const incoming = await customer.nextCall();
    await incoming.waitFor('connected');
    await incoming.waitUntil('the prompt', () => incoming.rtp.heard.seconds > 0.2);
    const sent = incoming.rtp.packetsSent;
    incoming.rtp.pressKeys('2');
    await incoming.waitUntil('the key is sent', () => incoming.rtp.packetsSent > sent + 10);
    incoming.hangup();
    await server.expectIdle();
    expect(backend.confirmed).toEqual(['17']);
  });
});
