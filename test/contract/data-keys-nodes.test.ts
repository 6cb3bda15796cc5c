import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { START } from '../kit/call-records.ts';
import { serverPlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI } from './directory-samples.ts';

const places = serverPlaces();
afterAll(() => places.close());

it('a key seals only when every node knows it, and nodes that run learn it from their key file', async () => {
  const place = await places.fresh();
  const clock = new VirtualClock(START);
  const keyFile = join(place.dataFolder, 'maskline.key');
  const open = (): Promise<Storage> =>
    openStorage({ ...place, keyFile, clock, random: systemRandom, log: silentLogger, environment: {} });
  const [one, two] = [await open(), await open()];
  try {
    await one.importDirectory({ applications: [TAXI], trunks: [] });
    const application = one.admin.applications()[0]?.id ?? '';
    await one.appStorage.put(application, 'of:one', 'first', 600);
    expect((await one.dataKeys.status()).holders).toHaveLength(2);

    const { id } = await one.dataKeys.add();
    expect(await one.dataKeys.without(id)).toHaveLength(1);
    await expect(one.dataKeys.activate(id)).rejects.toMatchObject({ code: 'storage/key-in-use' });
    // The other one looks at its file.
    await clock.advance(5_000);
    await expect.poll(() => one.dataKeys.without(id)).toEqual([]);

    await one.dataKeys.activate(id);
    expect(await one.dataKeys.behind(id)).toHaveLength(1);
    // One seals with the new key, the other with the old one: each reads, finds and replaces what the other has written.
    await one.appStorage.put(application, 'of:one', 'second', 600);
    expect((await two.appStorage.get(application, 'of:one'))?.value).toBe('second');
    await two.appStorage.put(application, 'of:one', 'third', 600);
    expect(
      (await one.appStorage.list(application, { limit: 9, offset: 0 })).items.map(({ value }) => value),
    ).toEqual(['third']);
    await expect(one.dataKeys.finish('test')).rejects.toMatchObject({ code: 'storage/key-in-use' });

    await clock.advance(5_000);
    await expect.poll(() => one.dataKeys.behind(id)).toEqual([]);
    await two.dataKeys.resealAll();
    expect(await one.dataKeys.finish('test')).toEqual(['k1']);
    expect((await two.appStorage.get(application, 'of:one'))?.value).toBe('third');
    expect(await two.importDirectory({ applications: [TAXI], trunks: [] })).toEqual([]);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
  expect(clock.pending).toBe(0);
});
