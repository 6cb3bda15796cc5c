import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { leg, record, START } from '../kit/call-records.ts';
import { serverPlaces } from '../kit/storage-places.ts';

const PROCESS = fileURLToPath(new URL('../kit/reseal-process.ts', import.meta.url));
const LEGS = 2_000;
const numberOf = (index: number): PhoneNumber =>
  PhoneNumber.parse(`+4477009${String(index).padStart(5, '0')}`);

const places = serverPlaces();
afterAll(() => places.close());

it('a change of keys that is killed, again and again, goes on where it was, and no row is lost', async () => {
  const place = await places.fresh();
  const storage = await openStorage({
    ...{ ...place, clock: systemClock, random: systemRandom, log: silentLogger, environment: {} },
  });
  try {
    await storage.records.apply([
      { kind: 'open', record: record({ id: 's1' }) },
      ...Array.from({ length: LEGS }, (_, index) => ({
        ...{ kind: 'leg' as const, sessionId: 's1' },
        leg: leg({ callId: `leg-${index}`, callerid: numberOf(index), startedAt: START }),
      })),
    ]);
    const { id } = await storage.dataKeys.add();
    await storage.dataKeys.activate(id);

    let left = (await storage.dataKeys.status()).stale.call_legs ?? 0;
    expect(left).toBe(LEGS);
    for (let kill = 0; kill < 3; kill++) {
      const child = fork(PROCESS, [place.dataFolder, place.databaseUrl ?? ''], { execArgv: [] });
      // After its first rows, and in the middle of the next.
      await once(child, 'message');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const now = (await storage.dataKeys.status()).stale.call_legs ?? 0;
      expect(now).toBeLessThan(left);
      left = now;
    }
    expect(left).toBeGreaterThan(0);
    // Calls are read and found all the time, whichever key their rows are under.
    const half = await storage.records.get('s1');
    expect(half?.legs.every((one, index) => one.callerid.equals(numberOf(index)))).toBe(true);

    await storage.dataKeys.resealAll();
    // The killed ones are taken for gone after a minute; nobody waits for that here.
    expect((await storage.dataKeys.status()).stale).toEqual({});
    const whole = await storage.records.get('s1');
    expect(whole?.legs).toHaveLength(LEGS);
    expect(whole?.legs.every((one, index) => one.callerid.equals(numberOf(index)))).toBe(true);
  } finally {
    await storage.close();
  }
});
