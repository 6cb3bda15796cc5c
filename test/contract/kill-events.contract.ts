import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { createWebhooks } from '../../src/node/webhooks.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { NODE_FLAGS } from '../kit/node-flags.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { WebhookReceiver } from '../kit/webhook-receiver.ts';
import { TAXI } from './directory-samples.ts';

const WRITER = fileURLToPath(new URL('../kit/event-writer.ts', import.meta.url));
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

/** Runs the writer until `enough`, and kills it with SIGKILL. Returns the ids that it has confirmed. */
async function runAndKill(place: StoragePlace, applicationId: string, begin: number, enough: () => boolean) {
  const options = [place.dataFolder, place.databaseUrl ?? '', applicationId, String(begin)];
  const child = spawn(process.execPath, [...NODE_FLAGS, WRITER, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const gone = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_, signal) => resolve(signal)),
  );
  try {
    await vi.waitFor(() => expect(enough()).toBe(true), { timeout: 15_000, interval: 1 });
  } finally {
    child.kill('SIGKILL');
  }
  expect(await gone).toBe('SIGKILL');
  // The last line may be cut off: what is not a whole line was not confirmed.
  return output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== 'open')
    .flatMap((line) => line.split(' '));
}

/** A process is killed while it appends and delivers, again and again. */
export function killEventsContract(name: string, places: StoragePlaces): void {
  describe(`events and kill -9 on ${name}`, () => {
    afterAll(() => places.close());

    it('no event is lost, none is sent under two ids, and each subject arrives in order', {
      timeout: 90_000,
    }, async () => {
      const place = await places.fresh();
      const receiver = await WebhookReceiver.start();
      // Two of each subject fail once, so that what waits for its next attempt is there when the process dies.
      const failed = new Set<string>();
      receiver.answer = ({ event }) => {
        if (![3, 20].includes(event.position) || failed.has(event.id)) return 204;
        failed.add(event.id);
        return 503;
      };
      const open = async (): Promise<Storage> => await openStorage({ ...place, ...tools, environment: {} });
      const first = await open();
      await first.importDirectory({ applications: [TAXI], trunks: [] });
      const applicationId = first.admin.applications()[0]!.id;
      const { webhook } = await first.webhooks.create({ applicationId, url: receiver.url, types: [] });
      await first.close();

      const confirmed: string[] = [];
      for (const wait of [5, 40, 17]) {
        const before = receiver.received.length;
        const enough = (): boolean => receiver.received.length >= before + wait;
        confirmed.push(...(await runAndKill(place, applicationId, confirmed.length, enough)));
      }
      expect(confirmed.length).toBeGreaterThan(0);

      const storage = await open();
      const webhooks = createWebhooks({
        ...{ storage, node: 'node-1', settings: { parallel: 16, perWebhook: 8 }, httpAllow: ['127.0.0.1'] },
        ...tools,
      });
      webhooks.start();
      const seen = (): Set<string> => new Set(receiver.received.map(({ event }) => event.id));
      // The first retry comes after five seconds.
      await vi.waitFor(async () => expect((await webhooks.counts()).waiting).toBe(0), {
        timeout: 60_000,
        interval: 50,
      });
      await webhooks.close();

      const log: { id: string; subject: string; position: number }[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await storage.events.read({
          applicationId,
          limit: 200,
          ...(cursor === undefined ? {} : { cursor }),
        });
        log.push(...page.items);
        cursor = page.cursor;
        if (page.items.length < 200) break;
      }
      const ids = new Set(log.map(({ id }) => id));
      expect(
        confirmed.filter((id) => !ids.has(id)),
        'confirmed, and not in the log',
      ).toEqual([]);
      expect(
        [...seen()].filter((id) => !ids.has(id)),
        'sent, and not in the log',
      ).toEqual([]);
      expect(
        log.filter(({ id }) => !seen().has(id)),
        'in the log, and never sent',
      ).toEqual([]);
      for (const subject of ['a', 'b', 'c']) {
        const positions = log.flatMap((event) => (event.subject === subject ? [event.position] : []));
        expect(positions).toEqual(Array.from({ length: positions.length }, (_, n) => n + 1));
        // One id for each position, and a position is never sent before the one in front of it has been accepted.
        const arrived = receiver.received.filter(({ event }) => event.subject === subject);
        expect(new Set(arrived.map(({ event }) => `${event.position} ${event.id}`)).size).toBe(
          positions.length,
        );
        for (const [index, { event }] of arrived.entries()) {
          const previous = arrived[index - 1]?.event.position ?? 0;
          expect(event.position - previous, 'no gap, and at most the same one again').toBeGreaterThanOrEqual(
            0,
          );
          expect(event.position - previous).toBeLessThanOrEqual(1);
        }
      }
      expect(
        (await storage.webhooks.deliveries(webhook.id, applicationId, { state: 'failed', limit: 10 }))?.items,
      ).toEqual([]);
      await storage.close();
      await receiver.close();
    });
  });
}
