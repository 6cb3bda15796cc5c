import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { logsFrom } from '../../../scenario/test-support/sandbox-kit.ts';
import { lintScript } from './lint.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

function problemsOf(text: string): string[] {
  return lintScript('s.js', text).map(
    ({ line, column, level, message }) => `${line}:${column} ${level} ${message}`,
  );
}
/** A script that is otherwise in order. */
const inCall = (body: string): string => `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate); call.addEventListener(CallEvents.Failed, VoxEngine.terminate); call.answer();
${body}
});`;

describe('names', () => {
  test('members that do not exist, with what was meant', () => {
    expect(
      problemsOf(
        inCall(
          'VoxEngine.callPTSN;\nCallEvents.Conected;\nModules.ASRR;\nNet.httpRequst;\nLogger.wirte("x");',
        ),
      ),
    ).toEqual([
      '3:11 error VoxEngine.callPTSN does not exist: did you mean callPSTN?',
      '4:12 error CallEvents.Conected does not exist: did you mean Connected?',
      '5:9 error Modules.ASRR does not exist: did you mean ASR?',
      '6:5 error Net.httpRequst does not exist: did you mean httpRequest?',
      '7:8 error Logger.wirte does not exist: did you mean write?',
    ]);
  });

  test('of calls, players and recorders too, wherever it is certain what they are', () => {
    expect(
      problemsOf(
        inCall(`call.anwser();
          const player = VoxEngine.createURLPlayer('https://a.test/a.mp3'); player.pauze();
          let recorder; recorder = VoxEngine.createRecorder(); recorder.stopp();
          call.addEventListener(CallEvents.ToneReceived, (e) => e.call.hangUpNow());`),
      ).map((line) => line.replace(/^[\d:]+ error /, '')),
    ).toEqual([
      'Call.anwser does not exist: did you mean answer?',
      'Player.pauze does not exist: did you mean pause?',
      'Recorder.stopp does not exist: did you mean stop?',
      'Call.hangUpNow does not exist: did you mean hangup?',
    ]);
  });

  test('globals that are nearly one of the API', () => {
    expect(problemsOf('VoxEngin.terminate(); CallEvent.Failed; Loger.write("x"); somethingElse();')).toEqual([
      '1:1 error VoxEngin is not defined: did you mean VoxEngine?',
      '1:23 error CallEvent is not defined: did you mean CallEvents?',
      '1:41 error Loger is not defined: did you mean Logger?',
    ]);
  });

  test('what Maskline does not have, with the reason', () => {
    expect(problemsOf(inCall('call.transferTo("x"); OpenAI.createRealtimeAPIClient;'))).toEqual([
      expect.stringMatching(/^3:6 warning Call\.transferTo is not available in Maskline: a REFER would hand/),
      expect.stringMatching(/^3:23 warning OpenAI is not available in Maskline: attach a voice AI/),
    ]);
  });

  test("a script's own names and members are its own", () => {
    expect(
      problemsOf(
        inCall(`const Net = { fetch() {} }; Net.fetch(); call.order = 7; Logger.write(call.order); call.hasOwnProperty('x');
          function f(player) { player.pauze(); } var player = VoxEngine.createURLPlayer('https://a.test/a'); f(player);
          let x = VoxEngine.callPSTN(1, 2); x = {}; x.whatever();`),
      ).filter((line) => line.includes('does not exist')),
    ).toEqual([]);
  });
});

describe('handlers', () => {
  test('that are no functions', () => {
    expect(
      problemsOf(
        inCall(`call.addEventListener(CallEvents.Connected, VoxEngine.terminate());
call.addEventListener(CallEvents.Connected, 'say');
call.addEventListener(CallEvents.Connected);
function bye() { call.hangup(); }
call.addEventListener(CallEvents.Connected, bye());
function later() { return () => call.hangup(); }
call.addEventListener(CallEvents.Connected, later());
setTimeout(call.hangup(), 1000); setTimeout(bye, 10);`),
      ),
    ).toEqual([
      '3:45 error the handler is called here, at once, and gives no function: write VoxEngine.terminate without (), or () => VoxEngine.terminate()',
      "4:45 error the handler is no function: 'say'",
      '5:1 error call.addEventListener has no handler',
      '7:45 error the handler is called here, at once, and gives no function: write bye without (), or () => bye()',
      '10:12 error the handler is called here, at once, and gives no function: write call.hangup without (), or () => call.hangup()',
    ]);
  });

  test('events of another object, and misspelled ones', () => {
    expect(
      problemsOf(
        inCall(`call.addEventListener(PlayerEvents.PlaybackFinished, () => {});
call.addEventListener('Call.Conected', () => {}); call.addEventListener('Call.Connected', () => {});`),
      ),
    ).toEqual([
      '3:23 error PlayerEvents.PlaybackFinished does not happen to a Call; its events are in CallEvents',
      "4:23 error 'Call.Conected' is no event of CallEvents: did you mean CallEvents.Connected?",
    ]);
  });
});

describe('lives', () => {
  test('an outgoing call without its ends', () => {
    const unhandled = (body: string): string[] =>
      problemsOf(inCall(body)).map((line) =>
        line.replace(/ has no handler of CallEvents\.(\w+): .*/, ': $1'),
      );
    expect(
      unhandled("const a = VoxEngine.callPSTN('1', '2'); a.addEventListener(CallEvents.Failed, f);"),
    ).toEqual(['3:11 warning a: Disconnected']);
    expect(unhandled("VoxEngine.callUser({ username: 'u' });")).toEqual([
      '3:1 warning the call of callUser: Failed',
      '3:1 warning the call of callUser: Disconnected',
    ]);
    expect(
      unhandled(
        "let a; a = VoxEngine.callSIP('sip:a@b'); a.sendMediaTo(call); VoxEngine.sendMediaBetween(a, call);",
      ),
    ).toHaveLength(2);
  });

  test('no alarm where the ends are seen to, or where that cannot be followed', () => {
    const fine = [
      "VoxEngine.easyProcess(call, VoxEngine.callPSTN('1', '2'));",
      "const a = VoxEngine.callPSTN('1', '2'); VoxEngine.easyProcess(call, a);",
      "const a = VoxEngine.callPSTN('1', '2'); watch(a);",
      "const a = VoxEngine.callPSTN('1', '2'); for (const one of [a, call]) one.addEventListener(CallEvents.Failed, f);",
      "const a = VoxEngine.callPSTN('1', '2'); for (const e of list) a.addEventListener(e, f);",
      "const dial = () => VoxEngine.callPSTN('1', '2');",
      "const legs = { a: VoxEngine.callPSTN('1', '2') };",
      "let a = VoxEngine.callPSTN('1', '2'); a.addEventListener('Call.Failed', f); a.addEventListener(CallEvents.Disconnected, f);",
    ];
    for (const body of fine) expect(problemsOf(inCall(body)), body).toEqual([]);
  });

  test('sessions that never begin or never end, calls that nobody answers', () => {
    expect(
      problemsOf('VoxEngine.callPSTN("1", "2").addEventListener(CallEvents.Connected, () => {});')[0],
    ).toMatch(/^1:1 error neither AppEvents\.CallAlerting nor AppEvents\.Started is handled/);
    expect(problemsOf('VoxEngine.addEventListener(AppEvents.Terminating, () => {});')[0]).toMatch(
      /^1:1 error neither/,
    );
    expect(
      problemsOf(`VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => {
        e.call.addEventListener(CallEvents.Disconnected, () => Logger.write('bye')); e.call.answer(); });`),
    ).toEqual([expect.stringMatching(/^1:1 warning nothing calls VoxEngine\.terminate/)]);
    expect(
      problemsOf(
        `VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => { Logger.write(e.callerid); VoxEngine.terminate(); });`,
      ),
    ).toEqual([expect.stringMatching(/neither answered nor rejected/)]);
    expect(
      problemsOf(
        `VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => { const c = e.call; c.answer(); c.say('x'); setTimeout(VoxEngine.terminate, 9); });`,
      ),
    ).toEqual([expect.stringMatching(/has no handler of CallEvents\.Disconnected/)]);
    expect(
      problemsOf(
        `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid }) => { Logger.write(callerid); VoxEngine.terminate(); });`,
      ),
    ).toEqual([expect.stringMatching(/neither answered nor rejected/)]);
    expect(problemsOf('VoxEngine.forwardCallToPSTN();')).toEqual([]);
    expect(
      problemsOf(`const room = VoxEngine.createConference(); VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
        call.answer(); call.addEventListener(CallEvents.Connected, () => VoxEngine.sendMediaBetween(call, room)); });`),
    ).toEqual([]);
    expect(problemsOf('function greet(call) { call.say("hi"); }\nconst WORDS = { a: 1 };')).toEqual([]);
  });
});

test('a mistake of syntax has its place', () => {
  expect(problemsOf('const a = 1;\nconst b = ;')).toEqual(['2:11 error Unexpected token']);
});

test('nothing is wrong with the shipped scenarios and examples', () => {
  const examples = readdirSync(`${ROOT}examples`, { withFileTypes: true }).filter((one) => one.isDirectory());
  const folders = ['scenarios/', ...examples.map(({ name }) => `examples/${name}/`)];
  const scripts = folders.flatMap((folder) =>
    readdirSync(ROOT + folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => folder + name),
  );
  expect(scripts.length).toBeGreaterThan(3);
  expect(scripts.flatMap((path) => lintScript(path, readFileSync(ROOT + path, 'utf8')))).toEqual([]);
});

test('whatever the sandbox has is no mistake', async () => {
  const [names = ''] = await logsFrom(`
    const own = (label, object) => Object.getOwnPropertyNames(object).filter((name) => /^[A-Za-z]\\w*$/.test(name)).map((name) => label + '.' + name);
    const call = VoxEngine.callPSTN('1', '2');
    const all = ['VoxEngine', 'Net', 'Logger', 'Modules', 'AppEvents', 'CallEvents', 'PlayerEvents', 'RecorderEvents', 'ASREvents',
      'ConferenceEvents', 'SequencePlayerEvents', 'WebSocketEvents', 'ACDEvents', 'SmartQueueEvents', 'ApplicationStorage', 'Crypto',
      'PhoneNumber', 'CallList', 'AMD', 'DTMFType', 'RecordExpireTime', 'CallAudioQuality', 'ConferenceMode', 'WebSocketAudioEncoding'];
    Logger.write([...all.flatMap((name) => (globalThis[name] === undefined ? [] : own(name, globalThis[name]))),
      ...own('call', Object.getPrototypeOf(call)),
      ...own('player', Object.getPrototypeOf(VoxEngine.createURLPlayer('https://a.test/a.wav'))),
      ...own('recorder', Object.getPrototypeOf(VoxEngine.createRecorder()))].join(';'));`);
  expect(names.split(';').length).toBeGreaterThan(200);
  const script = `const call = VoxEngine.callPSTN('1', '2'); const player = VoxEngine.createURLPlayer('https://a.test/a.wav');
    const recorder = VoxEngine.createRecorder(); ${names};`;
  const wrong = lintScript('s.js', script).filter(
    ({ rule }) => rule === 'unknown-member' || rule === 'unknown-name',
  );
  expect(wrong.map(({ message }) => message)).toEqual([]);
});
