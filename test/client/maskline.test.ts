// Every method of the client, once, on a real node.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Maskline } from '../../clients/typescript/src/index.ts';
import { SCOPES } from '../../src/http/ports.ts';
import { ExampleServer } from '../kit/example-server.ts';
import { WebhookReceiver } from '../kit/webhook-receiver.ts';

const DRIVER = { number: '+447700900101', role: 'driver' };
const PASSENGER = { number: '+447700900202', role: 'passenger' };
const PARTIES = [DRIVER, PASSENGER];
const WHOSE = { application: 'taxi' };

/** Group → methods that were called. */
const called = new Map<string, Set<string>>();
const groupsOf = (client: Maskline): [string, object][] =>
  Object.entries(client).filter((entry): entry is [string, object] => typeof entry[1] === 'object');

let server: ExampleServer;
let maskline: Maskline;
beforeAll(async () => {
  server = await ExampleServer.start('taxi', { file: 'masking.yaml' });
  maskline = new Maskline({ url: server.maskline.httpUrl, key: await server.key(...SCOPES) });
  for (const [name, group] of groupsOf(maskline)) {
    const methods = new Set<string>();
    called.set(name, methods);
    const watched = new Proxy(group, {
      get: (target, property) => {
        methods.add(String(property));
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    Object.assign(maskline, { [name]: watched });
  }
});
afterAll(() => server.stop());

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('the client', () => {
  test('sessions', async () => {
    const { sessions } = maskline;
    const made = await sessions.create({ ...WHOSE, externalId: 'o1', parties: PARTIES, maxCalls: 3 });
    expect(made).toMatchObject({ mode: 'axb', status: 'open', parties: PARTIES });
    expect(await sessions.get(made.id)).toEqual(made);
    const found = await all(sessions.search({ number: PASSENGER.number, limit: 1 }));
    expect(found).toEqual([made]);
    expect(await all(sessions.list({ externalId: 'o1' }))).toEqual([made]);
    expect(await sessions.change(made.id, { maxCalls: null, extendSeconds: 60 })).not.toHaveProperty(
      'maxCalls',
    );
    const other = await sessions.changeParty(made.id, made.parties[1]!.id, { number: '+447700900203' });
    expect(other.parties.map(({ number }) => number)).toEqual([DRIVER.number, '+447700900203']);
    expect(await sessions.close(made.id)).toMatchObject({ status: 'closed', closedReason: 'asked' });

    const many = await sessions.createMany({
      ...WHOSE,
      sessions: [{ parties: PARTIES }, { parties: [DRIVER, DRIVER] }],
    });
    expect(many).toMatchObject({ succeeded: 1, failed: 1 });
    expect(many.items[1]?.problem).toMatchObject({ code: 'masking/party-invalid' });
    const id = many.items[0]!.session!.id;
    expect(await sessions.closeMany([id])).toMatchObject({ succeeded: 1, failed: 0 });
    expect(await sessions.delete(id)).toBeUndefined();
    await expect(sessions.get(id)).rejects.toMatchObject({ status: 404, code: 'masking/unknown-session' });
  });

  test('a search has as many pages as it needs, with its cursor in the body', async () => {
    const made = await maskline.sessions.createMany({
      ...WHOSE,
      sessions: ['+447700900301', '+447700900302', '+447700900303'].map((number) => ({
        parties: [{ number }, { number: '+447700900300' }],
      })),
    });
    // Two numbers, so that of one person three sessions have no room.
    expect(made).toMatchObject({ succeeded: 2, failed: 1 });
    const found = await all(maskline.sessions.search({ number: '+447700900300', limit: 1 }));
    expect(found).toHaveLength(2);
  });

  test('numbers', async () => {
    const { numbers } = maskline;
    expect(await numbers.putPool('vip', { coolOffSeconds: 60 }, WHOSE)).toMatchObject({
      name: 'vip',
      sharing: false,
    });
    expect((await all(numbers.pools(WHOSE))).map(({ name }) => name).sort()).toEqual(['default', 'vip']);
    const [number] = await all(numbers.list({ ...WHOSE, kind: 'service' }));
    expect(await numbers.change(number!.id, { pool: 'vip', tags: ['gold'] })).toMatchObject({
      pool: 'vip',
      tags: ['gold'],
    });
    expect(await numbers.deletePool('vip', WHOSE)).toBeUndefined();
    expect((await all(numbers.list(WHOSE))).map(({ pool }) => pool)).toEqual(['default', 'default']);
    const orders = [{ a: 'driver', b: 'passenger', start: 0, end: 60 }];
    expect(await numbers.plan({ orders })).toMatchObject({ numbers: 1, lowerBound: 1 });
  });

  test('blocks', async () => {
    const { blocks } = maskline;
    const block = await blocks.add({ ...WHOSE, number: DRIVER.number, direction: 'from' });
    expect(await all(blocks.list(WHOSE))).toEqual([block]);
    expect(await blocks.remove(block.id)).toBeUndefined();
    expect(await all(blocks.list())).toEqual([]);
  });

  test('policy', async () => {
    const { policy } = maskline;
    expect(await policy.set({ attemptsPerHour: 5 }, WHOSE)).toMatchObject({ attemptsPerHour: 5 });
    expect(await policy.get(WHOSE)).toMatchObject({ attemptsPerHour: 5, menuEntries: 5 });
    const fresh = await policy.rotateSecret(WHOSE);
    expect((await policy.secrets(WHOSE))[0]).toBe(fresh);
    const told = await policy.explain({ ...WHOSE, from: '+447700900999', to: '+442079460123' });
    expect(told.decision).toMatchObject({ kind: 'reject', reason: 'unknown-caller' });
    await expect(policy.set({ menuEntries: 99 }, WHOSE)).rejects.toMatchObject({
      status: 400,
      fields: [{ name: 'body/menuEntries' }],
    });
  });

  test('events and webhooks', async () => {
    const { events, webhooks, sessions } = maskline;
    const receiver = await WebhookReceiver.start();
    onTestFinished(() => receiver.close());
    const webhook = await webhooks.create({
      ...WHOSE,
      url: receiver.url,
      types: ['masking_session.created'],
    });
    expect(await webhooks.get(webhook.id)).toMatchObject({ url: receiver.url, enabled: true });
    expect((await all(webhooks.list())).map(({ id }) => id)).toEqual([webhook.id]);
    expect(await webhooks.test(webhook.id)).toMatchObject({ delivered: true });
    const before = (await all(events.list())).at(-1)!.cursor;

    const stop = new AbortController();
    const stream = events.stream(
      { types: 'masking_session.created' },
      { cursor: before, signal: stop.signal },
    );
    const made = await sessions.create({
      ...WHOSE,
      parties: [{ number: '+447700900777' }, { number: '+447700900778' }],
    });
    const { value: event } = await stream.next();
    expect(event).toMatchObject({ type: 'masking_session.created', subject: made.id, position: 1 });
    stop.abort();
    expect(await stream.next()).toEqual({ done: true, value: undefined });

    await expect
      .poll(() => all(webhooks.deliveries(webhook.id)), { timeout: 15_000 })
      .toMatchObject([{ state: 'delivered', event: { id: event!.id } }]);
    expect(await webhooks.replay(webhook.id, { event: event!.id })).toBe(1);
    expect(await webhooks.rotateSecret(webhook.id)).toMatch(/^whsec_/);
    expect(await webhooks.change(webhook.id, { enabled: false })).toMatchObject({ enabled: false });
    expect(await webhooks.remove(webhook.id)).toBeUndefined();
  });

  test('privacy', async () => {
    const { privacy } = maskline;
    const receipt = await privacy.erase({ ...WHOSE, number: '+447700900777' });
    expect(receipt.removed).not.toEqual({});
    expect(await privacy.receipt(receipt.id)).toMatchObject({ id: receipt.id });
    expect((await all(privacy.audit())).length).toBeGreaterThan(0);
  });

  test('any other operation, by its name', async () => {
    expect(await maskline.request('getNode', {})).toMatchObject({ draining: false, calls: 0 });
    const users = await all(maskline.each('listUsers', {}));
    expect(users).toHaveLength(2);
  });

  test('has no method that no test here has called', () => {
    for (const [name, group] of groupsOf(new Maskline({ url: 'https://example.com', key: 'k' }))) {
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(group)).filter(
        (one) => one !== 'constructor',
      );
      expect([...called.get(name)!].sort(), name).toEqual(methods.sort());
    }
  });
});
