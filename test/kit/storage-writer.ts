/**
 * A process that writes batches of call records into an embedded database until it is killed. Its argument is the data
 * folder; it prints `open`, then the number of each batch that was written.
 */
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { event, leg, record } from './call-records.ts';

const [dataFolder = ''] = process.argv.slice(2);
const storage = await openStorage({
  dataFolder,
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
  environment: {},
});
process.stdout.write('open\n');
for (let batch = 1; ; batch++) {
  const id = `session-${batch}`;
  await storage.records.apply([
    { kind: 'open', record: record({ id }) },
    { kind: 'leg', sessionId: id, leg: leg({ callId: `call-${batch}` }) },
    ...Array.from({ length: 20 }, (_, n) => ({
      kind: 'event' as const,
      event: event(id, n + 1, { text: 'x'.repeat(500) }),
    })),
  ]);
  process.stdout.write(`${batch}\n`);
}
