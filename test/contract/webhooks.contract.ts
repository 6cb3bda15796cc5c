import { type Kysely, sql } from 'kysely';
import { Webhook as Reference } from 'standardwebhooks';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Dispatcher } from '../../src/events/dispatcher.ts';
import type { ClaimedDelivery } from '../../src/events/ports.ts';
import type { NewEvent } from '../../src/events/types.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { webhookHttp } from '../../src/node/webhooks.ts';
import { InvalidCursor } from '../../src/records/ports.ts';
import { type OpenDatabase, openDatabase } from '../../src/storage/database.ts';
import { SqlEventStore } from '../../src/storage/event-store.ts';
import { parseKeyRing } from '../../src/storage/key-ring.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { SqlOutbox } from '../../src/storage/outbox.ts';
import type { Schema } from '../../src/storage/schema.ts';
import { Vault } from '../../src/storage/vault.ts';
import { SqlWebhookStore } from '../../src/storage/webhook-store.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { WebhookReceiver } from '../kit/webhook-receiver.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

const told = (subject: string, more: Partial<NewEvent> = {}): NewEvent => ({
  ...{ applicationId: 'taxi', subject, type: 'call.started', at: NOW, data: {} },
  ...more,
});

/** What webhooks, their outbox and its dispatcher must do, whichever database is below. */
export function webhooksContract(name: string, places: StoragePlaces): void {
  describe(`webhooks on ${name}`, () => {
    let database: OpenDatabase;
    let db: Kysely<Schema>;
    let clock: VirtualClock;
    let events: SqlEventStore;
    let webhooks: SqlWebhookStore;
    let outbox: SqlOutbox;
    const receivers: WebhookReceiver[] = [];
    const dispatchers: Dispatcher[] = [];
    const http = webhookHttp(['127.0.0.1'], systemClock);

    const receiver = async (): Promise<WebhookReceiver> => {
      const one = await WebhookReceiver.start();
      receivers.push(one);
      return one;
    };
    const hook = async (url: string, types: NewEvent['type'][] = [], applicationId = 'taxi') =>
      await webhooks.create({ applicationId, url, types });
    const dispatch = (node = 'node-1', way = http): Dispatcher => {
      const more = { outbox, http: way, node, parallel: 16, perWebhook: 4 };
      const one = new Dispatcher({ ...more, clock: systemClock, random: systemRandom, log: silentLogger });
      dispatchers.push(one);
      one.start();
      return one;
    };
    const claim = async (node = 'node-1', leaseMs = 60_000): Promise<readonly ClaimedDelivery[]> =>
      await outbox.claim({ node, most: 100, leaseMs, perWebhook: 100, busy: new Map() });
    const briefly = (claimed: readonly ClaimedDelivery[]): string[] =>
      claimed.map(({ event }) => `${event.subject} ${event.position}`).sort();
    const failure = { status: 500, error: 'it answered 500', gone: false };
    /** As if the time had come. */
    const letTimePass = async (): Promise<void> => {
      await sql`update webhook_deliveries set next_at = now() where state = 'waiting'`.execute(db);
      await sql`update webhooks set paused_until = null`.execute(db);
    };
    const states = async (webhookId: string): Promise<string[]> => {
      const page = await webhooks.deliveries(webhookId, 'taxi', { limit: 100 });
      return (page?.items ?? [])
        .map(({ state, attempts, lastStatus }) => `${state} ${attempts} ${lastStatus}`)
        .reverse();
    };
    const until = async (what: () => unknown): Promise<void> => {
      await vi.waitFor(what, { timeout: 10_000, interval: 20 });
    };

    beforeEach(async () => {
      const place = await places.fresh();
      const { dataFolder, databaseUrl } = place;
      database = await openDatabase({ dataFolder, databaseUrl, random: systemRandom, log: silentLogger });
      db = database.db;
      await migrate(db);
      await db
        .insertInto('applications')
        .values(['taxi', 'food'].map((id) => ({ id, name: id, provenance: 'api' as const })))
        .execute();
      const key = Buffer.from(systemRandom.bytes(32)).toString('base64');
      const vault = new Vault(parseKeyRing(`k1:${key}`), systemRandom);
      clock = new VirtualClock(NOW);
      events = new SqlEventStore(db, systemRandom);
      webhooks = new SqlWebhookStore(db, { vault, random: systemRandom, clock });
      outbox = new SqlOutbox(db, vault, clock);
    });
    afterEach(async () => {
      for (const one of dispatchers.splice(0)) await one.close(5_000);
      for (const one of receivers.splice(0)) await one.close();
      await database.close();
    });
    afterAll(async () => {
      http.close();
      await places.close();
    });

    it('are made, listed, changed and removed, by their own application', async () => {
      const { webhook, secret } = await hook('https://example.com/a', ['call.ended']);
      expect(webhook).toMatchObject({
        applicationId: 'taxi',
        types: ['call.ended'],
        enabled: true,
        createdAt: NOW,
      });
      expect(secret).toMatch(/^whsec_/);
      expect(await webhooks.list('taxi')).toEqual([webhook]);
      expect(await webhooks.list('food')).toEqual([]);
      expect(await webhooks.list(undefined)).toEqual([webhook]);
      expect(await webhooks.change(webhook.id, 'food', { enabled: false })).toBeUndefined();
      expect(await webhooks.rotateSecret(webhook.id, 'food')).toBeUndefined();
      expect(await webhooks.deliveries(webhook.id, 'food', { limit: 1 })).toBeUndefined();
      expect(await webhooks.replay(webhook.id, 'food', { eventId: 'evt_1' })).toBeUndefined();
      expect(await webhooks.target(webhook.id, 'food')).toBeUndefined();
      expect(await webhooks.remove(webhook.id, 'food')).toBe(false);
      const changed = await webhooks.change(webhook.id, 'taxi', {
        enabled: false,
        types: [],
        url: 'https://example.com/b',
      });
      expect(changed).toEqual({ ...webhook, enabled: false, types: [], url: 'https://example.com/b' });
      expect(await webhooks.change(webhook.id, 'taxi', {})).toEqual(changed);
      expect(await webhooks.remove(webhook.id, 'taxi')).toBe(true);
      expect(await webhooks.list(undefined)).toEqual([]);
    });

    it('secrets are sealed; a new one signs first, and the old one for a day more', async () => {
      const { webhook, secret } = await hook('https://example.com');
      const second = await webhooks.rotateSecret(webhook.id, 'taxi');
      const secrets = async () => (await webhooks.target(webhook.id, 'taxi'))?.secrets;
      expect(await secrets()).toEqual([second, secret]);
      await clock.advance(DAY_MS - 1);
      expect(await secrets()).toEqual([second, secret]);
      await clock.advance(1);
      expect(await secrets()).toEqual([second]);
      const third = await webhooks.rotateSecret(webhook.id, 'taxi');
      expect(await secrets()).toEqual([third, second]);
      const { rows } = await sql<{ text: string }>`select w::text as text from webhooks w`.execute(db);
      expect(rows[0]?.text).not.toContain(secret.slice(6, 20));
    });

    it('the outbox hands out the first of each subject, once', async () => {
      await hook('https://example.com');
      await events.append([told('a'), told('b'), told('a'), told('a')]);
      const first = await claim();
      expect(briefly(first)).toEqual(['a 1', 'b 1']);
      expect(await claim('node-2')).toEqual([]);
      const [a1, b1] = [...first].sort((x, y) => x.event.subject.localeCompare(y.event.subject)) as [
        ClaimedDelivery,
        ClaimedDelivery,
      ];
      await outbox.delivered([{ id: a1.id, claim: a1.claim, status: 204 }]);
      const second = await claim('node-2');
      expect(briefly(second)).toEqual(['a 2']);
      // What is behind one that failed waits for it, and goes on when it is given up.
      await outbox.failed(second[0]!.id, second[0]!.claim, { ...failure, againInMs: 60_000 });
      await outbox.failed(b1.id, b1.claim, { ...failure, againInMs: undefined });
      expect(await claim()).toEqual([]);
      await letTimePass();
      const third = await claim();
      expect(briefly(third)).toEqual(['a 2']);
      expect(third[0]?.attempts).toBe(1);
      await outbox.failed(third[0]!.id, third[0]!.claim, { ...failure, againInMs: undefined });
      expect(briefly(await claim())).toEqual(['a 3']);
    });

    it('hundreds that are behind others do not hide what comes after them', async () => {
      await hook('https://example.com');
      await events.append(Array.from({ length: 450 }, () => told('deep')));
      await events.append([told('later')]);
      const [deep, ...others] = await claim();
      expect([deep?.event.subject, others]).toEqual(['deep', []]);
      const seen: string[] = [];
      for (let looks = 0; looks < 4; looks++) seen.push(...briefly(await claim('node-2')));
      expect(seen).toEqual(['later 1']);
      await outbox.delivered([{ id: deep!.id, claim: deep!.claim, status: 200 }]);
      expect(briefly(await claim())).toEqual(['deep 2']);
    });

    it('who has lost a claim changes nothing', async () => {
      const { webhook } = await hook('https://example.com');
      await events.append([told('a'), told('a')]);
      const [lost] = await claim('node-1', 0);
      // The lease is over at once: another node has it now.
      const [kept] = await claim('node-2');
      expect(kept?.id).toBe(lost?.id);
      await outbox.delivered([{ id: lost!.id, claim: lost!.claim, status: 204 }]);
      await outbox.failed(lost!.id, lost!.claim, { ...failure, againInMs: undefined });
      expect(await states(webhook.id)).toEqual(['waiting 0 undefined', 'waiting 0 undefined']);
      expect(await outbox.release('node-1')).toBe(0);
      expect(await outbox.release('node-2')).toBe(1);
      expect(briefly(await claim())).toEqual(['a 1']);
    });

    it('an endpoint that fails again and again is left alone, then tried with one at a time', async () => {
      const { webhook } = await hook('https://example.com');
      await events.append(Array.from({ length: 9 }, (_, n) => told(`s${n}`)));
      for (const one of (await claim()).slice(0, 5))
        await outbox.failed(one.id, one.claim, { ...failure, againInMs: 0 });
      await outbox.release('node-1');
      expect(await claim()).toEqual([]);
      const [paused] = await webhooks.list('taxi');
      expect(paused).toMatchObject({ id: webhook.id, failures: 5, pausedUntil: expect.any(Number) });
      await letTimePass();
      const [probe, ...others] = await claim();
      expect(others).toEqual([]);
      await outbox.delivered([{ id: probe!.id, claim: probe!.claim, status: 200 }]);
      expect((await webhooks.list('taxi'))[0]).toMatchObject({ failures: 0, pausedUntil: undefined });
      expect((await claim()).length).toBe(8);
    });

    it('an endpoint that asks for time gets it, whatever else there is to deliver, but no longer than the day has', async () => {
      const server = await receiver();
      server.answer = () => ({ status: 429, headers: { 'retry-after': '7200' } });
      const { webhook } = await hook(server.url);
      await events.append([told('a')]);
      dispatch();
      await until(async () => expect(await states(webhook.id)).toEqual(['waiting 1 429']));
      const waits = async (what: string): Promise<number> => {
        const { rows } = await sql<{ minutes: number }>`
          select extract(epoch from max(${sql.raw(what)}) - now())::float8 / 60 as minutes
            from webhooks w join webhook_deliveries d on d.webhook_id = w.id where w.id = ${webhook.id}`.execute(
          db,
        );
        return Math.round(rows[0]?.minutes ?? 0);
      };
      expect(await waits('w.paused_until')).toBe(120);
      expect(await waits('d.next_at')).toBeGreaterThanOrEqual(120);
      expect((await webhooks.deliveries(webhook.id, 'taxi', { limit: 1 }))?.items[0]?.lastError).toBe(
        'it answered 429, and asks to be left alone for 7200 s',
      );
      // Neither a new event nor one that was on its way ends what was asked for.
      await events.append([told('b')]);
      expect(await claim('node-2')).toEqual([]);
      await sql`update webhook_deliveries set claim = 'other', lease_until = now() where subject = 'b'`.execute(
        db,
      );
      const { rows } = await sql<{
        id: number;
      }>`select id from webhook_deliveries where subject = 'b'`.execute(db);
      await outbox.delivered([{ id: String(rows[0]?.id), claim: 'other', status: 204 }]);
      expect(await waits('w.paused_until')).toBe(120);
      // What has waited for most of the day gets its last chance before it is given up.
      await letTimePass();
      await sql`update webhook_deliveries set created_at = now() - interval '23 hours' where subject = 'a'`.execute(
        db,
      );
      await until(async () => expect(await states(webhook.id)).toContain('waiting 2 429'));
      expect(await waits('w.paused_until')).toBe(60);
      expect(await waits('d.next_at')).toBe(110);
    });

    it('what nobody could deliver for a day is given up, and the size of the outbox is known', async () => {
      const { webhook } = await hook('https://example.com');
      expect(await outbox.size()).toEqual({ waiting: 0, oldestSeconds: 0 });
      await events.append([told('a'), told('b')]);
      await sql`update webhook_deliveries set created_at = now() - interval '26 hours' where subject = 'a'`.execute(
        db,
      );
      const size = await outbox.size();
      expect([size.waiting, Math.round(size.oldestSeconds / 3_600)]).toEqual([2, 26]);
      expect(await outbox.giveUpOld(10)).toBe(1);
      expect(await states(webhook.id)).toEqual(['failed 0 undefined', 'waiting 0 undefined']);
    });

    it('arrive in order, signed as the reference implementation verifies', async () => {
      const server = await receiver();
      const { webhook, secret } = await hook(server.url);
      const second = (await webhooks.rotateSecret(webhook.id, 'taxi')) as string;
      await events.append(
        Array.from({ length: 30 }, (_, n) => told(`s${n % 3}`, { data: { n, text: 'ünï' } })),
      );
      const dispatcher = dispatch();
      await until(() => expect(server.received).toHaveLength(30));
      for (const subject of ['s0', 's1', 's2']) {
        const own = server.received.filter(({ event }) => event.subject === subject);
        expect(own.map(({ event }) => event.position)).toEqual(Array.from({ length: 10 }, (_, n) => n + 1));
      }
      const logged = (await events.read({ applicationId: 'taxi', limit: 100 })).items.map(({ id }) => id);
      expect(server.received.map(({ event }) => event.id).sort()).toEqual([...logged].sort());
      for (const { headers, body, event } of server.received) {
        expect(headers).toMatchObject({ 'webhook-id': event.id, 'content-type': 'application/json' });
        for (const one of [secret, second])
          expect(new Reference(one).verify(body, headers as Record<string, string>)).toEqual(event);
      }
      expect(server.received[0]?.event).toMatchObject({
        type: 'call.started',
        timestamp: '2026-01-01T00:00:00.000Z',
      });
      await until(async () =>
        expect((await states(webhook.id)).every((state) => state === 'delivered 1 204')).toBe(true),
      );
      expect(dispatcher.counts).toEqual({ delivered: 30, failed: 0, givenUp: 0 });
    });

    it('a failure is tried again with the same id and body; what is behind it in its subject waits', async () => {
      const server = await receiver();
      const { webhook } = await hook(server.url);
      let down = true;
      server.answer = ({ event }) => (down && event.subject === 'a' ? 503 : 200);
      await events.append([told('a'), told('a'), told('b')]);
      dispatch();
      await until(async () =>
        expect(await states(webhook.id)).toEqual(['waiting 1 503', 'waiting 0 undefined', 'delivered 1 200']),
      );
      expect(server.order.filter((one) => one !== 'b 1')).toEqual(['a 1']);
      down = false;
      await letTimePass();
      await until(async () =>
        expect(await states(webhook.id)).toEqual(['delivered 2 200', 'delivered 1 200', 'delivered 1 200']),
      );
      const [first, again] = server.received.filter(({ event }) => event.subject === 'a');
      expect([again?.headers['webhook-id'], again?.body]).toEqual([
        first?.headers['webhook-id'],
        first?.body,
      ]);
      expect(server.order.filter((one) => one !== 'b 1')).toEqual(['a 1', 'a 1', 'a 2']);
    });

    it('410 disables the webhook; redirects are not followed; private addresses are reached by setting only', async () => {
      const [gone, elsewhere, target] = [await receiver(), await receiver(), await receiver()];
      gone.answer = () => 410;
      elsewhere.answer = () => ({ status: 302, headers: { location: target.url } });
      const { webhook } = await hook(gone.url);
      const redirecting = await hook(elsewhere.url);
      await events.append([told('a'), told('a')]);
      dispatch();
      const isEnabled = async () =>
        (await webhooks.list('taxi')).find(({ id }) => id === webhook.id)?.enabled;
      await until(async () => expect(await isEnabled()).toBe(false));
      await until(async () =>
        expect(await states(redirecting.webhook.id)).toEqual(['waiting 1 undefined', 'waiting 0 undefined']),
      );
      expect(await states(webhook.id)).toEqual(['failed 1 410', 'waiting 0 undefined']);
      expect(target.received).toEqual([]);
      await events.append([told('a')]);
      expect(await states(webhook.id)).toHaveLength(2);
      await dispatchers.splice(0)[0]?.close(5_000);
      const closed = webhookHttp([], systemClock);
      const inside = await hook(target.url, ['call.ended']);
      await events.append([told('x', { type: 'call.ended' })]);
      dispatch('node-1', closed);
      await until(async () => {
        const page = await webhooks.deliveries(inside.webhook.id, 'taxi', { limit: 1 });
        expect(page?.items[0]?.lastError).toMatch(
          /private address; add it to the setting scenario.httpAllow/,
        );
      });
      expect(target.received).toEqual([]);
      closed.close();
    });

    it('a server that never answers does not hold the others, and stopping does not wait for it', async () => {
      const [silent, lively] = [await receiver(), await receiver()];
      silent.answer = () => 'silence';
      const stuck = await hook(silent.url);
      await hook(lively.url);
      await events.append(Array.from({ length: 40 }, (_, n) => told(`s${n}`)));
      const dispatcher = dispatch();
      await until(() => expect([silent.received.length, lively.received.length]).toEqual([4, 40]));
      await dispatcher.close(5_000);
      // Given back, without an attempt that was ours to end.
      expect(new Set(await states(stuck.webhook.id))).toEqual(new Set(['waiting 0 undefined']));
      expect((await claim('node-2')).length).toBe(40);
    });

    it('two nodes deliver in order, and nothing twice', async () => {
      const server = await receiver();
      await hook(server.url);
      dispatch('node-1');
      dispatch('node-2');
      for (let round = 0; round < 20; round++)
        await events.append(['a', 'b', 'c'].map((subject) => told(subject)));
      await until(() => expect(server.received.length).toBeGreaterThanOrEqual(60));
      for (const subject of ['a', 'b', 'c']) {
        const positions = server.received.flatMap(({ event }) =>
          event.subject === subject ? [event.position] : [],
        );
        expect(positions).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
      }
    });

    it('replays one event, or all from a cursor on that the webhook wants, under their ids', async () => {
      const server = await receiver();
      const { webhook } = await hook(server.url, ['call.ended']);
      const [, started, ended] = await events.append([
        told('f', { applicationId: 'food' }),
        told('a'),
        told('a', { type: 'call.ended' }),
        told('b', { type: 'call.ended' }),
      ]);
      dispatch();
      await until(() => expect(server.order.sort()).toEqual(['a 2', 'b 1']));
      await until(async () => expect((await outbox.size()).waiting).toBe(0));
      const { items } = await events.read({ applicationId: 'taxi', limit: 10 });
      expect(await webhooks.replay(webhook.id, 'taxi', { cursor: items[1]!.cursor })).toBe(1);
      await until(() => expect(server.received).toHaveLength(3));
      expect(server.received[2]?.event).toMatchObject({ subject: 'b', id: items[2]?.id });
      expect(await webhooks.replay(webhook.id, 'taxi', { eventId: started!.id })).toBe(1);
      await until(() => expect(server.received[3]?.event.id).toBe(started!.id));
      await until(async () => expect((await outbox.size()).waiting).toBe(0));
      expect(await webhooks.replay(webhook.id, undefined, { eventId: ended!.id })).toBe(1);
      expect(await webhooks.replay(webhook.id, 'taxi', { eventId: 'evt_none' })).toBe(0);
      const food = await events.read({ applicationId: 'food', limit: 1 });
      await expect(webhooks.replay(webhook.id, 'taxi', { cursor: food.cursor })).rejects.toThrow(
        InvalidCursor,
      );
      const all = await events.read({ applicationId: undefined, limit: 1 });
      expect(await webhooks.replay(webhook.id, undefined, { cursor: all.cursor })).toBeGreaterThan(0);
    });

    it('what waits already is not put in twice, and the list of deliveries goes page by page', async () => {
      const { webhook } = await hook('https://example.com');
      const [one] = await events.append([told('a'), told('a'), told('b')]);
      expect(await webhooks.replay(webhook.id, 'taxi', { eventId: one!.id })).toBe(0);
      const first = await webhooks.deliveries(webhook.id, 'taxi', { limit: 2 });
      expect(first?.items.map(({ event }) => `${event.subject} ${event.position}`)).toEqual(['b 1', 'a 2']);
      const rest = await webhooks.deliveries(webhook.id, 'taxi', { limit: 2, cursor: first?.next as string });
      expect(rest?.items.map(({ event }) => event.position)).toEqual([1]);
      expect(rest?.next).toBeUndefined();
      expect((await webhooks.deliveries(webhook.id, 'taxi', { limit: 2, state: 'failed' }))?.items).toEqual(
        [],
      );
      const other = await hook('https://example.com');
      await expect(
        webhooks.deliveries(other.webhook.id, 'taxi', { limit: 2, cursor: first?.next as string }),
      ).rejects.toThrow(InvalidCursor);
    });
  });
}
