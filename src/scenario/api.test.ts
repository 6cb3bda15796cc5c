import { describe, expect, it } from 'vitest';
import facts from './api-facts.json' with { type: 'json' };
import type { HostEvent } from './protocol.ts';
import { AT, alerting, commandsOf, FACTS, loadScript, logsFrom, logsOf } from './test-support/sandbox-kit.ts';

/** Evaluates an expression inside the sandbox and brings its JSON out. */
async function evaluate(expression: string): Promise<unknown> {
  const [first] = await logsFrom(`Logger.write(JSON.stringify(${expression}))`);
  return JSON.parse(first ?? 'null');
}

const UNIT: Readonly<Record<string, string>> = {
  Conference: 'VoxEngine.createConference()',
  Endpoint: "VoxEngine.createConference().add({ call: VoxEngine.callPSTN('1', '2') })",
  Call: "VoxEngine.callPSTN('1', '2')",
  Player: "VoxEngine.createURLPlayer('http://a/b.wav')",
  SequencePlayer: 'VoxEngine.createSequencePlayer({ segments: [] })',
  Recorder: 'VoxEngine.createRecorder()',
  ASR: "VoxEngine.createASR('en-US')",
  AnsweringMachineDetector: 'AMD.create({ model: AMD.Model.RU })',
  WebSocket: "VoxEngine.createWebSocket('wss://a/b')",
};

describe('the facts of the public API', () => {
  it.each(Object.entries(facts.enums))('%s has its names and strings', async (name, values) => {
    expect(await evaluate(`Object.fromEntries(Object.entries(${name}))`)).toMatchObject(values);
  });

  it.each(Object.entries(facts.namespaces))(
    '%s has its functions with as many parameters',
    async (name, functions) => {
      const names = JSON.stringify(Object.keys(functions));
      const found = (await evaluate(`${names}.map(n => [n, typeof ${name}[n], ${name}[n].length])`)) as [
        string,
        string,
        number,
      ][];
      for (const [member, kind, length] of found) {
        expect(`${member} ${kind}`).toBe(`${member} function`);
        // Optional parameters may be left out of `length`; none may be added.
        expect(length, member).toBeLessThanOrEqual(
          Math.max((functions as Record<string, number>)[member] ?? 0, 4),
        );
      }
    },
  );

  it.each(Object.entries(facts.classes))('%s has its methods', async (name, methods) => {
    const names = JSON.stringify(Object.keys(methods));
    expect(await evaluate(`(u => ${names}.filter(n => typeof u[n] !== 'function'))(${UNIT[name]})`)).toEqual(
      [],
    );
  });

  it('has the global functions', async () => {
    expect(
      await evaluate(
        `${JSON.stringify(Object.keys(facts.globals))}.filter(n => typeof globalThis[n] !== 'function')`,
      ),
    ).toEqual([]);
  });

  it('says nothing of the host but the API', async () => {
    const expected = ['undefined', 'undefined', 'undefined', 'undefined', 'undefined', 'undefined'];
    expect(
      await evaluate(
        '[typeof process, typeof __host, typeof __entry, typeof fetch, typeof WebAssembly, typeof console]',
      ),
    ).toEqual(expected);
  });
});

const at = AT + 1000;
const CALL_EVENTS: readonly [string, HostEvent, Record<string, unknown>][] = [
  [
    'Ringing',
    { type: 'call-ringing', at, callId: 'call-in', headers: { 'X-A': '1' } },
    { headers: { 'X-A': '1' } },
  ],
  ['AudioStarted', { type: 'call-audio-started', at, callId: 'call-in', headers: {} }, { headers: {} }],
  [
    'Connected',
    { type: 'call-connected', at, callId: 'call-in', headers: {} },
    { customData: '', headers: {} },
  ],
  [
    'Failed',
    { type: 'call-failed', at, callId: 'call-in', code: 486, reason: 'Busy', headers: {} },
    { code: 486, reason: 'Busy', headers: {} },
  ],
  [
    'Disconnected',
    {
      type: 'call-disconnected',
      at,
      callId: 'call-in',
      code: 200,
      reason: 'Normal',
      durationSeconds: 5,
      headers: {},
    },
    { internalCode: 200, reason: 'Normal', duration: 5, cost: 0, direction: 'Inbound', headers: {} },
  ],
  ['ToneReceived', { type: 'call-tone', at, callId: 'call-in', tone: '#' }, { tone: '#', type: 'RFC2833' }],
  [
    'InfoReceived',
    { type: 'call-info', at, callId: 'call-in', mimeType: 'text/plain', body: 'x', headers: {} },
    { mimeType: 'text/plain', body: 'x' },
  ],
  [
    'MessageReceived',
    { type: 'call-message', at, callId: 'call-in', text: 'at the gate', headers: { 'X-A': '1' } },
    { text: 'at the gate', headers: { 'X-A': '1' } },
  ],
  [
    'BlindTransferRequested',
    { type: 'call-transfer-requested', at, callId: 'call-in', transferTo: '+79120000002', headers: {} },
    { transferTo: '+79120000002', headers: {} },
  ],
  [
    'TransferComplete',
    { type: 'call-transfer-ended', at, callId: 'call-in', code: 200, reason: '' },
    { role: 'transferor' },
  ],
  [
    'TransferFailed',
    { type: 'call-transfer-ended', at, callId: 'call-in', code: 486, reason: 'Busy' },
    { role: 'transferor', code: 486, reason: 'Busy' },
  ],
  [
    'ReInviteReceived',
    { type: 'call-reinvite-received', at, callId: 'call-in' },
    { mimeType: 'application/sdp', body: '', headers: {} },
  ],
  [
    'ReInviteAccepted',
    { type: 'call-reinvite-accepted', at, callId: 'call-in' },
    { mimeType: 'application/sdp', body: '', headers: {} },
  ],
  ['ReInviteRejected', { type: 'call-reinvite-rejected', at, callId: 'call-in', code: 488 }, { headers: {} }],
  ['OnHold', { type: 'call-on-hold', at, callId: 'call-in' }, {}],
  ['OffHold', { type: 'call-off-hold', at, callId: 'call-in' }, {}],
  ['FirstAudioPacketReceived', { type: 'call-first-audio', at, callId: 'call-in' }, {}],
  ['RtpStopped', { type: 'call-rtp-stopped', at, callId: 'call-in' }, {}],
  ['RtpResumed', { type: 'call-rtp-resumed', at, callId: 'call-in' }, {}],
  ['PlaybackReady', { type: 'playback-ready', at, callId: 'call-in' }, {}],
  [
    'PlaybackStarted',
    { type: 'playback-started', at, callId: 'call-in', durationSeconds: 2 },
    { duration: 2 },
  ],
  [
    'PlaybackFinished',
    { type: 'playback-finished', at, callId: 'call-in', error: 'gone' },
    { error: 'gone' },
  ],
  [
    'RecordStarted',
    { type: 'call-record-started', at, callId: 'call-in', url: 'http://r' },
    { url: 'http://r' },
  ],
  [
    'RecordStopped',
    { type: 'call-record-stopped', at, callId: 'call-in', url: 'http://r', durationSeconds: 3 },
    { url: 'http://r', duration: 3, cost: '0' },
  ],
  [
    'RecordError',
    { type: 'call-record-error', at, callId: 'call-in', error: 'disk full' },
    { error: 'disk full' },
  ],
];

describe('event payloads', () => {
  it.each(CALL_EVENTS)('CallEvents.%s', async (name, event, payload) => {
    const { runtime } =
      await loadScript(`VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => call.addEventListener(CallEvents.${name}, e => {
      Logger.write(JSON.stringify({ ...e, call: e.call === call })); }));`);
    runtime.dispatch(alerting());
    const [line] = logsOf(runtime.dispatch(event));
    const seen = JSON.parse(line ?? 'null') as Record<string, unknown>;
    expect(seen).toMatchObject({
      ...payload,
      call: true,
      name: (facts.enums.CallEvents as Record<string, string>)[name],
      id: 'call-in',
    });
    const required = (facts.events.CallEvents as Record<string, string[]>)[name] ?? [];
    expect(Object.keys(seen)).toEqual(expect.arrayContaining(required));
  });

  it('AppEvents.CallAlerting', async () => {
    const { runtime } = await loadScript(
      'VoxEngine.addEventListener(AppEvents.CallAlerting, e => Logger.write(JSON.stringify({ ...e, call: e.call.id() })));',
    );
    const [line] = logsOf(runtime.dispatch(alerting()));
    const { callerid, displayName, headers } = FACTS;
    expect(JSON.parse(line ?? '')).toMatchObject({
      callerid,
      displayName,
      headers,
      call: 'call-in',
      destination: FACTS.number,
      toURI: FACTS.toUri,
      fromURI: FACTS.fromUri,
    });
    expect(Object.keys(JSON.parse(line ?? '') as object)).toEqual(
      expect.arrayContaining(facts.events.AppEvents.CallAlerting),
    );
  });

  it('players tell their listeners, with the player', async () => {
    const { runtime, turn } =
      await loadScript(`const p = VoxEngine.createURLPlayer({ url: 'http://a/b.wav' }, { loop: true, onPause: true });
      for (const n of ['Started', 'PlaybackFinished', 'Error']) p.addEventListener(PlayerEvents[n], e => Logger.write(n + (e.player === p) + (e.error || '')));`);
    const [create] = commandsOf(turn);
    if (create?.type !== 'player-create') throw new Error('no player');
    expect(create).toMatchObject({
      source: { kind: 'url', url: 'http://a/b.wav' },
      loop: true,
      paused: true,
    });
    const { playerId } = create;
    expect(logsOf(runtime.dispatch({ type: 'player-started', at, playerId, durationSeconds: 1 }))).toEqual([
      'Startedtrue',
    ]);
    expect(logsOf(runtime.dispatch({ type: 'player-finished', at, playerId, error: 'x' }))).toEqual([
      'Errortruex',
      'PlaybackFinishedtruex',
    ]);
  });
});

describe('quirks that real scripts rely on', () => {
  it('older forms of the dialling functions', async () => {
    const { turn } = await loadScript(`VoxEngine.callPSTN('+7912', '+7495', null, {}, {});
      VoxEngine.callPSTN('+7912'); VoxEngine.callUser('anna', '+7495', 'Taxi', { 'X-A': 1 });
      VoxEngine.callUser({ username: 'anna', callerid: '+7495', extraHeaders: { 'X-A': '1' } });
      VoxEngine.callSIP('sip:a@b', '+7495', 'Taxi', 'secret', 'user'); VoxEngine.callSIP('sip:a@b', { callerid: '+7495' });`);
    expect(commandsOf(turn)).toMatchObject([
      { target: { kind: 'pstn', number: '+7912' }, callerid: '+7495' },
      { target: { kind: 'pstn' }, callerid: '' },
      {
        target: { kind: 'user', username: 'anna' },
        callerid: '+7495',
        displayName: 'Taxi',
        headers: { 'X-A': '1' },
      },
      { target: { kind: 'user', username: 'anna' }, callerid: '+7495', headers: { 'X-A': '1' } },
      {
        target: { kind: 'sip', uri: 'sip:a@b', auth: { username: 'user', password: 'secret' } },
        callerid: '+7495',
      },
      { target: { kind: 'sip', uri: 'sip:a@b' }, callerid: '+7495' },
    ]);
  });

  it('say with a Language, a voice, a BCP 47 tag or options', async () => {
    const { turn } = await loadScript(`const c = VoxEngine.callPSTN('1', '2');
      c.say('a', Language.RU_RUSSIAN_FEMALE); c.say('b', { voice: VoiceList.Google.de_DE_Standard_A }); c.say('c', { language: 'fr-FR' });
      c.say('d', { language: Language.US_ENGLISH_FEMALE }); c.say('e'); c.say('f', VoiceList.Amazon.Neural.en_GB_Amy);`);
    const said = commandsOf(turn).flatMap((command) =>
      command.type === 'call-play' && command.source.kind === 'say' ? [command.source.language] : [],
    );
    expect(said).toEqual(['ru-RU', 'de-DE', 'fr-FR', 'en-US', 'en-US', 'en-GB']);
  });

  it('record without arguments, and terminate handed over bare', async () => {
    const { turn, runtime } = await loadScript(
      "VoxEngine.callPSTN('1', '2').record(); setTimeout(VoxEngine.terminate, 20);",
    );
    expect(commandsOf(turn).slice(1)).toMatchObject([
      { type: 'call-record', stereo: true },
      { type: 'timer-set', ms: 20 },
    ]);
    expect(commandsOf(runtime.dispatch({ type: 'timer', at, timerId: 1 }))).toEqual([{ type: 'terminate' }]);
  });

  it('HTTP options as an object made by new, headers as a list of lines, params, bodies of every kind', async () => {
    const { turn } =
      await loadScript(`const o = new Net.HttpRequestOptions(); o.method = 'post'; o.headers = ['Authorization: Bearer a:b']; o.postData = { a: 1 };
      Net.httpRequest('http://b/x?y=1#f', () => {}, o); Net.httpRequestAsync('http://b/', { params: { q: 'ä b' } });
      Net.httpRequestAsync('http://b/', { method: 'PUT', postData: [1, 255], headers: { A: 1 }, timeout: 5, rawOutput: true });`);
    expect(commandsOf(turn)).toMatchObject([
      {
        method: 'POST',
        url: 'http://b/x?y=1#f',
        headers: [
          ['Authorization', 'Bearer a:b'],
          ['Content-Type', 'application/json'],
        ],
        body: '{"a":1}',
      },
      { method: 'GET', url: 'http://b/?q=%C3%A4%20b', body: undefined },
      { method: 'PUT', headers: [['A', '1']], body: [1, 255], timeoutSeconds: 5, raw: true },
    ]);
  });

  it('an HTTP result has code, text, headers and raw_headers', async () => {
    const { runtime } = await loadScript(
      "Net.httpRequestAsync('http://b/').then(r => Logger.write(JSON.stringify(r)))",
    );
    const result = {
      code: 200,
      headers: [
        { key: 'A', value: 'b' },
        { key: 'C', value: 'd' },
      ],
      text: 'ok',
    };
    expect(
      JSON.parse(logsOf(runtime.dispatch({ type: 'http-response', at, requestId: 1, result }))[0] ?? ''),
    ).toEqual({ ...result, raw_headers: 'A: b\r\nC: d' });
  });

  it('misspelled names are found', async () => {
    expect(
      await logsFrom(
        "CallEvents.Conected; VoxEngine.addEventListener('Application.CallAlertin', () => {}); require('asrr'); require('ai'); require(Modules.Recorder); CallEvents.MessageReceived",
      ),
    ).toEqual([
      'CallEvents.Conected does not exist. Did you mean CallEvents.Connected?',
      'addEventListener: Application.CallAlertin is not one of AppEvents. Did you mean AppEvents.CallAlerting?',
      'require: there is no module asrr. Did you mean asr?',
      'require: the module ai is not available in Maskline: attach a voice AI by VoxEngine.createWebSocket and sendMediaTo, see docs/reference/voxengine.md.',
    ]);
  });

  it('listeners can be removed, one or all of an event', async () => {
    const { runtime } =
      await loadScript(`const a = () => Logger.write('a'), b = () => Logger.write('b'), c = () => Logger.write('c');
      VoxEngine.addEventListener(AppEvents.CallAlerting, a); VoxEngine.addEventListener(AppEvents.CallAlerting, b);
      VoxEngine.removeEventListener(AppEvents.CallAlerting, a);
      VoxEngine.addEventListener(AppEvents.Terminating, c); VoxEngine.removeEventListener(AppEvents.Terminating);`);
    expect(logsOf(runtime.dispatch(alerting()))).toEqual(['b']);
    expect(logsOf(runtime.dispatch({ type: 'terminating', at, systemError: false }))).toEqual([]);
  });

  it('text and bytes', async () => {
    expect(
      await evaluate(`[base64_encode('Грант'), base64_encode([1, 2]), base64_decode('AQI='), bytes2str(base64_decode(base64_encode('ё🙂'))),
      str2bytes('é', 'iso-8859-1'), bytes2hex([255, 1], true), hex2bytes('ff01'), levenshtein_distance('taxi', 'taxes')]`),
    ).toEqual([Buffer.from('Грант').toString('base64'), 'AQI=', [1, 2], 'ё🙂', [233], 'FF01', [255, 1], 2]);
  });
});

describe('a deterministic world (ARCHITECTURE, rules 3)', () => {
  it('time is that of the event, and stands still while it is handled', async () => {
    const { runtime, turn } = await loadScript(
      'const t = () => Logger.write(Date.now() + " " + new Date().toISOString() + " " + new Date().getHours()); t(); VoxEngine.addEventListener(AppEvents.CallAlerting, t);',
    );
    expect(logsOf(turn)).toEqual([`${AT} 2026-01-01T12:00:00.000Z 12`]);
    expect(logsOf(runtime.dispatch(alerting(AT + 3_600_000)))).toEqual([
      `${AT + 3_600_000} 2026-01-01T13:00:00.000Z 13`,
    ]);
  });

  it('local time is UTC whatever the zone of the machine; getLocalTime gives that of a zone', async () => {
    expect(
      await evaluate(`[new Date(2026, 6, 1).toISOString(), new Date('2026-07-01T10:00:00').toISOString(), new Date('July 1, 2026 10:00').getTime(), new Date(0).getTimezoneOffset(),
      getLocalTime('Europe/Moscow').getHours(), getLocalTime('America/New_York', new Date(2026, 6, 1)).getHours(), String(new Date(0)), new Date(0) instanceof Date, new Date().constructor === Date, typeof Date()]`),
    ).toEqual([
      '2026-07-01T00:00:00.000Z',
      '2026-07-01T10:00:00.000Z',
      Date.UTC(2026, 6, 1, 10),
      0,
      15,
      20,
      'Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)',
      true,
      true,
      'string',
    ]);
  });

  it('the same events lead to the same commands, dice included', async () => {
    const script = `Logger.write(Math.random() + uuidgen()); VoxEngine.callPSTN('1', '2');
      VoxEngine.addEventListener(AppEvents.CallAlerting, async e => { await null; Logger.write(Math.random()); e.call.answer(); setTimeout(() => {}, Math.random() * 1000); });`;
    const runs = await Promise.all([loadScript(script), loadScript(script)]);
    const [one, two] = runs.map(({ runtime, turn }) => [
      ...turn.commands,
      ...runtime.dispatch(alerting()).commands,
    ]);
    expect(one).toEqual(two);
    expect(one).toHaveLength(5);
  });
});
