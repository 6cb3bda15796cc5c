import { expect, test } from 'vitest';
import type { Given } from '../given.ts';

export function takenOver(given: Given): void {
  const { done, code, idOf, declared } = given;

  test('what the settings file comes to declare becomes the file’s, under the same numbers', async () => {
    const application_id = await declared('desk');
    const scenario_id = await idOf('AddScenario', { scenario_name: 'late', application_id }, 'scenario_id');
    const rule = { application_id, rule_name: 'kept', rule_pattern: '5.*' };
    const rule_id = await idOf('AddRule', rule, 'rule_id');
    await given.platform.world.storage.importDirectory({
      trunks: [],
      applications: [
        {
          ...{ name: 'desk', numbers: [], verifiedNumbers: [], users: [] },
          scenarios: [{ name: 'late', source: 'fromTheFile()' }],
          rules: [{ name: 'of the file', pattern: '.*', scenarios: ['late'] }],
        },
      ],
    });
    expect(await done('GetScenarios', { scenario_name: 'late', with_script: true })).toMatchObject({
      result: [{ scenario_id, scenario_script: 'fromTheFile()' }],
    });
    expect(await code('SetApplicationInfo', { application_id, application_name: 'mine' })).toBe(104);
    expect(await code('SetScenarioInfo', { scenario_id, scenario_script: 'x' })).toBe(104);
    // What the API has made beside it stays, and comes after it.
    const { result } = await done('GetRules', { application_id });
    const names = (result as { rule_name: string }[]).map((one) => one.rule_name);
    expect(names.at(0)).toBe('of the file');
    expect(names.at(-1)).toBe('kept');
    expect(await done('SetRuleInfo', { rule_id, rule_pattern: '6.*' })).toEqual({ result: 1 });
  });
}
