/**
 * A process that appends events and delivers them to webhooks until it is killed. Its arguments: the data folder, the database
 * URL (empty: embedded), the id of the application, where the numbering of its events begins. It prints `open`, then one line
 * for each batch that is in the database for sure: the ids of its events.
 */
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { createWebhooks } from '../../src/node/webhooks.ts';
import { openStorage } from '../../src/storage/storage.ts';

const MOST_WAITING = 150;
const [dataFolder = '', databaseUrl = '', applicationId = '', begin = '0'] = process.argv.slice(2);
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const storage = await openStorage({ dataFolder, databaseUrl, ...tools, environment: {} });
const webhooks = createWebhooks({
  ...{ storage, node: 'node-1', settings: { parallel: 16, perWebhook: 8 }, httpAllow: ['127.0.0.1'] },
  ...tools,
});
webhooks.start();
process.stdout.write('open\n');
for (let n = Number(begin); ; n++) {
  // What a killed process leaves behind has to be delivered by the next one: enough to be in the middle of it.
  while ((await webhooks.counts()).waiting > MOST_WAITING) await setTimeout(5);
  const batch = ['a', 'b', 'c'].map((subject) => ({
    ...{ applicationId, subject, type: 'call.started' as const, at: systemClock.now(), data: { n } },
  }));
  const written = await storage.events.append(batch);
  storage.bell.ring();
  process.stdout.write(`${written.map(({ id }) => id).join(' ')}\n`);
}
