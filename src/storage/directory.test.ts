import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Directory } from './directory.ts';
import type { Snapshot } from './snapshot.ts';

function snapshot(version: string): Snapshot {
  return {
    version,
    applications: [],
    scenarios: [],
    rules: new Map(),
    numbers: [],
    trunks: [],
    users: [],
  } as unknown as Snapshot;
}

test('what another node writes is seen within a second, and whoever keeps trunks in step is told', async () => {
  const clock = new VirtualClock();
  let version = '1';
  const directory = await Directory.open({
    load: async () => snapshot(version),
    version: async () => version,
    clock,
    log: silentLogger,
    poll: true,
  });
  let told = 0;
  directory.onReloaded = () => {
    told += 1;
    expect(directory.snapshot.version).toBe(version);
  };
  await clock.advance(5_000);
  expect(told).toBe(0);
  version = '2';
  await clock.advance(1_100);
  expect(told).toBe(1);
  version = '3';
  await directory.refresh();
  expect(told).toBe(2);
  directory.close();
  expect(clock.pending).toBe(0);
});
