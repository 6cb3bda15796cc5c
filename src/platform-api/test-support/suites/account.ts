import { expect, test } from 'vitest';
import { type Given, TIME } from '../given.ts';

export function account(given: Given): void {
  const { done, code } = given;
  test('the account; and lists that are empty as long as there is no contact centre', async () => {
    expect(await done('GetAccountInfo')).toEqual({
      result: {
        account_id: given.platform.account.id,
        account_name: 'shop',
        account_email: 'owner@example.org',
        created: expect.stringMatching(TIME),
        active: true,
        frozen: false,
      },
      api_address: 'calls.example.org',
    });
    for (const command of ['GetQueues', 'GetSkills', 'SQ_GetQueues', 'SQ_GetSkills', 'SQ_GetAgents']) {
      expect(await done(command)).toEqual({ result: [], total_count: 0, count: 0 });
    }
    expect(await code('GetQueues', { application_name: 'none' })).toBe(116);
    expect(await code('AddQueue', { acd_queue_name: 'x' })).toBe(103);
  });
}
