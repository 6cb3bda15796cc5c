import { beforeAll, describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../../kernel/phone-number.ts';
import { type Given, TIME } from '../given.ts';

export function rulesAndScenarios(given: Given): void {
  const { ask, done, code, idOf, declared } = given;
  describe('rules and scenarios', () => {
    let application_id: number;
    beforeAll(async () => {
      application_id = await idOf('AddApplication', { application_name: 'desk' }, 'application_id');
    });

    test('a scenario is made, bound, ordered, changed, unbound and removed; the next call runs what there is', async () => {
      const { directory } = given.platform.world.storage;
      const first = await idOf(
        'AddScenario',
        { scenario_name: 'lib', scenario_script: 'var x = 1', application_id },
        'scenario_id',
      );
      const second = await idOf(
        'AddScenario',
        { scenario_name: 'main', application_name: 'desk' },
        'scenario_id',
      );
      const rule_id = await idOf(
        'AddRule',
        {
          application_id,
          rule_name: 'in',
          rule_pattern: '^7.*',
          scenario_id: `${second};${first}`,
          rule_pattern_exclude: '70.*',
        },
        'rule_id',
      );
      const [application] = (await given.platform.world.storage.platform.directory.applications()).filter(
        (one) => one.name === 'desk',
      );
      const run = (number: string) =>
        directory
          .routeFor(application?.id ?? '', PhoneNumber.parse(number))
          ?.scenarios.map((one) => one.name);
      expect(run('79123456789')).toEqual(['main', 'lib']);
      expect(run('70000000000')).toBeUndefined();

      await done('ReorderScenarios', { rule_id, scenario_id: `${first}` });
      expect(run('79123456789')).toEqual(['lib', 'main']);
      await done('SetScenarioInfo', {
        scenario_id: second,
        scenario_name: 'main2',
        scenario_script: 'later()',
      });
      expect(await done('GetScenarios', { scenario_id: second, with_script: true })).toEqual({
        result: [
          {
            scenario_id: second,
            scenario_name: 'main2',
            scenario_script: 'later()',
            application_id,
            modified: expect.stringMatching(TIME),
            parent: false,
          },
        ],
        total_count: 1,
        count: 1,
      });
      await done('BindScenario', { rule_name: 'in', application_id, scenario_name: 'lib', bind: false });
      expect(run('79123456789')).toEqual(['main2']);
      await done('BindScenario', { rule_id, scenario_id: first });
      expect(await done('GetRules', { application_id, with_scenarios: true })).toMatchObject({
        result: [
          {
            rule_id,
            application_id,
            rule_name: 'in',
            rule_pattern: '^7.*',
            rule_pattern_exclude: '70.*',
            video_conference: false,
            scenarios: [{ scenario_id: second }, { scenario_id: first }],
          },
        ],
        total_count: 1,
      });
      await done('SetRuleInfo', {
        rule_id,
        rule_name: 'inbound',
        rule_pattern: '8.*',
        rule_pattern_exclude: '',
      });
      expect(run('70000000000')).toBeUndefined();
      await done('DelScenario', { scenario_id: `${first};${second}` });
      expect(run('80000000000')).toEqual([]);
      expect(await code('StartScenarios', { rule_id })).toBe(375);
      await done('DelRule', { rule_id });
      expect(await done('GetRules', { application_id })).toMatchObject({ result: [], total_count: 0 });
    });

    test('the vendor’s deployment tool sends empty names beside ids, and rewrites by name', async () => {
      const scenario_id = await idOf(
        'AddScenario',
        { scenario_name: 'ci', scenario_script: '1', application_id, application_name: '' },
        'scenario_id',
      );
      const again = { scenario_name: 'ci', scenario_script: '2', application_id, rewrite: true };
      expect(await idOf('AddScenario', again, 'scenario_id')).toBe(scenario_id);
      const rule = {
        application_id,
        application_name: '',
        rule_name: 'ci',
        rule_pattern: '.*',
        scenario_id,
        scenario_name: '',
      };
      const rule_id = await idOf('AddRule', rule, 'rule_id');
      const other = await idOf('AddRule', { ...rule, rule_name: 'ci2' }, 'rule_id');
      await done('ReorderRules', { rule_id: `${other};${rule_id}` });
      const { result } = await done('GetRules', { application_id });
      expect((result as { rule_id: number }[]).map((one) => one.rule_id)).toEqual([other, rule_id]);
      expect(await code('AddScenario', { ...again, rewrite: false })).toBe(133);
      expect(await code('AddRule', rule)).toBe(175);
      await done('DelRule', { rule_name: 'ci;ci2', application_id });
    });

    test('a scenario without an application is shared: rules of every application may run it', async () => {
      const shared = await idOf(
        'AddScenario',
        { scenario_name: 'common', scenario_script: 'shared()' },
        'scenario_id',
      );
      await idOf(
        'AddRule',
        { application_id, rule_name: 'shared', rule_pattern: '.*', scenario_name: 'common' },
        'rule_id',
      );
      expect(await code('AddScenario', { scenario_name: 'common', scenario_script: '' })).toBe(133);
      const bound = await given.platform.key(['scenarios:read', 'scenarios:write'], 'taxi');
      expect(await ask('GetScenarios', { scenario_name: 'common' }, bound)).toMatchObject({ total_count: 0 });
      expect(await code('AddScenario', { scenario_name: 'mine', scenario_script: '' }, bound)).toBe(116);
      await done('DelScenario', { scenario_id: shared });
    });

    test('what the settings file declares is read and run, and not changed', async () => {
      const taxi = await declared('taxi');
      const { result } = await done('GetRules', { application_id: taxi, with_scenarios: true });
      const [rule] = result as { rule_id: number; scenarios: { scenario_id: number }[] }[];
      const scenario_id = rule?.scenarios[0]?.scenario_id;
      expect(await code('SetScenarioInfo', { scenario_id, scenario_script: 'hijack()' })).toBe(104);
      expect(
        await code('AddScenario', { scenario_name: 'masking', application_id: taxi, rewrite: true }),
      ).toBe(104);
      expect(await code('DelScenario', { scenario_id })).toBe(104);
      expect(await code('SetRuleInfo', { rule_id: rule?.rule_id, rule_pattern: '1' })).toBe(104);
      expect(await code('BindScenario', { rule_id: rule?.rule_id, scenario_id, bind: false })).toBe(104);
      // Rules of the API come after those of the file, whatever their order among themselves.
      const added = await idOf(
        'AddRule',
        { application_id: taxi, rule_name: 'late', rule_pattern: '.*' },
        'rule_id',
      );
      expect(await code('ReorderRules', { rule_id: `${added};${rule?.rule_id}` })).toBe(104);
      const order = (await done('GetRules', { application_id: taxi })).result as { rule_name: string }[];
      expect(order.map((one) => one.rule_name)).toEqual(['all', 'late']);
      await done('DelRule', { rule_id: added });
    });

    test.each([
      ['AddRule', { rule_name: 'x', rule_pattern: '.*' }, 116],
      ['AddRule', { application_name: 'desk', rule_pattern: '.*' }, 156],
      ['AddRule', { application_name: 'desk', rule_name: 'x' }, 148],
      ['AddRule', { application_name: 'desk', rule_name: 'x', rule_pattern: '(' }, 148],
      ['AddRule', { application_name: 'desk', rule_name: 'x', rule_pattern: '(a+)+' }, 148],
      [
        'AddRule',
        { application_name: 'desk', rule_name: 'x', rule_pattern: '.*', rule_pattern_exclude: '[' },
        149,
      ],
      ['AddRule', { application_name: 'desk', rule_name: 'x', rule_pattern: '.*', scenario_id: 5 }, 132],
      [
        'AddRule',
        { application_name: 'desk', rule_name: 'x', rule_pattern: '.*', scenario_name: 'none' },
        168,
      ],
      [
        'AddRule',
        { application_name: 'desk', rule_name: 'x', rule_pattern: '.*', video_conference: true },
        492,
      ],
      ['AddRule', { application_name: 'desk', rule_name: 'x'.repeat(100), rule_pattern: '.*' }, 156],
      ['DelRule', {}, 147],
      ['DelRule', { rule_id: 5 }, 147],
      ['SetRuleInfo', {}, 147],
      ['GetRules', { application_id: 5 }, 116],
      ['GetRules', { rule_id: 5 }, 147],
      ['ReorderRules', {}, 147],
      ['AddScenario', {}, 168],
      ['AddScenario', { scenario_name: 'x', scenario_script: 'x'.repeat(262_145) }, 130],
      ['AddScenario', { scenario_name: 'x', rule_id: 5 }, 147],
      ['AddScenario', { scenario_name: 'a\nb' }, 168],
      ['AddScenario', { scenario_name: 'nul', scenario_script: '\0' }, 130],
      ['DelScenario', {}, 132],
      ['DelScenario', { scenario_name: 'none' }, 132],
      ['BindScenario', { scenario_id: 5 }, 147],
      ['GetScenarios', { scenario_id: 5 }, 132],
      ['SetScenarioInfo', {}, 132],
      ['ReorderScenarios', { rule_id: 5, scenario_id: 6 }, 147],
      ['StartScenarios', {}, 147],
      ['StartScenarios', { rule_id: 'x' }, 147],
      ['StartScenarios', { rule_name: 'nothing' }, 147],
    ])('%s %j is answered %i', async (command, params, expected) => {
      const shown = await ask(command, params);
      expect(shown.error?.code, JSON.stringify(shown)).toBe(expected);
    });
  });
}
