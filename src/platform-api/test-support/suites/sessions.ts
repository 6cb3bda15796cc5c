import { describe, expect, test } from 'vitest';
import type { Given } from '../given.ts';

export function sessions(given: Given): void {
  const { done, code, declared } = given;
  describe('sessions', () => {
    test('StartScenarios starts what a rule runs, with its data, and tells where to reach the session', async () => {
      const taxi = await declared('taxi');
      const started = await done('StartScenarios', {
        application_id: taxi,
        rule_name: 'all',
        script_custom_data: '{"to":"+79000000000"}',
        server_location: 'ams',
      });
      const last = given.platform.world.started.at(-1);
      expect(last).toMatchObject({
        route: {
          applicationName: 'taxi',
          ruleName: 'all',
          scenarios: [{ name: 'masking', source: '// masking' }],
        },
        customData: '{"to":"+79000000000"}',
        inbound: undefined,
      });
      expect(started).toEqual({
        result: 1,
        media_session_access_url: expect.stringMatching(/^http:\/\/calls\.example\.org\/session\//),
        media_session_access_secure_url: expect.stringMatching(/^https:\/\/calls/),
        call_session_history_id: expect.any(Number),
      });
      const tooLong = { application_id: taxi, rule_name: 'all', script_custom_data: 'ж'.repeat(40_000) };
      expect(await code('StartScenarios', tooLong)).toBe(496);
    });

    test('StartConference starts the session that calls to a conference of that name come to', async () => {
      const params = { application_name: 'taxi', rule_name: 'all', script_custom_data: 'x' };
      await done('StartConference', { ...params, conference_name: 'standup' });
      expect(given.platform.world.started.at(-1)).toMatchObject({
        conferenceName: 'standup',
        customData: 'x',
      });
      expect(await code('StartConference', params)).toBe(269);
      expect(await code('StartConference', { ...params, conference_name: 'x'.repeat(51) })).toBe(269);
      expect(await code('StartConference', { conference_name: 'standup' })).toBe(147);
    });

    test('a node that stops says “try later”', async () => {
      given.platform.world.startFails = Object.assign(new Error('draining'), { code: 'admission/draining' });
      expect(await code('StartScenarios', { application_name: 'taxi', rule_name: 'all' })).toBe(162);
      given.platform.world.startFails = undefined;
    });
  });
}
