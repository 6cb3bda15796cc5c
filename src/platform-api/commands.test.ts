/**
 * Each command's happy path and its bad parameters. What is expected of them is what these pages say:
 * voximplant.com/docs/references/httpapi/{applications,rules,scenarios,users,phonenumbers,keyvaluestorage,history,calllists}
 * and …/errors for the codes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeCall, storeRecording } from '../http/test-support/calls.ts';
import { NUMBERS } from '../http/test-support/world.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { ha1Set } from '../sip/auth/digest.ts';
import { createPlatformWorld, type PlatformWorld, REALM } from './test-support/platform-world.ts';

let platform: PlatformWorld;
const TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

beforeAll(async () => {
  platform = await createPlatformWorld();
}, 60_000);
afterAll(() => platform.close());

const ask: PlatformWorld['ask'] = (...args) => platform.ask(...args);
const done: PlatformWorld['done'] = (...args) => platform.done(...args);
const code = async (...args: Parameters<PlatformWorld['ask']>) => (await ask(...args)).error?.code;
const idOf = async (command: string, params: object, field: string) =>
  (await done(command, params as Record<string, unknown>))[field] as number;
const declared = async (name: string) =>
  ((await done('GetApplications', { application_name: name })).result as { application_id: number }[])[0]
    ?.application_id as number;

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

describe('rules and scenarios', () => {
  let application_id: number;
  beforeAll(async () => {
    application_id = await idOf('AddApplication', { application_name: 'desk' }, 'application_id');
  });

  test('a scenario is made, bound, ordered, changed, unbound and removed; the next call runs what there is', async () => {
    const { directory } = platform.world.storage;
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
    const [application] = (await platform.world.storage.platform.directory.applications()).filter(
      (one) => one.name === 'desk',
    );
    const run = (number: string) =>
      directory.routeFor(application?.id ?? '', PhoneNumber.parse(number))?.scenarios.map((one) => one.name);
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
    const bound = await platform.key(['scenarios:read', 'scenarios:write'], 'taxi');
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
    expect(await code('AddScenario', { scenario_name: 'masking', application_id: taxi, rewrite: true })).toBe(
      104,
    );
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
    ['AddRule', { application_name: 'desk', rule_name: 'x', rule_pattern: '.*', scenario_name: 'none' }, 168],
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

describe('sessions', () => {
  test('StartScenarios starts what a rule runs, with its data, and tells where to reach the session', async () => {
    const taxi = await declared('taxi');
    const started = await done('StartScenarios', {
      application_id: taxi,
      rule_name: 'all',
      script_custom_data: '{"to":"+79000000000"}',
      server_location: 'ams',
    });
    const last = platform.world.started.at(-1);
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
    expect(platform.world.started.at(-1)).toMatchObject({ conferenceName: 'standup', customData: 'x' });
    expect(await code('StartConference', params)).toBe(269);
    expect(await code('StartConference', { ...params, conference_name: 'x'.repeat(51) })).toBe(269);
    expect(await code('StartConference', { conference_name: 'standup' })).toBe(147);
  });

  test('a node that stops says “try later”', async () => {
    platform.world.startFails = Object.assign(new Error('draining'), { code: 'admission/draining' });
    expect(await code('StartScenarios', { application_name: 'taxi', rule_name: 'all' })).toBe(162);
    platform.world.startFails = undefined;
  });
});

describe('users', () => {
  test('are made, changed, made inactive, listed and removed', async () => {
    const { directory } = platform.world.storage;
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

describe('phone numbers', () => {
  test('are attached, bound, looked up, unbound and forgotten; calls follow at once', async () => {
    const { directory } = platform.world.storage;
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
    expect(await done('GetPhoneNumbers', { phone_number: '442079460888' })).toMatchObject({ total_count: 1 });
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
    const application = platform.world.applications.taxi;
    expect(await platform.world.storage.appStorage.get(application, 'order:1')).toMatchObject({
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

describe('call history', () => {
  const START = Date.UTC(2026, 2, 1, 12, 0, 0);
  const day = { from_date: '2026-03-01 00:00:00', to_date: '2026-03-01 23:59:59' };
  beforeAll(async () => {
    const { world } = platform;
    await storeCall(world, 'history-1', 'taxi', START);
    await storeCall(world, 'history-2', 'delivery', START + 60_000);
    const job = { recordingId: 'rec-1', language: 'ru', phrases: [], attempts: 1, error: undefined };
    await world.storage.transcripts.save('maskline-1', { ...job, status: 'complete' });
    await storeRecording(world, 'history-1', {
      recordingId: 'rec-1',
      callId: 'history-1-b',
      startedAt: START + 5_000,
    });
  });

  test('sessions with their calls and recordings', async () => {
    const { result, ...rest } = await done('GetCallHistory', {
      ...day,
      with_calls: true,
      with_records: true,
    });
    expect(rest).toEqual({ total_count: 2, count: 2, timezone: 'UTC' });
    const [first] = result as Record<string, unknown>[];
    expect(first).toEqual({
      call_session_history_id: expect.any(Number),
      account_id: platform.account.id,
      application_id: await declared('taxi'),
      application_name: 'taxi.shop.voximplant.com',
      rule_name: 'all',
      start_date: '2026-03-01 12:00:00',
      duration: 10,
      finish_reason: 'Normal termination',
      audio_quality: 'Standard',
      log_file_url: 'https://calls.example.org/v1/calls/history-1/events',
      calls: [
        expect.objectContaining({
          call_id: expect.any(Number),
          incoming: true,
          remote_number: NUMBERS.driver.reveal('api').slice(1),
          local_number: NUMBERS.service.reveal('api').slice(1),
          remote_number_type: 'pstn',
          successful: expect.any(Boolean),
        }),
        expect.objectContaining({
          incoming: false,
          start_time: '2026-03-01 12:00:01',
          duration: 4,
          remote_number: NUMBERS.passenger.reveal('api').slice(1),
          successful: true,
          record_url: 'https://calls.example.org/v1/recordings/rec-1/audio',
          end_reason: '200',
        }),
      ],
      records: [
        expect.objectContaining({
          record_id: expect.any(Number),
          duration: 1,
          start_time: '2026-03-01 12:00:05',
          record_url: 'https://calls.example.org/v1/recordings/rec-1/audio',
          transcription_status: 'Complete',
          transcription_url: 'https://calls.example.org/v1/recordings/rec-1/transcript',
        }),
      ],
    });
  });

  test('filters, pages, order and time zones', async () => {
    const count = async (params: object) => (await done('GetCallHistory', { ...day, ...params })).total_count;
    const all = (await done('GetCallHistory', { ...day, desc_order: true })).result as Record<
      string,
      unknown
    >[];
    expect(all.map((one) => one.start_date)).toEqual(['2026-03-01 12:01:00', '2026-03-01 12:00:00']);
    expect(await count({ application_name: 'delivery' })).toBe(1);
    expect(await count({ call_session_history_id: all[0]?.call_session_history_id })).toBe(1);
    expect(await count({ call_session_history_id: '999999' })).toBe(0);
    expect(await count({ rule_name: 'none' })).toBe(0);
    expect(await count({ remote_number: '447700900202', local_number: '442079460456' })).toBe(2);
    expect(await count({ remote_number: '447700900999' })).toBe(0);
    expect(await count({ min_duration: 11 })).toBe(0);
    expect(await count({ max_duration: 10 })).toBe(2);
    const page = await done('GetCallHistory', { ...day, count: 1, offset: 1, with_total_count: false });
    expect(page).toMatchObject({ count: 1 });
    expect(page.total_count).toBeUndefined();
    const moscow = {
      from_date: '2026-03-01 15:00:00',
      to_date: '2026-03-01 15:00:00',
      timezone: 'Europe/Moscow',
    };
    expect(await done('GetCallHistory', moscow)).toMatchObject({
      result: [{ start_date: '2026-03-01 15:00:00' }],
      total_count: 1,
      timezone: 'Europe/Moscow',
    });
  });

  test('a key without numbers:read sees masked numbers, and may not search by them', async () => {
    const weak = await platform.key(['calls:read'], 'taxi');
    const seen = await ask('GetCallHistory', { ...day, with_calls: true }, weak);
    expect(seen).toMatchObject({ total_count: 1 });
    expect(JSON.stringify(seen)).not.toContain('7700900');
    expect(await code('GetCallHistory', { ...day, remote_number: '447700900202' }, weak)).toBe(104);
  });

  test.each([
    [{}, 111],
    [{ ...day, from_date: '2026-02-30 00:00:00' }, 111],
    [{ ...day, from_date: 'yesterday' }, 111],
    [{ ...day, to_date: '2025-01-01 00:00:00' }, 123],
    [{ ...day, timezone: 'Mars/Base' }, 496],
    [{ ...day, call_session_history_id: 'x' }, 150],
    [{ ...day, is_async: true }, 492],
    [{ ...day, output: 'csv' }, 492],
    [{ ...day, call_session_history_custom_data: 'x' }, 492],
  ])('%j is answered %i', async (params, expected) => {
    expect(await code('GetCallHistory', params)).toBe(expected);
  });
});

describe('call lists', () => {
  const table = '__start_execution_time;phone\n10:00:00;+79000000000\n';
  const params = { priority: 0, max_simultaneous: 2, num_attempts: 3, name: 'spring', file_content: table };
  const rule = async () =>
    ((await done('GetRules', { application_name: 'taxi' })).result as { rule_id: number }[])[0]?.rule_id;

  test('are made from a table, listed, shown, changed, stopped, recovered, removed', async () => {
    const rule_id = await rule();
    const made = await done('CreateCallList', {
      ...params,
      rule_id,
      interval_seconds: 60,
      delimiter: ';',
      queue_id: '',
    });
    const list_id = made.list_id as number;
    expect(made).toEqual({ result: true, count: 1, list_id, batch_id: expect.any(String) });
    expect(await done('AppendToCallList', { list_id, file_content: table })).toMatchObject({
      count: 1,
      list_id,
    });
    expect(await done('GetCallLists', { list_id, is_active: true, rule_id })).toEqual({
      result: [
        {
          list_id,
          list_name: 'spring',
          priority: 0,
          rule_id,
          max_simultaneous: 2,
          num_attempts: 3,
          dt_submit: expect.stringMatching(TIME),
          interval_seconds: 60,
          status: 'In progress',
          task_priority_strategy: 'first_attempts',
        },
      ],
      total_count: 1,
      count: 1,
    });
    const details = await done('GetCallListDetails', { list_id });
    expect(details.result).toEqual([
      expect.objectContaining({
        task_id: expect.any(Number),
        status: 'New',
        status_id: 0,
        attempts_left: 3,
        custom_data: expect.stringContaining('+79000000000'),
      }),
      expect.anything(),
    ]);
    const [task] = details.result as { task_id: number; task_uuid: string }[];
    await done('EditCallListTask', {
      list_id,
      task_id: task?.task_id,
      attempts_left: 1,
      min_execution_time: '09:00:00',
    });
    expect(await done('CancelCallListTask', { list_id, tasks_ids: `${task?.task_id};99` })).toMatchObject({
      result: [
        { task_id: task?.task_id, result: true },
        { task_id: 99, result: false, error_msg: expect.any(String) },
      ],
    });
    expect(await done('EditCallList', { list_id, max_simultaneous: 5 })).toEqual({ result: true });
    expect(await code('DeleteCallList', { list_id })).toBe(101);
    await done('CancelCallListBatch', { list_id, batch_ids: made.batch_id });
    expect(await done('StopCallListProcessing', { list_id })).toMatchObject({ result: true });
    expect(await done('RecoverCallList', { list_id })).toMatchObject({ count_recovery: expect.any(Number) });
    await done('StopCallListProcessing', { list_id });
    await done('DeleteCallList', { list_id });
    expect(await code('GetCallListDetails', { list_id })).toBe(255);
  });

  test('another application’s list is not there, and rows are masked for keys without numbers:read', async () => {
    const list_id = await idOf('CreateCallList', { ...params, rule_id: await rule() }, 'list_id');
    const stranger = await platform.key(['call-lists:read', 'call-lists:write'], 'delivery');
    expect(await code('GetCallListDetails', { list_id }, stranger)).toBe(255);
    expect(await code('StopCallListProcessing', { list_id }, stranger)).toBe(255);
    expect(await ask('GetCallLists', {}, stranger)).toMatchObject({ total_count: 0 });
    const weak = await platform.key(['call-lists:read'], 'taxi');
    const shown = await ask('GetCallListDetails', { list_id }, weak);
    expect(shown).toMatchObject({ total_count: 1 });
    expect(JSON.stringify(shown)).not.toContain('79000000000');
  });

  test.each([
    ['CreateCallList', {}, 147],
    ['CreateCallList', { priority: -1 }, 247],
    ['CreateCallList', { max_simultaneous: 0 }, 248],
    ['CreateCallList', { num_attempts: 6 }, 249],
    ['CreateCallList', { name: '' }, 253],
    ['CreateCallList', { file_content: '' }, 250],
    ['CreateCallList', { file_content: 'broken' }, 250],
    ['CreateCallList', { queue_id: 3 }, 492],
    ['CreateCallList', { delimiter: 'ab' }, 496],
    ['GetCallLists', { status: 'running' }, 428],
    ['GetCallLists', { from_date: '2026-13-01' }, 111],
    ['GetCallListDetails', { list_id: 999 }, 255],
    ['GetCallListDetails', { output: 'csv', list_id: 1 }, 492],
    ['EditCallListTask', { list_id: 999, task_id: 1 }, 255],
    ['AppendToCallList', { list_id: 999, file_content: table }, 255],
    ['RecoverCallList', {}, 255],
  ])('%s %j is answered %i', async (command, given, expected) => {
    const whole = command === 'CreateCallList' && Object.keys(given).length > 0;
    expect(await code(command, whole ? { ...params, rule_id: await rule(), ...given } : given)).toBe(
      expected,
    );
  });
});

test('the account; and lists that are empty as long as there is no contact centre', async () => {
  expect(await done('GetAccountInfo')).toEqual({
    result: {
      account_id: platform.account.id,
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

// Last: it takes `taxi` and `delivery` away.
test('what the settings file comes to declare becomes the file’s, under the same numbers', async () => {
  const application_id = await declared('desk');
  const scenario_id = await idOf('AddScenario', { scenario_name: 'late', application_id }, 'scenario_id');
  const rule = { application_id, rule_name: 'kept', rule_pattern: '5.*' };
  const rule_id = await idOf('AddRule', rule, 'rule_id');
  await platform.world.storage.importDirectory({
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
