/**
 * For the test that kills a change of keys: `node reseal-process.ts DATA_FOLDER DATABASE_URL` seals all rows anew and says after
 * each step how far it is.
 */
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openStorage } from '../../src/storage/storage.ts';

const [dataFolder = '', databaseUrl = ''] = process.argv.slice(2);
const storage = await openStorage({
  ...{
    dataFolder,
    databaseUrl,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    environment: {},
  },
});
await storage.dataKeys.resealAll((table, rows) => void process.send?.({ table, rows }));
process.send?.({ table: 'all', rows: 0 });
await storage.close();
process.disconnect?.();
