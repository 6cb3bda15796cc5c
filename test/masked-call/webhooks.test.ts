import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createKey } from '../../src/cli/keys.ts';
import { verify } from '../../src/events/sign.ts';
import { WebhookReceiver } from '../kit/webhook-receiver.ts';
import { DRIVER, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

let server: WholeServer;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  server = await WholeServer.start();
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

test('a call is told to webhooks, the stream and the log alike, without a number', async () => {
  const { storage, httpUrl } = server.maskline;
  const { secret } = await createKey(storage, { name: 'test', scopes: ['events:read', 'webhooks:write'] });
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const made = await fetch(`${httpUrl}/v1/webhooks`, {
    ...{ method: 'POST', headers },
    body: JSON.stringify({ url: receiver.url }),
  });
  const webhook = (await made.json()) as { secret: string };
  const stream = await fetch(`${httpUrl}/v1/events/stream`, { headers });
  let streamed = '';
  const reading = (async (): Promise<void> => {
    for await (const part of stream.body!.pipeThrough(new TextDecoderStream())) streamed += part;
  })();

  const driver = await server.phone('driver');
  const passenger = await server.phone('passenger', { answer: { answerAfterMs: 50 } });
  const outgoing = driver.call(SERVICE);
  const incoming = await passenger.nextCall();
  await Promise.all([outgoing.waitFor('connected'), incoming.waitFor('connected')]);
  await outgoing.waitUntil('sound of the passenger', () => outgoing.rtp.heard.seconds > 0.3);
  outgoing.hangup();
  await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  const record = await server.closedRecord();
  expect(record.recordings).toHaveLength(1);

  // Two legs with three events each, and the recording.
  await vi.waitFor(() => expect(receiver.received).toHaveLength(7), { timeout: 10_000 });
  await vi.waitFor(() => expect(streamed.match(/^data: /gm)).toHaveLength(7), { timeout: 10_000 });
  const log = (await (await fetch(`${httpUrl}/v1/events`, { headers })).json()) as {
    items: { id: string; type: string; position: number; cursor: string }[];
  };
  expect(receiver.received.map(({ event }) => event.position)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const views = log.items.map(({ cursor: _, ...view }) => view);
  expect(receiver.received.map(({ event }) => event)).toEqual(views);
  expect([...streamed.matchAll(/^data: (.+)$/gm)].map(([, json]) => JSON.parse(json!))).toEqual(views);
  expect(views.map(({ type }) => type).sort()).toEqual([
    ...['call.answered', 'call.answered', 'call.ended', 'call.ended', 'call.started', 'call.started'],
    'recording.completed',
  ]);
  for (const { event, headers: got, body } of receiver.received) {
    expect(event).toMatchObject({ subject: record.id, data: { sessionId: record.id } });
    expect(verify(got, body, [webhook.secret], Date.now())).toBe(true);
    for (const number of [DRIVER, PASSENGER, SERVICE]) expect(body).not.toContain(number.slice(-7));
  }

  // The node stops although somebody listens.
  await server.stop();
  await reading;
});
