import { describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../../kernel/phone-number.ts';
import type { Given } from '../given.ts';

export function phoneNumbers(given: Given): void {
  const { done, code } = given;
  describe('phone numbers', () => {
    test('are attached, bound, looked up, unbound and forgotten; calls follow at once', async () => {
      const { directory } = given.platform.world.storage;
      const number = PhoneNumber.parse('+442079460999');
      const attached = await done('AttachPhoneNumber', { phone_number: '442079460999', country_code: 'GB' });
      const phone_id = (attached.phone_numbers as { phone_id: number }[])[0]?.phone_id;
      expect(attached).toEqual({ result: 1, phone_numbers: [{ phone_id, phone_number: '442079460999' }] });
      expect(directory.applicationOfNumber(number)).toBeUndefined();
      expect(await done('GetPhoneNumbers', { is_bound_to_application: false })).toMatchObject({
        total_count: 1,
      });
      await done('BindPhoneNumberToApplication', { phone_id, application_name: 'delivery' });
      expect(directory.applicationOfNumber(number)?.name).toBe('delivery');
      await done('BindPhoneNumberToApplication', { phone_number: '+442079460999', application_name: 'taxi' });
      expect(directory.applicationOfNumber(number)?.name).toBe('taxi');
      expect(
        await done('GetPhoneNumbers', { application_name: 'taxi', phone_template: '44207946099_' }),
      ).toMatchObject({
        result: [{ phone_id, phone_number: '442079460999', application_name: 'taxi.shop.voximplant.com' }],
        total_count: 1,
      });
      await done('BindPhoneNumberToApplication', { phone_id, bind: false });
      expect(directory.applicationOfNumber(number)).toBeUndefined();
      expect(await done('IsAccountPhoneNumber', { phone_number: '442079460999' })).toEqual({ result: true });
      await done('DeactivatePhoneNumber', { phone_id });
      expect(await done('IsAccountPhoneNumber', { phone_number: '442079460999' })).toEqual({ result: false });
    });

    test('an application that is removed leaves its numbers', async () => {
      await done('AddApplication', { application_name: 'short' });
      await done('AttachPhoneNumber', { phone_number: '442079460888' });
      await done('BindPhoneNumberToApplication', { phone_number: '442079460888', application_name: 'short' });
      await done('DelApplication', { application_name: 'short' });
      expect(await done('GetPhoneNumbers', { phone_number: '442079460888' })).toMatchObject({
        total_count: 1,
      });
      await done('DeactivatePhoneNumber', { phone_number: '442079460888' });
    });

    test.each([
      ['AttachPhoneNumber', {}, 121],
      ['AttachPhoneNumber', { phone_number: '12' }, 121],
      ['AttachPhoneNumber', { phone_number: '442079460456' }, 335],
      ['BindPhoneNumberToApplication', { phone_number: '442079460456' }, 116],
      ['BindPhoneNumberToApplication', { phone_number: '442079460456', application_name: 'delivery' }, 104],
      ['BindPhoneNumberToApplication', { phone_id: 5, application_name: 'delivery' }, 181],
      ['BindPhoneNumberToApplication', { phone_id: 5, rule_id: 3, application_name: 'delivery' }, 492],
      ['DeactivatePhoneNumber', {}, 181],
      ['DeactivatePhoneNumber', { phone_number: '442079460456' }, 104],
      ['GetPhoneNumbers', { phone_template: '%1%2%3%4%5' }, 496],
    ])('%s %j is answered %i', async (command, params, expected) => {
      expect(await code(command, params)).toBe(expected);
    });
  });
}
