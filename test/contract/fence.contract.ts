import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fence } from '../../src/call/fence/fence.ts';
import { FENCE_DEFAULTS, type FenceRules } from '../../src/call/fence/types.ts';
import type { CallEnd, CallEvents } from '../../src/call/types.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { Emitter } from '../../src/kernel/emitter.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI } from './directory-samples.ts';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const CALLED = PhoneNumber.parse('+74950000101');

async function open(place: StoragePlace): Promise<Storage> {
  return await openStorage({ ...place, ...tools, environment: {} });
}

async function declare(storage: Storage, rules: Partial<FenceRules>): Promise<string> {
  const fence = { ...FENCE_DEFAULTS, ...rules };
  await storage.importDirectory({ applications: [{ ...TAXI, fence }], trunks: [] });
  return storage.directory.fencedApplications()[0] ?? '';
}

/** Its clock stands still: what the database takes is not what is tested. */
const fenceOf = (storage: Storage, node: string): Promise<Fence> =>
  Fence.open({
    ...tools,
    clock: new VirtualClock(),
    store: storage.fence,
    directory: storage.directory,
    domain: 'maskline.local',
    node,
  });

/** Dials; resolves with how to end the call, or undefined where it was refused. */
async function dial(fence: Fence, applicationId: string): Promise<(() => void) | undefined> {
  const ended = Promise.withResolvers<CallEnd>();
  const refusal = await fence.admit({
    call: { id: 'leg', events: new Emitter<CallEvents>(), ended: ended.promise },
    applicationId,
    target: { kind: 'trunk', number: CALLED },
    cutOff: () => {},
  });
  return refusal === undefined ? () => ended.resolve({} as CallEnd) : undefined;
}

/** What every database has to do for the fence; a server is shared by nodes besides. */
export function fenceContract(name: string, places: StoragePlaces, shared: boolean): void {
  describe(`the counters of the fence on ${name}`, () => {
    let storage: Storage;
    beforeAll(async () => {
      storage = await open(await places.fresh());
    });
    afterAll(async () => {
      await storage.close();
      await places.close();
    });

    it('keep rules as they were declared, and defaults where nothing was', async () => {
      const id = await declare(storage, { countries: ['DE'], concurrentCalls: 3 });
      expect(storage.directory.fenceOf(id)?.rules).toEqual({
        ...FENCE_DEFAULTS,
        countries: ['DE'],
        concurrentCalls: 3,
      });
      await storage.importDirectory({ applications: [TAXI], trunks: [] });
      expect(storage.directory.fenceOf(id)?.rules).toEqual(FENCE_DEFAULTS);
      expect(await storage.importDirectory({ applications: [TAXI], trunks: [] })).toEqual([]);
    });

    it('add seconds up by day', async () => {
      const add = (day: string, seconds: number) =>
        storage.fence.addSeconds(day, [{ applicationId: 'a', seconds }]);
      expect(await add('2026-01-31', 1.5)).toEqual([{ applicationId: 'a', seconds: 1.5 }]);
      expect(await add('2026-01-31', 2)).toEqual([{ applicationId: 'a', seconds: 3.5 }]);
      expect(await add('2026-01-31', 0)).toEqual([{ applicationId: 'a', seconds: 3.5 }]);
      expect(await add('2026-02-01', 0)).toEqual([{ applicationId: 'a', seconds: 0 }]);
    });

    it('let in what the limit says and no more, also after a restart', async () => {
      const id = await declare(storage, { concurrentCalls: 5 });
      const fence = await fenceOf(storage, 'one');
      const ends = await Promise.all(Array.from({ length: 10 }, () => dial(fence, id)));
      expect(ends.filter((end) => end !== undefined)).toHaveLength(5);
      // Killed: it gives nothing back, and its calls are gone.
      const again = await fenceOf(storage, 'one');
      const more = await Promise.all(Array.from({ length: 10 }, () => dial(again, id)));
      expect(more.filter((end) => end !== undefined)).toHaveLength(5);
      await Promise.all([fence.close(), again.close()]);
    });

    if (!shared) return;

    it('let 50 dials at once on two nodes never exceed the limit', async () => {
      const place = await places.fresh();
      const [one, two] = await Promise.all([open(place), open(place)]);
      const id = await declare(one, { concurrentCalls: 20 });
      await two.directory.refresh();
      const fences = await Promise.all([fenceOf(one, 'one'), fenceOf(two, 'two')]);
      for (let round = 0; round < 5; round++) {
        const dials = Array.from({ length: 50 }, (_, index) => dial(fences[index % 2] as Fence, id));
        const ends = (await Promise.all(dials)).filter((end) => end !== undefined);
        expect(ends.length).toBeLessThanOrEqual(20);
        // Each node has its share and what the other does not hold.
        expect(ends.length).toBeGreaterThanOrEqual(14);
        for (const end of ends) end();
        await Promise.resolve();
      }
      await Promise.all(fences.map((fence) => fence.close()));
      await Promise.all([one.close(), two.close()]);
    });
  });
}
