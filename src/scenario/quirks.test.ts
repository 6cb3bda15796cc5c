/**
 * What scripts that run in the cloud take for granted, beside what `api.test.ts` has
 * (voximplant.com/docs/guides/voxengine/concepts, .../docs/gettingstarted/basicconcepts/scenarios).
 */
import { describe, expect, it } from 'vitest';
import type { HostCommand, HostEvent, Turn } from './protocol.ts';
import { plainScript } from './script-file.ts';
import { AT, alerting, commandsOf, loadScript, logsFrom, logsOf } from './test-support/sandbox-kit.ts';

const inLines = (turn: Turn): string[] => {
  if (turn.error !== undefined)
    throw new Error(`${turn.error.message} (${turn.error.scenario}:${turn.error.line})`);
  return logsOf(turn);
};
const kinds = (commands: readonly HostCommand[]): string[] => commands.map(({ type }) => type);
const failed: HostEvent = {
  type: 'call-failed',
  at: AT,
  callId: 'call-in',
  code: 486,
  reason: 'Busy',
  headers: {},
};

// https://voximplant.com/docs/gettingstarted/basicconcepts/scenarios: "both scenarios will execute in the same space"
describe('several scripts of one rule', () => {
  it('share what they declare at their top level, implicit globals included, and functions before their line', async () => {
    const { turn } = await loadScript([
      "early(); function early() { Logger.write('early'); } x = 1; var y = 2; let z = 3; const w = 4; class Order { id = 5 } async function late() { return 6; }",
      "x++; Logger.write([x, y, z, w, new Order().id, globalThis.x, globalThis.y, globalThis.z, this.x].join()); late().then(n => Logger.write(n)); function early() { Logger.write('second'); }",
      "'use strict'; early(); z = 7; try { undeclared = 1; } catch (e) { Logger.write(e.name); }",
      'also = z; Logger.write(also);',
    ]);
    expect(inLines(turn)).toEqual(['early', '2,2,3,4,5,2,2,,2', '6', 'second', 'ReferenceError', '7']);
  });

  it('one with a mistake stops the session and is named with its line; a `let` twice is such a mistake', async () => {
    const { turn } = await loadScript(['let call;', '\nlet call;']);
    expect(turn.error).toMatchObject({
      kind: 'syntax',
      scenario: 'part2.js',
      message: expect.stringContaining('call') as unknown,
    });
  });

  it('an event of a handler that one script adds and another removes', async () => {
    const { runtime } = await loadScript([
      "function hello(e) { Logger.write('hello'); } VoxEngine.addEventListener(AppEvents.CallAlerting, hello);",
      "VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => Logger.write('second ' + call.state()));",
      'VoxEngine.removeEventListener(AppEvents.CallAlerting, hello);',
    ]);
    expect(logsOf(runtime.dispatch(alerting()))).toEqual(['second ALERTING']);
  });
});

describe('how a script is written', () => {
  it.each([
    ["'use strict' at the top", "'use strict';\nLogger.write(typeof this)", ['object']],
    ['a byte order mark', '\uFEFFLogger.write(1)', ['1']],
    ['lines of Windows', '// one\r\nvar a = 1;\r\n/* two\r\n */ Logger.write(a)\r\n', ['1']],
    ['a line for a shell', '#!/usr/bin/env node\nLogger.write(1)', ['1']],
    ['a byte order mark before it', '\uFEFF#!/usr/bin/env node\nLogger.write(1)', ['1']],
    ['nothing at all', '', []],
    ['HTML comments of old editors', '<!-- one\nLogger.write(1)\n--> two', ['1']],
    ['with', 'with ({ a: 1 }) Logger.write(a)', ['1']],
    [
      'a label, octal digits and arguments.callee',
      'a: for (;;) break a; Logger.write(010 + typeof (function () { return arguments.callee; })())',
      ['8function'],
    ],
    [
      'optional chaining, private fields, generators',
      'class A { #b = 1; static get(a) { return a?.#b ?? 2; } } function* g() { yield A.get(new A()); } Logger.write([...g()][0])',
      ['1'],
    ],
  ])('%s', async (_name, source, lines) => {
    expect(inLines((await loadScript(source)).turn)).toEqual(lines);
  });

  it('the line of an error counts those of Windows, and a line for a shell', async () => {
    const { turn } = await loadScript('#!x\r\n// two\r\nnull.x\r\n');
    expect(turn.error).toMatchObject({ line: 3 });
  });

  it('TypeScript: types give way to blanks, so that lines and columns stay', async () => {
    const source = `interface Order {\n  id: number;\n}\nconst order = { id: 7 } satisfies Order as Order;\nVoxEngine.addEventListener(AppEvents.CallAlerting, (e: { call: unknown }): void => { Logger.write(String(order!.id)); null!.x; });`;
    const { runtime, turn } = await loadScript(plainScript('taxi.ts', source));
    expect(turn.error).toBeUndefined();
    const next = runtime.dispatch(alerting());
    expect(logsOf(next)).toEqual(['7']);
    expect(next.error?.line).toBe(5);
  });
});

describe('functions handed over bare', () => {
  it('VoxEngine.terminate as a handler, of timers, promises and calls', async () => {
    const { runtime, turn } = await loadScript(
      'VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate); call.addEventListener(CallEvents.Failed, VoxEngine.terminate); }); Promise.resolve().then(VoxEngine.terminate);',
    );
    expect(kinds(commandsOf(turn))).toEqual(['terminate']);
    runtime.dispatch(alerting());
    expect(kinds(commandsOf(runtime.dispatch(failed)))).toEqual(['terminate']);
  });

  it('taken out of their namespace', async () => {
    const { turn } = await loadScript(
      "const { callPSTN, createURLPlayer, customData, playSoundAndHangup } = VoxEngine, { write } = Logger, { httpRequest } = Net; callPSTN('1', '2'); createURLPlayer('http://a/b.wav'); httpRequest('http://a/', write); write(customData()); [1].forEach(write);",
    );
    expect(kinds(commandsOf(turn))).toEqual(['dial', 'player-create', 'http-request', 'log', 'log']);
  });

  it('customData is read, set, and empty for a call', async () => {
    expect(
      await logsFrom(
        "const c = VoxEngine.callPSTN('1', '2'); Logger.write([VoxEngine.customData(), VoxEngine.customData('x'), VoxEngine.customData(), c.customData(), c.customData('y'), c.customData(), c].join());",
      ),
    ).toEqual([expect.stringMatching(/^order 7,x,x,,y,y,Call\(/)]);
  });
});

describe('calls', () => {
  it('older forms: an options object that is null, and two more', async () => {
    const { turn } = await loadScript(
      "VoxEngine.callPSTN('+7912', '+7495', null, {}, { a: 1 }); VoxEngine.callPSTN(79120000001, 74950000001); VoxEngine.callPSTN('+7912', '+7495', { followDiversion: true });",
    );
    expect(commandsOf(turn)).toMatchObject([
      { type: 'dial', target: { number: '+7912' }, callerid: '+7495' },
      { type: 'dial', target: { number: '79120000001' }, callerid: '74950000001' },
      { type: 'log', message: expect.stringContaining('followDiversion means nothing here') as unknown },
      { type: 'dial', callerid: '+7495' },
    ]);
  });

  it('options that mean nothing here are said once; those that ask for nothing are not', async () => {
    const logs = await logsFrom(
      `const o = { username: 'anna', callerid: '1', video: true, scheme: { audio: 1 }, maxVideoBitrate: 300, analyticsLabel: 'x', pushNotificationTimeout: 5, extraHeaders: { 'X-A': '1' } };
       VoxEngine.callUser(o); VoxEngine.callUser(o); VoxEngine.callUser({ username: 'anna', callerid: '1', video: false, scheme: undefined, maxVideoBitrate: 0, analyticsLabel: '' });
       VoxEngine.callSIP('sip:a@b', { callerid: '1', displayName: 'T', password: 'p', authUser: 'u', headers: { 'X-A': '1' }, video: true, regId: 7, outProxy: 'sip:x' });`,
    );
    expect(logs.map((line) => /^(\w+: \w+) means nothing/.exec(line)?.[1])).toEqual([
      'callUser: video',
      'callUser: scheme',
      'callUser: maxVideoBitrate',
      'callUser: analyticsLabel',
      'callUser: pushNotificationTimeout',
      'callSIP: regId',
      'callSIP: outProxy',
      'callSIP: video',
    ]);
  });

  it('extra headers as lines', async () => {
    const { runtime } = await loadScript(
      "VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { call.answer(['X-A: 1', 'X-B:a:b', 'nothing']); call.ring('X-A: 1\\r\\nX-B: 2'); call.startEarlyMedia(null); call.hangup(7); });",
    );
    expect(commandsOf(runtime.dispatch(alerting()))).toMatchObject([
      { headers: { 'X-A': '1', 'X-B': 'a:b' } },
      { headers: { 'X-A': '1', 'X-B': '2' } },
      { headers: {} },
      { headers: {} },
    ]);
  });

  // https://voximplant.com/docs/references/voxengine/voxengine/calluserdirect
  it('callUserDirect, forwardCallToUserDirect and getCallById', async () => {
    const { runtime, turn } = await loadScript(
      `const direct = VoxEngine.callUserDirect(undefined, 'anna', { callerid: '+7495', displayName: 'Taxi', extraHeaders: { 'X-A': '1' }, analyticsLabel: '', pushNotificationTimeout: 0 });
       Logger.write([VoxEngine.getCallById(direct.id()) === direct, VoxEngine.getCallById('nobody'), VoxEngine.getCallById()].join());
       VoxEngine.forwardCallToUserDirect(() => Logger.write('talking'));`,
    );
    expect(commandsOf(turn)).toMatchObject([
      {
        type: 'dial',
        target: { kind: 'user', username: 'anna' },
        callerid: '+7495',
        displayName: 'Taxi',
        headers: { 'X-A': '1' },
      },
      { type: 'log', message: 'true,,' },
    ]);
    const [dial] = commandsOf(runtime.dispatch(alerting()));
    expect(dial).toMatchObject({ type: 'dial', target: { kind: 'user', username: '+74950000001' } });
    expect(
      runtime.dispatch({ type: 'call-connected', at: AT, callId: 'call-in', headers: {} }).error,
    ).toBeUndefined();
  });

  it('PlaybackFinished comes at the call, and a listener that was removed by its event alone hears nothing', async () => {
    const { runtime } = await loadScript(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { call.addEventListener(CallEvents.PlaybackFinished, e => { Logger.write(e.call === call); call.removeEventListener(CallEvents.PlaybackFinished); }); call.say('a', Language.RU_RUSSIAN_FEMALE); });`,
    );
    runtime.dispatch(alerting());
    const finished: HostEvent = { type: 'playback-finished', at: AT, callId: 'call-in' };
    expect(logsOf(runtime.dispatch(finished))).toEqual(['true']);
    expect(logsOf(runtime.dispatch(finished))).toEqual([]);
  });

  it('the rest of what a call says of itself, and what it is asked for while it lives', async () => {
    const { runtime } = await loadScript(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { Logger.write([call.id(), call.callerid(), call.number(), call.displayName(), call.clientType(), call.incoming(), call.vad(), String(call)].join());
         call.handleMicStatus(true); call.sendDigits('1p#x'); call.sendInfo('text/plain', 'a', ['X-A: 1']); call.sendMessage('b'); call.handleBlindTransfer(true); call.notifyBlindTransferSuccess(); call.notifyBlindTransferFailed(486, 'Busy');
         call.handleTones(true, DTMFType.ALL); call.playProgressTone('RU'); call.stopPlayback(); call.decline(486); call.reject(); Logger.hideTones(true); });`,
    );
    const commands = commandsOf(runtime.dispatch(alerting()));
    expect(logsOf({ commands: commands.map((one) => JSON.stringify(one)), error: undefined })).toEqual([
      'call-in,+79120000001,+74950000001,Anna,pstn,true,false,Call(call-in)',
    ]);
    expect(commands).toMatchObject([
      { type: 'log' },
      { type: 'call-send-digits', digits: '1p#' },
      { type: 'call-send-info', headers: { 'X-A': '1' } },
      { type: 'call-send-message', text: 'b' },
      { type: 'call-handle-transfer', on: true },
      { type: 'call-transfer-result', code: 200 },
      { type: 'call-transfer-result', code: 486, reason: 'Busy' },
      { type: 'call-handle-tones', on: true },
      { type: 'call-play', source: { kind: 'progress-tone', country: 'RU' } },
      { type: 'call-stop-playback' },
      { type: 'call-reject', code: 486 },
      { type: 'call-reject', code: 603 },
    ]);
  });
});

describe('HTTP', () => {
  it('headers as one text, as a list, as an object, in options that were made by new', async () => {
    const { turn } = await loadScript(
      `const o = new Net.HttpRequestOptions(); o.headers = 'A: 1\\nB: c:d'; o.params = { q: 1 }; o.timeout = 5; o.connectionTimeout = 2; o.rawOutput = true; o.enableSystemLog = false; o.method = 'POST'; o.postData = 'x';
       Net.httpRequest('http://b/', () => {}, o); Net.httpRequest('http://b/', () => {}, { headers: ['A: 1'] }); Net.httpRequestAsync('http://b/', { headers: { A: 1 } }); Net.httpRequestAsync('http://b/', null);`,
    );
    expect(commandsOf(turn)).toMatchObject([
      {
        headers: [
          ['A', '1'],
          ['B', 'c:d'],
        ],
        url: 'http://b/?q=1',
        timeoutSeconds: 5,
        connectTimeoutSeconds: 2,
        raw: true,
        body: 'x',
      },
      { headers: [['A', '1']] },
      { headers: [['A', '1']] },
      { headers: [] },
    ]);
  });
});

it('whatever is required, nothing is thrown', async () => {
  const { turn } = await loadScript(
    "for (const one of [Modules.Confrence, 'confrence', '', undefined, null, 7, Symbol('x'), Object.create(null), { toString() { throw 1; } }, Modules.Avatar, Modules.PushService, Modules.Conference, Modules.VoximplantAPI]) require(one); Modules.Confrence;",
  );
  expect(turn.error).toBeUndefined();
  expect(logsOf(turn)).toEqual(
    expect.arrayContaining([
      'Modules.Confrence does not exist. Did you mean Modules.Conference?',
      'require: there is no module confrence. Did you mean conference?',
    ]),
  );
});

it('timers that are stopped do not go off; a session that ends by a fault says so', async () => {
  const { runtime, turn } = await loadScript(
    "const t = setTimeout(() => Logger.write('late'), 5), i = setInterval(() => Logger.write('again'), 5); clearTimeout(t); clearInterval(i); clearTimeout(t); clearTimeout(undefined); clearInterval('x');" +
      'for (const name of [AppEvents.Terminating, AppEvents.Terminated]) VoxEngine.addEventListener(name, e => Logger.write(name + e.systemError));',
  );
  expect(kinds(commandsOf(turn))).toEqual(['timer-set', 'timer-set', 'timer-clear', 'timer-clear']);
  expect(runtime.dispatch({ type: 'timer', at: AT, timerId: 1 }).commands).toEqual([]);
  expect(logsOf(runtime.dispatch({ type: 'terminating', at: AT, systemError: true }))).toEqual([
    'Application.Terminatingtrue',
  ]);
  expect(logsOf(runtime.dispatch({ type: 'terminated', at: AT, systemError: true }))).toEqual([
    'Application.Terminatedtrue',
  ]);
});

it('answerDirect joins the two, and bytes of a response come as numbers', async () => {
  const { runtime } = await loadScript(
    "VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { call.answerDirect(VoxEngine.callUser('anna', '1'), { 'X-A': '1' }); Net.httpRequest('http://b/', r => Logger.write(r.data.join()), { rawOutput: true }); });",
  );
  expect(kinds(commandsOf(runtime.dispatch(alerting())))).toEqual([
    'dial',
    'media-connect',
    'media-connect',
    'call-answer',
    'http-request',
  ]);
  const result = { code: 200, headers: [], data: [1, 2] };
  expect(logsOf(runtime.dispatch({ type: 'http-response', at: AT, requestId: 1, result }))).toEqual(['1,2']);
});

// https://voximplant.com/docs/references/voxengine/callevents
it('the quality of the sound is told with the first packet, what was counted at the end', async () => {
  const { runtime } = await loadScript(
    `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { const told = e => Logger.write([e.name, e.call === call, e.id, e.quality === CallAudioQuality.HD, e.statistics?.packetsLost].join());
       call.addEventListener(CallEvents.AudioQualityDetected, told); call.addEventListener(CallEvents.Statistics, told); call.addEventListener(CallEvents.Disconnected, told); });`,
  );
  runtime.dispatch(alerting());
  const of = { at: AT, callId: 'call-in' };
  expect(logsOf(runtime.dispatch({ ...of, type: 'call-first-audio', wideband: true }))).toEqual([
    'Call.AudioQualityDetected,true,call-in,true,',
  ]);
  expect(logsOf(runtime.dispatch({ ...of, type: 'call-first-audio' }))).toEqual([
    'Call.AudioQualityDetected,true,call-in,false,',
  ]);
  const end = {
    ...of,
    type: 'call-disconnected',
    code: 200,
    reason: 'Normal',
    durationSeconds: 1,
    headers: {},
  } as const;
  expect(logsOf(runtime.dispatch({ ...end, statistics: { packetsLost: 7 } }))).toEqual([
    'Call.Statistics,true,call-in,false,7',
    'Call.Disconnected,true,call-in,false,',
  ]);
});
