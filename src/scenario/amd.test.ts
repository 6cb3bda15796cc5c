import { describe, expect, it } from 'vitest';
import { BadCommand, parseCommand } from './parse-command.ts';
import { commandsOf, loadScript, logsOf } from './test-support/sandbox-kit.ts';
import { SessionKit, turns } from './test-support/session-kit.ts';

/** Cited as [AMD]: voximplant.com/docs/references/voxengine/amd, …/amd/events, …/callenablebeepdetectionparameters. */
const tone = (ms: number, frequency: number): Int16Array =>
  Int16Array.from({ length: ms * 8 }, (_, n) => 8000 * Math.sin((2 * Math.PI * frequency * n) / 8000));

const CALL = `require(Modules.AMD);
  const amd = AMD.create({ model: AMD.Model.RU, timeout: 4000 });
  amd.addEventListener(AMD.Events.DetectionComplete, e => Logger.write(JSON.stringify({ ...e, amd: e.amd === amd, call: e.call === call })));
  amd.addEventListener(AMD.Events.DetectionError, e => Logger.write('error ' + e.message));
  const call = VoxEngine.callPSTN('+79120000002', '+74950000001', { amd });`;

describe('answering machines', () => {
  it('[AMD] its members, wrong arguments, and detect() without a call', async () => {
    const { turn } = await loadScript(`${CALL}
      Logger.write([amd.model, amd.timeout, amd.call === call, amd.id().length, AMD.ResultClass.HUMAN, AMD.ResultSubtype.MIMIC, typeof amd.constructor.begin].join(' '));
      const lost = () => {}; amd.addEventListener(AMD.Events.DetectionError, lost); amd.removeEventListener(AMD.Events.DetectionError, lost);
      VoxEngine.callPSTN('1', '2', { amd }); VoxEngine.callSIP('sip:a@b', { amd: {} }); AMD.Model.XX;
      VoxEngine.callSIP('sip:a@b', { callerid: '2', amd: VoxEngine.createAMD({ thresholds: { human: 1 }, timeout: 'x' }) });
      AMD.create().detect().catch(e => Logger.write(e.message));`);
    const commands = commandsOf(turn);
    expect(commands.flatMap((command) => (command.type === 'amd-start' ? [command.timeoutMs] : []))).toEqual([
      4000, 6500,
    ]);
    expect(logsOf(turn)).toEqual([
      'ru 4000 true 36 HUMAN MIMIC undefined',
      'callPSTN: amd is no detector of AMD.create, or has a call already; the call goes on without it.',
      'callSIP: amd is no detector of AMD.create, or has a call already; the call goes on without it.',
      'AMD.Model.XX does not exist. Did you mean AMD.Model.MX?',
      'AMD.create: thresholds are of the cloud\'s models; compare "confidence" in the event instead.',
      'AMD: hand the detector to callPSTN or callSIP as `amd` first',
    ]);
    for (const bad of [
      { type: 'amd-start', amdId: 'a', callId: 'b', timeoutMs: 1 },
      { type: 'amd-beep-start', callId: 'b', frequencies: ['x'], timeoutMs: 0 },
      {
        type: 'amd-beep-start',
        callId: 'b',
        frequencies: Array.from({ length: 11 }, () => 440),
        timeoutMs: 0,
      },
    ])
      expect(() => parseCommand(JSON.stringify(bad))).toThrow(BadCommand);
  });

  it('[AMD] errors are told with every field, and detect() rejects; models and results by name', async () => {
    const { runtime, turn } = await loadScript(`const amd = AMD.create({ model: AMD.Model.EU_GENERAL });
      const call = VoxEngine.callUser({ username: 'anna', callerid: '2', amd });
      amd.addEventListener(AMD.Events.DetectionError, e => Logger.write(JSON.stringify({ ...e, amd: e.amd === amd, callId: e.callId === call.id() })));
      call.addEventListener(CallEvents.BeepDetectionError, e => Logger.write(JSON.stringify({ ...e, call: e.call === call, id: e.id === call.id() })));
      amd.detect().catch(e => { Logger.write('rejected ' + e.message); amd.detect().catch(() => Logger.write('again')); });
      const { BR, CL, CO, KZ, MX, RU, PH, PE, US } = AMD.Model; const { VOICEMAIL, HUMAN, TIMEOUT, CALL_ENDED } = AMD.ResultClass;
      Logger.write([BR, CL, CO, KZ, MX, RU, PH, PE, US, VOICEMAIL, HUMAN, TIMEOUT, CALL_ENDED, AMD.ResultSubtype.NONE].join(' '));`);
    const [start] = commandsOf(turn).flatMap((command) => (command.type === 'amd-start' ? [command] : []));
    const { amdId = '', callId = '' } = start ?? {};
    expect(logsOf(turn)).toEqual([
      'br cl colombia kz mx ru ph pe us VOICEMAIL HUMAN TIMEOUT CALL_ENDED NONE',
    ]);
    const at = 1;
    expect(
      logsOf(runtime.dispatch({ type: 'amd-error', at, amdId, message: 'The call has no sound.' })),
    ).toEqual([
      '{"amd":true,"name":"AMD.Events.DetectionError","callId":true,"message":"The call has no sound."}',
      'rejected The call has no sound.',
      'again',
    ]);
    expect(
      logsOf(runtime.dispatch({ type: 'amd-beep-error', at, callId, reason: 'The call has no sound.' })),
    ).toEqual(['{"call":true,"name":"Call.BeepDetectionError","id":true,"reason":"The call has no sound."}']);
  });

  it('[AMD] begins with the answer, and the event and detect() give every field', async () => {
    const kit = await SessionKit.create();
    await kit.start(
      `${CALL} call.addEventListener(CallEvents.Connected, async () => Logger.write('detected ' + (await amd.detect()).resultClass));`,
    );
    const [call] = kit.calls.dialled;
    const media = kit.media.sessions[0]!;
    expect(media.listeners).toEqual([]);
    await call?.connect();
    await turns();
    const [listener] = media.listeners;
    expect(listener !== undefined && call?.leg !== undefined && media.hears(listener, call.leg)).toBe(true);
    listener?.hear(tone(500, 1000));
    await turns();
    const { callId } = JSON.parse(kit.logs[0] ?? '{}') as { callId?: string };
    expect(kit.logs.map((line) => (line.startsWith('{') ? JSON.parse(line) : line))).toEqual(
      expect.arrayContaining([
        {
          amd: true,
          name: 'AMD.Events.DetectionComplete',
          call: true,
          callId,
          resultClass: 'VOICEMAIL',
          resultSubtype: 'NONE',
          confidence: 95,
        },
        'detected VOICEMAIL',
      ]),
    );
    expect(listener?.closed).toBe(true);
    await closed(kit);
  });

  it('the time-out, and the end of the call before anybody spoke', async () => {
    for (const [what, expected] of [
      ['wait', 'TIMEOUT'],
      ['hang up', 'CALL_ENDED'],
    ]) {
      const kit = await SessionKit.create();
      await kit.start(CALL);
      const [call] = kit.calls.dialled;
      await call?.connect();
      await turns();
      if (what === 'wait') await kit.advance(4000);
      else call?.peerEnds();
      await turns();
      expect(kit.logs.join()).toContain(`"resultClass":"${expected}"`);
      expect(kit.media.sessions[0]?.listeners.every((one) => one.closed)).toBe(true);
      await closed(kit);
    }
  });
});

describe('beeps', () => {
  it('[AMD] enableBeepDetection: a beep, the time-out, and disableBeepDetection', async () => {
    const kit = await SessionKit.create();
    await kit.start(`const call = VoxEngine.callPSTN('+79120000002', '+74950000001');
      for (const n of ['BeepDetectionComplete', 'BeepDetectionError', 'ToneDetected'])
        call.addEventListener(CallEvents[n], ({ call: c, id, name, ...rest }) => Logger.write(n + JSON.stringify(rest) + (c === call)));
      call.addEventListener(CallEvents.Connected, () => call.enableBeepDetection({ frequencies: [1000, 'x', 1], timeout: 3000 }));
      setTimeout(() => call.enableBeepDetection({ timeout: 500 }), 1000);
      setTimeout(() => { call.enableBeepDetection(); call.disableBeepDetection(); }, 2000);`);
    const [call] = kit.calls.dialled;
    await call?.connect();
    await turns();
    const media = kit.media.sessions[0]!;
    media.listeners[0]?.hear(tone(300, 850));
    media.listeners[0]?.hear(tone(300, 1010));
    await turns();
    expect(kit.logs).toEqual([
      'BeepDetectionComplete{"timeout":false,"frequencies":[1000]}true',
      'ToneDetected{"ProgressTone":false,"VoicemailTone":true}true',
    ]);
    await kit.advance(1500);
    expect(kit.logs.slice(2)).toEqual(['BeepDetectionComplete{"timeout":true}true']);
    await kit.advance(1000);
    expect(media.listeners.every((one) => one.closed)).toBe(true);
    await closed(kit);
  });
});

async function closed(kit: SessionKit): Promise<void> {
  const done = kit.service.close(10_000);
  await kit.advance(10_000);
  await done;
  kit.expectNothingLeft();
}
