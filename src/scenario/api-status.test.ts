/** `api-status.ts`, `absent.ts` and the sandbox tell the same story; nothing is called supported that is not there. */
import { describe, expect, it } from 'vitest';
import { ABSENT, REASONS } from './api/absent.ts';
import { NOT, PARTLY } from './api-status.ts';
import { logsFrom } from './test-support/sandbox-kit.ts';
import { API } from './types/api-list.ts';
import { keysOf, members } from './types/api-members.ts';
import { reason, statusOf } from './types/member-status.ts';

/** How a script gets hold of what `absent.ts` names. */
const OWNERS: Readonly<Record<string, string>> = {
  'Call.prototype': "VoxEngine.callPSTN('1', '2')",
  'ConferenceRecorder.prototype': 'VoxEngine.createRecorder({ video: true })',
  globals: 'globalThis',
};

describe('what is not here', () => {
  it.each(Object.entries(ABSENT))(
    '%s: each name is undefined, and says so once with its reason',
    async (owner, names) => {
      const logs = await logsFrom(
        `const u = ${OWNERS[owner] ?? owner}; for (const n of ${JSON.stringify(names)}) { if (u[n] !== undefined) Logger.write('there: ' + n); u[n]; }`,
      );
      const label = owner === 'globals' ? '' : `${owner.replace('.prototype', '')}.`;
      expect(
        logs.filter((line) => line.startsWith('there') || line.includes(' is not available in Maskline')),
      ).toEqual(
        names.map((name) => {
          const why = REASONS[`${label}${name}`];
          return `${label}${name} is not available in Maskline${why === undefined ? ' yet.' : `: ${why}.`}`;
        }),
      );
    },
  );

  it('a script may use such a name for itself', async () => {
    expect(await logsFrom('AI = { a: 1 }; Logger.write(AI.a); var Yandex = 2; Logger.write(Yandex)')).toEqual(
      ['1', '2'],
    );
  });

  it('whoever wants a voice AI is shown the way', async () => {
    const [first = ''] = await logsFrom('require(Modules.ElevenLabs); ElevenLabs');
    expect(first).toBe(
      'require: the module elevenlabs is not available in Maskline: attach a voice AI by VoxEngine.createWebSocket and sendMediaTo, see docs/reference/voxengine.md.',
    );
  });
});

describe('api-status.ts', () => {
  const all = members();

  it('speaks of members and owners that exist', () => {
    const known = new Set([...all.map(({ key }) => key), ...all.map(({ owner }) => owner)]);
    expect([...Object.keys(NOT), ...Object.keys(PARTLY)].filter((key) => !known.has(key))).toEqual([]);
    expect(Object.keys(NOT).filter((key) => key in PARTLY)).toEqual([]);
  });

  it('what is absent has its reason there, and nothing of it counts as supported', () => {
    const names = Object.entries(ABSENT).flatMap(([owner, absent]) =>
      absent.map((name) => (owner === 'globals' ? name : `${owner.replace('.prototype', '')}.${name}`)),
    );
    const listed = names.filter((name) => all.some(({ key, owner }) => key === name || owner === name));
    expect(listed.filter((name) => statusOf({ key: name, owner: name }).kind !== 'not')).toEqual([]);
  });

  it('functions, methods and enums that are called supported are there', async () => {
    const claimed = all.filter((member) => statusOf(member).kind !== 'not');
    const functions = claimed.filter(({ kind }) => kind === 'function').map(({ key }) => key);
    const enums = claimed.filter(({ kind }) => kind === 'value' || kind === 'event');
    const expected = Object.fromEntries(enums.map(({ key, detail }) => [key, detail]));
    const [missing = ''] = await logsFrom(
      `const at = path => path.split('.').reduce((o, k) => o === undefined ? o : o[k], globalThis);
       Logger.write(JSON.stringify([${JSON.stringify(functions)}.filter(p => typeof at(p) !== 'function'),
         Object.entries(${JSON.stringify(expected)}).filter(([p, v]) => v !== '' && String(at(p)) !== v).map(([p]) => p)]));`,
    );
    expect(JSON.parse(missing)).toEqual([[], []]);
  });
});

describe('enumerations', () => {
  // What nothing here can mean is there, too: a script that names it must not fail.
  const shown = Object.entries(API).filter(([, { kind }]) => kind === 'enum');

  it.each(shown)('%s has the values of the list', async (name, { values = {} }) => {
    const known = Object.entries(values).filter(([, value]) => value !== null);
    const keys = known.map(([key]) => key.replaceAll("'", ''));
    const [line = '[]'] = await logsFrom(
      `require(Modules.ACD); Logger.write(JSON.stringify(${JSON.stringify(keys)}.map(key => ${name}[key])))`,
    );
    // Numbers stand in the list as text.
    expect((JSON.parse(line) as unknown[]).map(String)).toEqual(known.map(([, value]) => String(value)));
  });
});

describe('what a run of the tests observed', () => {
  it.each([
    ['f VoxEngine.callPSTN', ['VoxEngine.callPSTN']],
    ['f Player.pause', ['BasePlayer.pause']],
    ['f setTimeout', ['setTimeout']],
    ['c IVRState', ['new IVRState']],
    ['v DTMFType.ALL', ['DTMFType.ALL']],
    ['v CallEvents.Connected', []],
    ['e Call.Connected', ['CallEvents.Connected']],
    ['e Call.Connected headers', ['CallEvents.Connected.headers']],
    ['s Call.record ', ['Call.record()']],
    [
      's VoxEngine.callPSTN string,string,null,object,object',
      ['VoxEngine.callPSTN(number, callerid, null, {}, {})'],
    ],
    ['a VoxEngine.createTTSPlayer 1 ttsOptions.rate', ['TTSPlayerParameters.ttsOptions', 'TTSOptions.rate']],
    ['a IVRState.constructor 1 prompt.say', ['IVRSettings.prompt', 'IVRPrompt.say']],
    ['a Call.record 0 transcribe', ['BaseRecorderParameters.transcribe']],
    ['r Net.httpRequestAsync text', ['Net.HttpRequestResult.text']],
    ['k Net.httpRequest 1 0 code', ['Net.HttpRequestResult.code']],
    ['g SmartQueueTask.status', ['SmartQueueTask.status']],
  ])('%s', (line, keys) => {
    expect(keysOf(line)).toEqual(keys);
  });

  it('every key is a member', () => {
    const keys = new Set(members().map(({ key }) => key));
    expect(keys.size).toBe(members().length);
    expect(Object.keys(API).length).toBeGreaterThan(200);
  });

  it('a reason at an owner holds for all that is in it', () => {
    expect(reason({ RecorderVad: 'no video' }, 'RecorderVad.color')).toBe('no video');
    expect(reason({ RecorderVad: 'no video' }, 'RecorderVad')).toBe('no video');
    expect(reason({ 'RecorderVad.color': 'no video' }, 'RecorderVad.thickness')).toBeUndefined();
  });
});
