import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebhookReceiver } from '../../test/kit/webhook-receiver.ts';
import { verify } from '../events/sign.ts';
import type { NewEvent } from '../events/types.ts';
import { createWorld, type World } from './test-support/world.ts';

let world: World;
let url: string;
beforeEach(async () => {
  world = await createWorld();
  url = await world.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => world.close());

const told = (subject: string, more: Partial<NewEvent> = {}): NewEvent => ({
  ...{ applicationId: world.applications.taxi, subject, type: 'call.started', at: Date.UTC(2026, 0, 1) },
  ...{ data: { callId: 'leg-1' }, ...more },
});
const tell = async (...events: NewEvent[]): Promise<void> => {
  await world.storage.events.append(events);
  world.storage.bell.ring();
};
const ask = async (
  headers: { authorization: string },
  path: string,
  options: { method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'; body?: object } = {},
) => {
  const { method = 'GET', body } = options;
  const answer = await world.app.inject({
    method,
    url: path,
    headers,
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
};

describe('GET /v1/events', () => {
  it('shows what happened in order, and goes on by cursor', async () => {
    const key = await world.key(['events:read'], 'taxi');
    const now = await ask(key, '/v1/events?from=now');
    expect(now.body.items).toEqual([]);
    await tell(
      told('a'),
      told('b', { type: 'call.ended' }),
      told('x', { applicationId: world.applications.delivery }),
    );
    const first = await ask(key, '/v1/events?limit=1');
    expect(first.body.items).toEqual([
      {
        ...{
          id: expect.stringMatching(/^evt_/),
          type: 'call.started',
          timestamp: '2026-01-01T00:00:00.000Z',
        },
        ...{ application: world.applications.taxi, subject: 'a', position: 1, data: { callId: 'leg-1' } },
        cursor: first.body.cursor,
      },
    ]);
    const second = await ask(key, `/v1/events?cursor=${first.body.cursor}`);
    expect(second.body.items.map(({ subject }: { subject: string }) => subject)).toEqual(['b']);
    expect((await ask(key, `/v1/events?cursor=${now.body.cursor}`)).body.items).toHaveLength(2);
    expect((await ask(key, '/v1/events?types=call.ended,call.refused')).body.items).toHaveLength(1);
    expect((await ask(key, '/v1/events?subject=a')).body.items).toHaveLength(1);
    const all = await world.key(['events:read']);
    expect((await ask(all, '/v1/events')).body.items).toHaveLength(3);
    expect((await ask(all, '/v1/events?application=delivery')).body.items).toHaveLength(1);
  });

  it("refuses what is no filter, another tenant's cursor, and keys without the scope", async () => {
    const key = await world.key(['events:read'], 'taxi');
    const other = await world.key(['events:read'], 'delivery');
    await tell(told('a'));
    const { cursor } = (await ask(key, '/v1/events')).body;
    expect(await ask(other, `/v1/events?cursor=${cursor}`)).toMatchObject({
      status: 400,
      body: { code: 'request/cursor', fields: [{ name: 'query/cursor' }] },
    });
    const { body: webhook } = await ask(await world.key('all', 'taxi'), '/v1/webhooks', {
      method: 'POST',
      body: { url: 'https://customer.example/events' },
    });
    const webhooks = await world.key(['webhooks:write'], 'taxi');
    const place = `/v1/webhooks/${webhook.id}`;
    expect(await ask(webhooks, `${place}/deliveries?cursor=${cursor}`)).toMatchObject({
      status: 400,
      body: { fields: [{ name: 'query/cursor' }] },
    });
    expect(
      await ask(webhooks, `${place}/replay`, { method: 'POST', body: { cursor: 'AAAA' } }),
    ).toMatchObject({ status: 400, body: { fields: [{ name: 'body/cursor' }] } });
    const stream = await world.app.inject({
      url: '/v1/events/stream',
      headers: { ...other, 'last-event-id': cursor },
    });
    expect(stream.json()).toMatchObject({ status: 400, fields: [{ name: 'headers/last-event-id' }] });
    expect(await ask(key, '/v1/events?types=call.nothing')).toMatchObject({
      status: 400,
      body: { fields: [{ name: 'query/types' }] },
    });
    expect((await ask(key, '/v1/events?application=delivery')).status).toBe(404);
    expect((await ask(await world.key(['calls:read']), '/v1/events')).status).toBe(403);
  });
});

/** A stream that is read as it comes. */
class Stream {
  text = '';
  status = 0;
  ended = false;
  readonly #request;

  constructor(path: string, headers: Record<string, string>) {
    this.#request = get(url + path, { headers }, (response) => {
      this.status = response.statusCode ?? 0;
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        this.text += part;
      });
      response.on('close', () => {
        this.ended = true;
      });
    });
    this.#request.on('error', () => {
      this.ended = true;
    });
  }

  get subjects(): string[] {
    return [...this.text.matchAll(/^data: (.+)$/gm)].map(([, json]) => JSON.parse(json!).subject);
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '';
  }

  close(): void {
    this.#request.destroy();
  }
}

const until = async (what: () => unknown): Promise<void> => {
  await vi.waitFor(what, { timeout: 10_000, interval: 20 });
};

describe('GET /v1/events/stream', () => {
  it('tells what happens from now on, and what was missed to who comes back with the last id', async () => {
    const key = await world.key(['events:read'], 'taxi');
    await tell(told('before'));
    const stream = new Stream('/v1/events/stream', key);
    await until(() => expect(stream.lastId).not.toBe(''));
    await tell(told('a'), told('x', { applicationId: world.applications.delivery }), told('b'));
    await until(() => expect(stream.subjects).toEqual(['a', 'b']));
    const { lastId } = stream;
    stream.close();
    // Another node writes: no bell rings here.
    await world.storage.events.append([told('missed')]);
    const again = new Stream('/v1/events/stream?types=call.started', { ...key, 'last-event-id': lastId });
    await until(() => expect(again.subjects).toEqual(['missed']));
    await world.storage.events.append([told('quiet')]);
    await until(() => expect(again.subjects).toEqual(['missed', 'quiet']));
    again.close();
  });

  it('refuses a cursor that is not one of the reader, and ends when the node stops', async () => {
    const key = await world.key(['events:read'], 'taxi');
    const other = await ask(await world.key(['events:read'], 'delivery'), '/v1/events?from=now');
    const refused = new Stream(`/v1/events/stream?cursor=${other.body.cursor}`, key);
    await until(() => expect([refused.status, refused.ended]).toEqual([400, true]));
    const stream = new Stream('/v1/events/stream', key);
    await until(() => expect(stream.lastId).not.toBe(''));
    await world.app.close();
    await until(() => expect(stream.ended).toBe(true));
  });

  it('the node carries fifty, and takes another when one has gone', async () => {
    const key = await world.key(['events:read'], 'taxi');
    const streams = Array.from({ length: 50 }, () => new Stream('/v1/events/stream', key));
    await until(() => expect(streams.every(({ lastId }) => lastId !== '')).toBe(true));
    const refused = new Stream('/v1/events/stream', key);
    await until(() => expect([refused.status, refused.ended]).toEqual([503, true]));
    streams[0]?.close();
    await until(async () => {
      const next = new Stream('/v1/events/stream', key);
      await until(() => expect(next.status).not.toBe(0));
      streams.push(next);
      expect(next.status).toBe(200);
    });
    for (const stream of streams) stream.close();
  });
});

describe('webhooks over the API', () => {
  it('are made, changed, tested, rotated and removed', async () => {
    const key = await world.key(['webhooks:write'], 'taxi');
    const receiver = await WebhookReceiver.start();
    const made = await ask(key, '/v1/webhooks', {
      method: 'POST',
      body: { url: receiver.url, types: ['call.ended'] },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        application: world.applications.taxi,
        url: receiver.url,
        types: ['call.ended'],
        enabled: true,
        failures: 0,
      },
    });
    const { secret, ...webhook } = made.body;
    const path = `/v1/webhooks/${webhook.id}`;
    expect((await ask(key, '/v1/webhooks')).body).toEqual({ items: [webhook] });
    expect((await ask(key, path)).body).toEqual(webhook);
    const tested = await ask(key, `${path}/test`, { method: 'POST' });
    expect(tested.body).toEqual({ delivered: true, status: 204, milliseconds: expect.any(Number) });
    const [message] = receiver.received;
    expect(message?.event).toMatchObject({ type: 'webhook.test', id: message?.headers['webhook-id'] });
    const rotated = await ask(key, `${path}/rotate-secret`, { method: 'POST' });
    await ask(key, `${path}/test`, { method: 'POST' });
    for (const one of [secret, rotated.body.secret]) {
      const { headers, body } = receiver.received[1]!;
      expect(verify(headers, body, [one], Date.now())).toBe(true);
    }
    receiver.answer = () => 500;
    expect((await ask(key, `${path}/test`, { method: 'POST' })).body).toMatchObject({
      ...{ delivered: false, status: 500, error: 'it answered 500' },
    });
    const changed = await ask(key, path, { method: 'PATCH', body: { enabled: false, types: [] } });
    expect(changed.body).toEqual({ ...webhook, enabled: false, types: [] });
    expect((await ask(key, path, { method: 'DELETE' })).status).toBe(204);
    expect(await ask(key, path)).toMatchObject({ status: 404, body: { code: 'webhook/unknown' } });
    expect(world.logged.join('')).not.toMatch(/whsec_/);
    await receiver.close();
  });

  it('deliveries are listed and replayed', async () => {
    const key = await world.key(['webhooks:write', 'events:read'], 'taxi');
    const { id } = (await ask(key, '/v1/webhooks', { method: 'POST', body: { url: 'https://example.com' } }))
      .body;
    await tell(told('a'), told('a'));
    const { items, next } = (await ask(key, `/v1/webhooks/${id}/deliveries?limit=1&state=waiting`)).body;
    expect(items).toEqual([
      {
        ...{ id: expect.any(String), state: 'waiting', attempts: 0, nextAt: expect.any(String) },
        event: expect.objectContaining({ subject: 'a', position: 2 }),
      },
    ]);
    const rest = await ask(key, `/v1/webhooks/${id}/deliveries?cursor=${next}`);
    expect(rest.body.items).toHaveLength(1);
    const log = (await ask(key, '/v1/events')).body;
    const replay = async (body: object) =>
      await ask(key, `/v1/webhooks/${id}/replay`, { method: 'POST', body });
    // Both wait already.
    expect(await replay({ event: log.items[0].id })).toEqual({ status: 202, body: { queued: 0 } });
    const later = (await ask(key, '/v1/webhooks', { method: 'POST', body: { url: 'https://example.com/2' } }))
      .body;
    const replayed = await ask(key, `/v1/webhooks/${later.id}/replay`, {
      method: 'POST',
      body: { cursor: log.items[0].cursor },
    });
    expect(replayed).toEqual({ status: 202, body: { queued: 1 } });
    for (const bad of [
      {},
      { cursor: 'AAAA' },
      { event: 'x' },
      { event: log.items[0].id, cursor: log.cursor },
    ])
      expect((await replay(bad)).status).toBe(400);
  });

  it("another tenant's webhook is not there", async () => {
    const own = await world.key(['webhooks:write'], 'taxi');
    const other = await world.key(['webhooks:write'], 'delivery');
    const { id } = (await ask(own, '/v1/webhooks', { method: 'POST', body: { url: 'https://example.com' } }))
      .body;
    const path = `/v1/webhooks/${id}`;
    const event = `evt_${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`;
    const tries = [
      ask(other, path),
      ask(other, path, { method: 'PATCH', body: { enabled: false } }),
      ask(other, path, { method: 'DELETE' }),
      ask(other, `${path}/rotate-secret`, { method: 'POST' }),
      ask(other, `${path}/deliveries`),
      ask(other, `${path}/replay`, { method: 'POST', body: { event } }),
      ask(other, `${path}/test`, { method: 'POST' }),
    ];
    expect((await Promise.all(tries)).map(({ status }) => status)).toEqual(tries.map(() => 404));
    expect((await ask(other, '/v1/webhooks')).body.items).toEqual([]);
    expect((await ask(await world.key(['events:read'], 'taxi'), path)).status).toBe(403);
  });

  it('refuses what is no URL, has credentials, or could not be called', async () => {
    const key = await world.key(['webhooks:write'], 'taxi');
    for (const bad of [
      ...['ftp://example.com/', 'https://user:pass@example.com/', 'https://example.com/#part', ''],
      ...['https://example.com:99999/', 'https://exa mple.com/', 'javascript:alert(1)', '//example.com'],
    ]) {
      const { status, body } = await ask(key, '/v1/webhooks', { method: 'POST', body: { url: bad } });
      expect([bad, status, body.fields?.[0]?.name]).toEqual([bad, 400, 'body/url']);
    }
    expect((await ask(key, '/v1/webhooks')).body.items).toEqual([]);
  });

  it('an application has twenty at most, and types are of the list', async () => {
    const key = await world.key(['webhooks:write'], 'taxi');
    const make = async (body: object) => await ask(key, '/v1/webhooks', { method: 'POST', body });
    expect((await make({ url: 'https://example.com', types: ['call.nothing'] })).status).toBe(400);
    for (let n = 0; n < 20; n++) expect((await make({ url: 'https://example.com' })).status).toBe(201);
    expect(await make({ url: 'https://example.com' })).toMatchObject({
      status: 409,
      body: { code: 'webhook/too-many' },
    });
  });
});
