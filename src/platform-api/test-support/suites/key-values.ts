import { describe, expect, test } from 'vitest';
import type { Given } from '../given.ts';

export function keyValues(given: Given): void {
  const { done, code } = given;
  describe('key-value storage', () => {
    test('is what scenarios of the application see', async () => {
      const put = await done('SetKeyValueItem', {
        application_name: 'taxi',
        key: 'order:1',
        value: 'Аэропорт',
        ttl: 60,
      });
      expect(put.result).toEqual({ key: 'order:1', value: 'Аэропорт', expires_at: expect.any(Number) });
      await done('SetKeyValueItem', {
        application_name: 'taxi',
        key: 'order:2',
        value: '',
        expires_at: Math.floor(Date.now() / 1_000) + 600,
      });
      const application = given.platform.world.applications.taxi;
      expect(await given.platform.world.storage.appStorage.get(application, 'order:1')).toMatchObject({
        value: 'Аэропорт',
      });
      expect(await done('GetKeyValueItem', { application_name: 'taxi', key: 'order:1' })).toEqual({
        result: put.result,
      });
      const items = await done('GetKeyValueItems', { application_name: 'taxi', key: 'order' });
      expect(items).toMatchObject({ total_count: 2, count: 2 });
      expect(items.result).toContainEqual({ key: 'order:2', value: '', expires_at: expect.any(Number) });
      expect((await done('GetKeyValueKeys', { application_name: 'taxi', count: 1 })).result).toEqual([
        { key: expect.stringMatching(/^order:[12]$/), expires_at: expect.any(Number) },
      ]);
      expect(await done('DelKeyValueItem', { application_name: 'taxi', key: 'order:1' })).toEqual({
        result: 1,
      });
      expect(await done('DelKeyValueItem', { application_name: 'taxi', key: 'order:1' })).toEqual({
        result: 0,
      });
    });

    test.each([
      ['SetKeyValueItem', { application_name: 'taxi', value: 'x' }, 485],
      ['SetKeyValueItem', { application_name: 'taxi', key: 'a b', value: 'x' }, 496],
      ['SetKeyValueItem', { application_name: 'taxi', key: 'k'.repeat(201), value: 'x' }, 496],
      ['SetKeyValueItem', { application_name: 'taxi', key: 'k', value: 'x'.repeat(2_001) }, 496],
      ['SetKeyValueItem', { application_name: 'taxi', key: 'k', value: 'x', ttl: 7_776_001 }, 496],
      ['SetKeyValueItem', { application_name: 'taxi', key: 'k', value: 'x', expires_at: 1 }, 496],
      ['SetKeyValueItem', { key: 'k', value: 'x' }, 116],
      ['GetKeyValueItem', { application_name: 'taxi', key: 'none' }, 496],
      ['GetKeyValueItems', { application_name: 'taxi' }, 485],
      ['GetKeyValueKeys', { application_name: 'taxi', count: 51 }, 496],
      ['DelKeyValueItem', { application_name: 'none', key: 'k' }, 116],
    ])('%s %j is answered %i', async (command, params, expected) => {
      expect(await code(command, params)).toBe(expected);
    });
  });
}
