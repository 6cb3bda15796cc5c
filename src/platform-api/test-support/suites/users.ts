import { describe, expect, test } from 'vitest';
import { ha1Set } from '../../../sip/auth/digest.ts';
import { type Given, TIME } from '../given.ts';
import { REALM } from '../platform-world.ts';

export function users(given: Given): void {
  const { done, code, idOf } = given;
  describe('users', () => {
    test('are made, changed, made inactive, listed and removed', async () => {
      const { directory } = given.platform.world.storage;
      const user_id = await idOf(
        'AddUser',
        {
          user_name: 'anna',
          user_display_name: 'Анна',
          user_password: 'Secret-1',
          application_name: 'taxi',
          user_custom_data: '{"a":1}',
        },
        'user_id',
      );
      expect(directory.userByName('anna')?.ha1).toEqual(ha1Set('anna', REALM, 'Secret-1'));
      expect(await done('GetUsers', { user_id })).toEqual({
        result: [
          {
            user_id,
            user_name: 'anna',
            user_display_name: 'Анна',
            user_active: true,
            user_custom_data: '{"a":1}',
            created: expect.stringMatching(TIME),
            modified: expect.stringMatching(TIME),
            applications: [expect.objectContaining({ application_name: 'taxi.shop.voximplant.com' })],
          },
        ],
        total_count: 1,
        count: 1,
      });
      await done('SetUserInfo', {
        user_name: 'anna',
        new_user_name: 'anya',
        user_password: 'Secret-2',
        user_display_name: '',
      });
      expect(directory.userByName('anna')).toBeUndefined();
      expect(directory.userByName('anya')?.ha1).toEqual(ha1Set('anya', REALM, 'Secret-2'));
      // An inactive user cannot log in: no call and no registration finds it.
      await done('SetUserInfo', { user_id, user_active: false });
      expect(directory.userByName('anya')).toBeUndefined();
      expect(await done('GetUsers', { user_active: false })).toMatchObject({ total_count: 1 });
      expect(await done('GetUsers', { order_by: 'user_id', application_name: 'taxi' })).toMatchObject({
        total_count: 2,
      });
      await done('DelUser', { user_id });
      expect(await code('GetUsers', { user_id })).toBe(117);
    });

    test.each([
      ['AddUser', { application_name: 'taxi', user_password: 'Secret-1' }, 122],
      ['AddUser', { application_name: 'taxi', user_name: 'Большой', user_password: 'Secret-1' }, 122],
      ['AddUser', { application_name: 'taxi', user_name: 'ann', user_password: 'short' }, 112],
      ['AddUser', { application_name: 'taxi', user_name: 'ann' }, 112],
      ['AddUser', { user_name: 'ann', user_password: 'Secret-1' }, 116],
      ['AddUser', { application_name: 'delivery', user_name: 'taxi-driver', user_password: 'Secret-1' }, 118],
      [
        'AddUser',
        {
          application_name: 'taxi',
          user_name: 'ann',
          user_password: 'Secret-1',
          user_custom_data: 'x'.repeat(8_192),
        },
        212,
      ],
      ['DelUser', {}, 117],
      ['DelUser', { user_name: 'taxi-driver' }, 104],
      ['DelUser', { user_name: 'taxi-driver', application_name: 'delivery' }, 117],
      ['SetUserInfo', {}, 117],
      ['SetUserInfo', { user_name: 'taxi-driver', user_active: false }, 104],
      ['SetUserInfo', { user_name: 'taxi-driver', new_user_name: 'driver' }, 485],
      ['GetUsers', { skill_id: 1 }, 492],
      ['GetUsers', { order_by: 'age' }, 496],
    ])('%s %j is answered %i', async (command, params, expected) => {
      expect(await code(command, params)).toBe(expected);
    });
  });
}
