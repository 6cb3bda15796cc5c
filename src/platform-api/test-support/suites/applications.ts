import { describe, expect, test } from 'vitest';
import { type Given, TIME } from '../given.ts';

export function applications(given: Given): void {
  const { done, code } = given;
  describe('applications', () => {
    test('are made, renamed, listed in pages and removed; their names are full names', async () => {
      const made = await done('AddApplication', { application_name: 'crm' });
      expect(made).toMatchObject({
        result: 1,
        application_id: expect.any(Number),
        application_name: 'crm.shop.voximplant.com',
      });
      const application_id = made.application_id as number;
      expect(await done('SetApplicationInfo', { application_id, application_name: 'crm2' })).toMatchObject({
        result: 1,
        application_name: 'crm2.shop.voximplant.com',
      });
      const all = await done('GetApplications', { count: 2, offset: 0 });
      expect(all).toMatchObject({ total_count: 3, count: 2 });
      expect(await done('GetApplications', { count: 2, offset: 2 })).toMatchObject({
        total_count: 3,
        count: 1,
      });
      expect(await done('GetApplications', { application_id })).toMatchObject({
        result: [
          {
            application_id,
            application_name: 'crm2.shop.voximplant.com',
            modified: expect.stringMatching(TIME),
          },
        ],
        total_count: 1,
      });
      expect(
        await done('GetApplications', { with_rules: true, application_name: 'taxi', with_scenarios: true }),
      ).toMatchObject({
        result: [
          { rules: [{ rule_name: 'all', rule_pattern: '.*', scenarios: [{ scenario_name: 'masking' }] }] },
        ],
      });
      expect(await done('DelApplication', { application_name: 'crm2.shop.voximplant.com' })).toEqual({
        result: 1,
      });
      expect(await done('GetApplications', { application_id })).toMatchObject({ result: [], total_count: 0 });
    });

    test.each([
      ['AddApplication', {}, 107],
      ['AddApplication', { application_name: '7up' }, 107],
      ['AddApplication', { application_name: 'a b' }, 107],
      ['AddApplication', { application_name: 'taxi' }, 129],
      ['DelApplication', {}, 116],
      ['DelApplication', { application_id: '1;x' }, 116],
      ['DelApplication', { application_id: 999999 }, 116],
      ['DelApplication', { application_name: 'taxi' }, 104],
      ['DelApplication', { application_id: 'all' }, 104],
      ['SetApplicationInfo', { required_application_name: 'taxi', application_name: 'cab' }, 104],
      ['SetApplicationInfo', { application_id: 0 }, 116],
      ['GetApplications', { count: -1 }, 496],
      ['GetApplications', { count: 'many' }, 496],
      ['GetApplications', { with_rules: 'maybe' }, 496],
    ])('%s %j is answered %i', async (command, params, expected) => {
      expect(await code(command, params)).toBe(expected);
    });
  });
}
