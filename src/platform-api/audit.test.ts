import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPlatformWorld, type PlatformWorld } from './test-support/platform-world.ts';

let platform: PlatformWorld;
beforeAll(async () => {
  platform = await createPlatformWorld();
});
afterAll(() => platform.close());

it('numbers that the platform API shows stand in the audit log, whichever way the key came', async () => {
  const { audit } = platform.world.storage;
  const { result } = await platform.done('GetPhoneNumbers');
  expect(JSON.stringify(result)).toContain('442079460456');
  const { items } = await audit.list({ applicationId: undefined }, { limit: 10 });
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ action: 'numbers.shown' });
  expect(items[0]?.detail.route).toMatch(/^(GET|POST) \/platform_api/);
  const other = await platform.key(['users:read']);
  expect((await platform.ask('GetUsers', { application_name: 'taxi' }, other)).error).toBeUndefined();
  expect((await audit.list({ applicationId: undefined }, { limit: 10 })).items).toHaveLength(1);
});
