import { afterAll, expect, it } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { SERVICE, START } from '../kit/call-records.ts';
import { serverPlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI } from './directory-samples.ts';

const places = serverPlaces();
afterAll(() => places.close());

it('lets nodes that share a server see each other within a second, and open a new database together', async () => {
  const place = await places.fresh();
  const clock = new VirtualClock(START);
  const open = (): Promise<Storage> =>
    openStorage({ ...place, clock, random: systemRandom, log: silentLogger, environment: {} });
  const [one, two] = await Promise.all([open(), open()]);
  try {
    await one.importDirectory({ applications: [TAXI], trunks: [] });
    expect(one.directory.applicationOfNumber(SERVICE)?.name).toBe('taxi');
    expect(two.directory.applicationOfNumber(SERVICE)).toBeUndefined();
    await clock.advance(1_000);
    // The poll and the load are real queries: wait for what they lead to.
    await expect.poll(() => two.directory.applicationOfNumber(SERVICE)?.name).toBe('taxi');
    const [a, b] = await Promise.all([
      one.importDirectory({ applications: [TAXI], trunks: [] }),
      two.importDirectory({ applications: [TAXI], trunks: [] }),
    ]);
    expect([a, b]).toEqual([[], []]);

    // What the platform API makes on one node is there for the next request to another, and for its calls in a second.
    const application = await one.platform.directory.addApplication('shop');
    const rule = { name: 'all', pattern: '.*', exclude: '', scenarioIds: [] };
    await two.platform.directory.addRule({ ...rule, applicationId: application });
    const names = (await one.platform.directory.rules()).map(({ applicationId, name }) => [
      applicationId,
      name,
    ]);
    expect(names).toContainEqual([application, 'all']);
    await clock.advance(1_000);
    await expect.poll(() => one.directory.routeFor(application, SERVICE)?.ruleName).toBe('all');
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
  expect(clock.pending).toBe(0);
});

it('says what to do when the server cannot be reached', async () => {
  const { dataFolder } = await places.fresh();
  const opening = openStorage({
    databaseUrl: 'postgres://nobody:secret-word@127.0.0.1:1/none',
    dataFolder,
    clock: new VirtualClock(START),
    random: systemRandom,
    log: silentLogger,
    environment: {},
  });
  const error: unknown = await opening.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'storage/unreachable' });
  expect(String(error)).toContain('DATABASE_URL');
  expect(String(error)).not.toContain('secret-word');
});
